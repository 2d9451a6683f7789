using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>What a link is attached to, in words: never nothing, whatever its type.</summary>
internal static class LinkTarget
{
    /// <summary>The network namespace that the view runs in; others are named.</summary>
    private static readonly uint s_netns = OwnNetns();

    /// <summary>Appends a space and the target. What the record does not tell is asked of the link.</summary>
    public static void Append(ViewContext context, in link_record r, TextBuffer to)
    {
        bool isEnough = r.type is not (LinkType.Iter or LinkType.UprobeMulti or LinkType.TracingMulti)
            && r.perf_kind is not (perf_link_kind.PERF_LINK_UPROBE or perf_link_kind.PERF_LINK_URETPROBE);
        if (!isEnough && Links.Read(context, r.id, out Link link) == 0)
        {
            Append(link, to);
            return;
        }
        Link known = new(r);
        Append(known, to);
    }

    /// <summary>Appends a space and the target.</summary>
    public static void Append(in Link link, TextBuffer to)
    {
        ref readonly link_record r = ref link.Record;
        int start = to.Length;
        switch (r.type)
        {
            case LinkType.Iter: AppendIter(link, to); break;
            case LinkType.Cgroup: AppendCgroup(link, to); break;
            case LinkType.Netns when Link.Knows(link, link_known_flags.LINK_HAS_NETNS): AppendNetns(r.netns_ino, to); break;
            case LinkType.Xdp or LinkType.Tcx or LinkType.Netkit:
                AppendPart(r.ifindex == 0 && Link.Knows(link, link_known_flags.LINK_HAS_DEVICE) ? "device removed"u8 : r.target_func.Text, to);
                AppendForeignNetns(r, to);
                break;
            case LinkType.PerfEvent: AppendPerfEvent(link, to); break;
            case LinkType.StructOps or LinkType.Sockmap: AppendMap(r, to); break;
            case LinkType.Netfilter when Link.Knows(link, link_known_flags.LINK_HAS_NETFILTER): AppendNetfilter(r, to); break;
            case LinkType.KprobeMulti or LinkType.UprobeMulti or LinkType.TracingMulti: AppendFuncs(link, to); break;
            default:
                AppendPart(r.target_func.Text, to);
                AppendPart(r.target_name.Text, to);
                break;
        }
        if (to.Length != start) return;
        AppendPart(link.Name, to);
        if (to.Length == start) to.Append(" ?"u8);
    }

    private static void AppendIter(in Link link, TextBuffer to)
    {
        AppendPart(link.Record.target_func.Text, to);
        if (link.Record.map_id != 0) AppendMap(link.Record, to);
        if (link.Record.cgroup_id != 0)
        {
            AppendCgroup(link, to);
            if (link.Error == 0) AppendPart(Names.CgroupOrders.Of(link.Info.iter_cgroup_order, stackalloc byte[10]), to);
        }
        else if (link.Record.target_func.Text.StartsWith("task"u8) && (link.Info.iter_tid | link.Info.iter_pid) != 0)
        {
            AppendNumber(link.Info.iter_tid != 0 ? " tid:"u8 : " pid:"u8, link.Info.iter_tid != 0 ? link.Info.iter_tid : link.Info.iter_pid, to);
        }
    }

    private static void AppendCgroup(in Link link, TextBuffer to)
    {
        ulong id = link.Record.cgroup_id;
        ReadOnlySpan<byte> path = CgroupPaths.Of(id);
        if (id == 0 && !Link.Knows(link, link_known_flags.LINK_HAS_CGROUP)) return;
        if (id == 0) to.Append(" cgroup removed"u8);
        else if (path.IsEmpty) AppendNumber(" cgroup:"u8, id, to);
        else AppendPart("cgroup:"u8, path, to);
    }

    private static void AppendNetns(uint inode, TextBuffer to)
    {
        if (inode == 0) to.Append(" netns removed"u8);
        else AppendNumber(" netns:"u8, inode, to);
    }

    private static void AppendForeignNetns(in link_record r, TextBuffer to)
    {
        if (r.netns_ino != 0 && r.netns_ino != s_netns) AppendNetns(r.netns_ino, to);
    }

