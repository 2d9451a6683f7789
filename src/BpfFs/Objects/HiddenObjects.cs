using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>An object that one way of asking the kernel shows and the other does not.</summary>
/// <param name="Kind">progs, maps, links.</param>
/// <param name="Id">Its id.</param>
/// <param name="ByIterator">Whether the iterators show it; else bpf(2) does.</param>
internal readonly record struct HiddenObject(string Kind, uint Id, bool ByIterator)
{
    public override string ToString() => $"{Kind} {Id}: {(ByIterator ? "in the kernel, not shown by bpf(2)" : "shown by bpf(2), not by the iterator")}";
}

/// <summary>
/// Compares the ids that iterators find in the kernel's structures with those that bpf(2) gives. Objects come and go between the two, so a difference counts
/// only if it cannot be that: see <see cref="Confirm"/>. BTF has no iterator.
/// </summary>
internal static class HiddenObjects
{
    /// <summary>Looks for all; <paramref name="untold"/> are the kinds that cannot be compared, each with an errno: EOPNOTSUPP where both would be bpf(2).</summary>
    public static void Find(ViewContext context, List<HiddenObject> found, List<(string Kind, int Errno)> untold)
    {
        Find(context, Progs.Kind, SyscallIds.Progs, context.Iterators.ProgRows, found, untold);
        Find(context, Maps.Kind, SyscallIds.Maps, context.Iterators.Maps, found, untold);
        Find(context, Links.Kind, SyscallIds.Links, context.Iterators.Links, found, untold);
    }

    private static void Find(ViewContext context, ObjectKind kind, SyscallIds syscall, IRecordSource? source, List<HiddenObject> found, List<(string Kind, int Errno)> untold)
    {
        int errno = source is IteratorLink ? Find(context, kind, syscall, found) : EOPNOTSUPP;
        if (errno != 0) untold.Add((kind.Plural, errno));
    }

    private static int Find(ViewContext context, ObjectKind kind, SyscallIds syscall, List<HiddenObject> found)
    {
        int errno = ReadBoth(context, kind, syscall, out HashSet<uint> shown, out HashSet<uint> iterated);
        if (errno != 0) return errno;
        HashSet<uint> both = [.. shown.Intersect(iterated)];
        shown.ExceptWith(both);
        iterated.ExceptWith(both);
        return shown.Count + iterated.Count == 0 ? 0 : Confirm(context, kind, syscall, shown, iterated, found);
    }

    /// <summary>
    /// What only the iterator had, and has again, was there all the time (ids are not used twice): bpf(2), asked in between, must show it. What only
    /// bpf(2) has, we hold by a descriptor, if it is not just being freed: then the iterator must show it.
    /// </summary>
    private static int Confirm(
        ViewContext context, ObjectKind kind, SyscallIds syscall, HashSet<uint> shown, HashSet<uint> iterated, List<HiddenObject> found)
    {
        List<int> held = [];
        try
        {
            foreach (uint id in shown)
            {
                Fd fd = syscall.Open(id);
                if (fd.Errno == 0) held.Add(fd.Disown());
                else shown.Remove(id);
            }
            int errno = ReadBoth(context, kind, syscall, out HashSet<uint> shownAgain, out HashSet<uint> iteratedAgain);
            if (errno != 0) return errno;
            found.AddRange(iterated.Where(id => iteratedAgain.Contains(id) && !shownAgain.Contains(id)).Order().Select(id => new HiddenObject(kind.Plural, id, true)));
            found.AddRange(shown.Where(id => !iteratedAgain.Contains(id)).Order().Select(id => new HiddenObject(kind.Plural, id, false)));
            return 0;
        }
        finally
        {
            foreach (int fd in held) close(fd);
        }
    }

    private static int ReadBoth(ViewContext context, ObjectKind kind, SyscallIds syscall, out HashSet<uint> shown, out HashSet<uint> iterated)
    {
        shown = [];
        iterated = [];
        int errno;
        uint id = 0;
        while ((errno = syscall.Next(ref id)) == 0) shown.Add(id);
        if (errno != ENOENT) return errno;
        var collector = new Collector { Ids = iterated };
        return kind.Walk(context, ref collector);
    }

    private struct Collector : IObjectVisitor
    {
        public HashSet<uint> Ids;

        public readonly void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag) => Ids.Add(id);
    }
}
