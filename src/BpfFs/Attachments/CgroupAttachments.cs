using System.Text;
using BpfFs.Objects;
using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Attachment;
using static Tmds.Linux.LibC;

namespace BpfFs.Attachments;

/// <summary>
/// What is attached to cgroups: those that have programs are asked for the attach types that they have them of (bpf/attach.bpf.c tells; BPF_PROG_QUERY), in
/// the order in which the programs run, and then for what runs in them, inherited or not.
/// </summary>
internal static class CgroupAttachments
{
    private const uint BPF_F_ALLOW_OVERRIDE = 1;
    private const uint BPF_F_ALLOW_MULTI = 2;
    private const int MostPrograms = 1024; // a cgroup has up to 64 of a type, and inherits

    private const uint MostAttachTypes = 128;
    private static (uint Number, string Name)[]? s_types;

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        if (CgroupPaths.Root is null) return 0;
        int errno = FindCgroups(context, out IEnumerable<(byte[] Path, ulong Types)> cgroups);
        if (errno != 0) return errno;
        uint[] own = new uint[MostPrograms], effective = new uint[MostPrograms];
        foreach ((byte[] path, ulong types) in cgroups)
        {
            using Fd fd = ProgQuery.OpenDirectory(CgroupPaths.DirectoryOf(path));
            if (fd.Errno != 0) continue; // removed meanwhile
            foreach ((uint number, string type) in s_types ??= FindTypes(fd))
            {
                if (number < 64 && (types >> (int)number & 1) == 0) continue;
                int failed = ProgQuery.Query(fd, number, own, out int count, out uint flags);
                if (failed == EINVAL || failed == EOPNOTSUPP) continue; // this kernel has no such type, or keeps it out
                if (failed != 0) errno = failed;
                if (failed != 0 || count == 0) continue;
                if (ProgQuery.Query(fd, number, effective, out int running, out _, isEffective: true) != 0) running = 0;
                Add(path, type, flags, own.AsSpan(0, count), effective.AsSpan(0, running), to);
            }
        }
        return errno;
    }

    /// <summary>The attach types of cgroups: those that this version knows, and what else the kernel takes and calls so.</summary>
    private static (uint Number, string Name)[] FindTypes(in Fd cgroup)
    {
        List<(uint, string)> types = [.. Names.AttachTypes.Known.Where(t => IsOfCgroups(t.Name))];
        uint[] ids = new uint[MostPrograms];
        for (uint number = Names.AttachTypes.KnownCount; number < MostAttachTypes; number++)
        {
            if (ProgQuery.Query(cgroup, number, ids, out _, out _) == EINVAL) continue; // so the kernel's BTF is read only where there is something to find
            string name = Encoding.UTF8.GetString(Names.AttachTypes.Of(number));
            if (IsOfCgroups(name)) types.Add((number, name));
        }
        return [.. types];
    }

    private static bool IsOfCgroups(string attachType) => attachType.StartsWith("cgroup_", StringComparison.Ordinal) || attachType == "lsm_cgroup";

    /// <summary>A cgroup's own programs come in the same order among those that run in it.</summary>
    private static void Add(byte[] path, string type, uint flags, ReadOnlySpan<uint> own, ReadOnlySpan<uint> effective, List<Attachment> to)
    {
        byte[] how = Utf8((flags & BPF_F_ALLOW_MULTI) != 0 ? "multi" : (flags & BPF_F_ALLOW_OVERRIDE) != 0 ? "override" : "");
        int after = 0;
        for (int i = 0; i < own.Length; i++)
        {
            int at = effective[after..].IndexOf(own[i]);
            if (at < 0) after = 0; // it changed meanwhile
            else after += at + 1;
            to.Add(new Attachment("cgroup", path, type, own[i], 0)
            {
                Detail = how,
                Order = i + 1,
                Count = own.Length,
                EffectiveOrder = at < 0 ? 0 : after,
                EffectiveCount = at < 0 ? 0 : effective.Length,
            });
        }
    }

    /// <summary>The cgroups that have programs, and a bit for each attach type: all, where there is no program over cgroups.</summary>
    private static int FindCgroups(ViewContext context, out IEnumerable<(byte[] Path, ulong Types)> found)
    {
        found = [];
        context.Iterators.Attach.Cgroups(out IteratorLink? cgroups);
        if (cgroups is null)
        {
            found = CgroupPaths.All().Select(directory => (CgroupPaths.PathOf(directory), ulong.MaxValue));
            return 0;
        }
        Dictionary<ulong, ulong> types = [];
        using var walk = new RecordWalk<cgroup_record>(context, cgroups);
        while (walk.MoveNext()) types[walk.Current.id] = walk.Current.attach_types;
        found = CgroupPaths.Of(types.Keys).Select(c => (c.Path, types[c.Id]));
        return walk.Errno;
    }
}