    private static void AppendMap(in link_record r, TextBuffer to)
    {
        if (r.map_id == 0) return;
        AppendNumber(" map:"u8, r.map_id, to);
        AppendPart(r.target_name.Text, to);
    }

    private static void AppendNetfilter(in link_record r, TextBuffer to)
    {
        ReadOnlySpan<byte> family = Names.NetfilterFamily(r.nf_family), hook = Names.NetfilterHook(r.nf_family, r.nf_hook);
        if (family.IsEmpty) AppendNumber(" pf "u8, r.nf_family, to);
        else AppendPart(family, to);
        if (hook.IsEmpty) AppendNumber(" hook "u8, r.nf_hook, to);
        else AppendPart(hook, to);
        to.Append(" prio "u8);
        to.Append((long)r.nf_priority);
        AppendForeignNetns(r, to);
    }

    private static void AppendPerfEvent(in Link link, TextBuffer to)
    {
        ref readonly link_record r = ref link.Record;
        if (r.perf_kind == perf_link_kind.PERF_LINK_EVENT)
        {
            if (!Link.Knows(link, link_known_flags.LINK_HAS_PERF_EVENT)) return;
            to.Append((byte)' ');
            PerfEventNames.WriteType(r.perf_type, new ValueWriter(to));
            to.Append((byte)':');
            PerfEventNames.WriteConfig(r.perf_type, r.perf_config, new ValueWriter(to));
            return;
        }
        AppendPart(Names.PerfEventTypes.Of((uint)r.perf_kind, stackalloc byte[10]), to);
        bool isFile = Link.IsUprobe(link);
        if (!isFile && !Link.IsKprobe(link))
        {
            AppendPart(r.target_func.Text, to);
            return;
        }
        AppendFileOrFunc(link, to);
        if (Link.Knows(link, link_known_flags.LINK_HAS_OFFSET) && (isFile || r.offset != 0)) AppendOffset(r.offset, to);
    }

    /// <summary><c>vfs_read and 3 more</c>.</summary>
    private static void AppendFuncs(in Link link, TextBuffer to)
    {
        uint count = Link.FuncCount(link);
        if (link.Record.type == LinkType.UprobeMulti)
        {
            AppendFileOrFunc(link, to);
            if (Link.Knows(link, link_known_flags.LINK_HAS_OFFSET)) AppendOffset(link.Record.offset, to);
        }
        else if (link.Record.type == LinkType.TracingMulti)
        {
            if (link.Funcs?.Of(link) is [var first, ..]) AppendPart(first.name.Text, to);
        }
        else
        {
            AppendPart(link.Record.target_func.Text, to);
        }
        if (count < 2) return;
        AppendNumber(" and "u8, count - 1, to);
        to.Append(" more"u8);
    }

    private static void AppendFileOrFunc(in Link link, TextBuffer to)
    {
        ReadOnlySpan<byte> name = Link.FileOrFunc(link);
        AppendPart(name.IsEmpty ? "?"u8 : name, to); // a function without a symbol
    }

    private static void AppendOffset(ulong offset, TextBuffer to)
    {
        to.Append("+0x"u8);
        to.AppendHex(offset);
    }

    private static void AppendNumber(ReadOnlySpan<byte> name, ulong number, TextBuffer to)
    {
        to.Append(name);
        to.Append(number);
    }

    private static void AppendPart(ReadOnlySpan<byte> part, TextBuffer to) => AppendPart(default, part, to);

    private static void AppendPart(ReadOnlySpan<byte> name, ReadOnlySpan<byte> part, TextBuffer to)
    {
        if (part.IsEmpty) return;
        to.Append((byte)' ');
        to.Append(name);
        to.AppendText(part);
    }

    /// <summary>The link reads <c>net:[4026531840]</c>.</summary>
    private static uint OwnNetns()
    {
        string? name = new FileInfo("/proc/self/ns/net").LinkTarget;
        return name is not null && uint.TryParse(name.AsSpan(name.IndexOf('[') + 1).TrimEnd(']'), out uint inode) ? inode : 0;
    }
}
