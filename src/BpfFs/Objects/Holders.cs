using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>Who holds what: the descriptors of all processes, in one pass.</summary>
internal static class Holders
{
    private static readonly Recent<List<holder_record>> s_recent = new(Take);

    /// <summary>What a descriptor is, by <see cref="holder_kind"/>.</summary>
    private static readonly byte[][] s_kinds = [[], [.. "prog"u8], [.. "map"u8], [.. "link"u8], [.. "btf"u8], [.. "iter"u8], [.. "perf_event"u8], [.. "socket"u8]];

    /// <summary><c>progs/&lt;id&gt;/pids</c>: besides descriptors of the program itself, what else keeps it.</summary>
    public static int OfProg(ViewContext context, ulong key, TextBuffer to) =>
        Render(Progs.Kind, context, key, to, kind => kind is holder_kind.HOLDER_PROG or >= holder_kind.HOLDER_ITER);

    /// <summary><c>maps/&lt;id&gt;/pids</c>.</summary>
    public static int OfMap(ViewContext context, ulong key, TextBuffer to) => Render(Maps.Kind, context, key, to, kind => kind == holder_kind.HOLDER_MAP);

    /// <summary><c>links/&lt;id&gt;/pids</c>.</summary>
    public static int OfLink(ViewContext context, ulong key, TextBuffer to) => Render(Links.Kind, context, key, to, kind => kind == holder_kind.HOLDER_LINK);

    /// <summary><c>btf/&lt;id&gt;/pids</c>.</summary>
    public static int OfBtf(ViewContext context, ulong key, TextBuffer to) => Render(Btfs.Kind, context, key, to, kind => kind == holder_kind.HOLDER_BTF);

    /// <summary><c>pids/&lt;pid&gt;</c>: <c>kind id fd</c>, a line per descriptor.</summary>
    public static int OfProcess(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Get(context, out List<holder_record> holders);
        if (errno != 0) return errno;
        int start = to.Length;
        foreach (holder_record r in holders)
        {
            if (r.pid != key) continue;
            to.Append(s_kinds[(int)r.kind]);
            to.Append((byte)' ');
            to.Append((ulong)r.id);
            to.Append((byte)' ');
            to.Append((ulong)r.fd);
            to.Append((byte)'\n');
        }
        return to.Length > start ? 0 : ENOENT;
    }

    /// <summary>Every descriptor that holds an object, by process; of our own, those that last.</summary>
    public static int Get(ViewContext context, out List<holder_record> holders) => s_recent.Get(context, out holders);

    /// <summary>What a descriptor is, in a word; empty: not known.</summary>
    public static ReadOnlySpan<byte> KindName(uint kind) => kind < s_kinds.Length ? s_kinds[kind] : default;

    /// <summary>A line per descriptor: <c>pid fd kind comm</c>.</summary>
    private static int Render(ObjectKind subject, ViewContext context, ulong id, TextBuffer to, Func<holder_kind, bool> isWanted)
    {
        int errno = subject.Stat(context, (uint)id, out _);
        if (errno != 0) return errno;
        errno = Get(context, out List<holder_record> holders);
        if (errno != 0) return errno;
        foreach (holder_record r in holders)
        {
            if (r.id != id || !isWanted(r.kind)) continue;
            to.Append((ulong)r.pid);
            to.Append((byte)' ');
            to.Append((ulong)r.fd);
            to.Append((byte)' ');
            to.Append(s_kinds[(int)r.kind]);
            to.Append((byte)' ');
            to.AppendText(r.comm.Text);
            to.Append((byte)'\n');
        }
        return 0;
    }

    private static int Take(ViewContext context, out List<holder_record>? holders)
    {
        holders = null;
        using var walk = new RecordWalk<holder_record>(context, context.Iterators.Holders!);
        holders = [];
        while (walk.MoveNext())
        {
            ref readonly holder_record r = ref walk.Current;
            if ((uint)r.kind < s_kinds.Length && (r.is_own == 0 || LastingDescriptors.Contains(r.fd))) holders.Add(r);
        }
        return walk.Errno;
    }
}

/// <summary>The processes that hold anything.</summary>
internal sealed class HolderPids : ChildSource
{
    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (!TryParseId(name, out uint pid)) return ENOENT;
        key = pid;
        return 0; // whoever renders it finds out whether it holds anything
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        int errno = Holders.Get(context, out List<holder_record> holders);
        if (errno != 0) return errno;
        foreach (uint pid in holders.Select(r => r.pid).Distinct().Order()) to.Add(pid);
        return 0;
    }
}
