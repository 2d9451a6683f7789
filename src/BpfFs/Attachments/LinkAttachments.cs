using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Attachment;

namespace BpfFs.Attachments;

/// <summary>What links attach.</summary>
internal static class LinkAttachments
{
    /// <summary>All links, or those of one program.</summary>
    public static int Collect(ViewContext context, uint prog, List<Attachment> to)
    {
        if (context.Iterators.Links is not { } links) return 0;
        using var walk = new RecordWalk<link_record>(context, links);
        while (walk.MoveNext())
        {
            if (prog != 0 && walk.Current.prog_id != prog) continue;
            if (Links.Read(context, walk.Current.id, out Link link) == 0) to.Add(Describe(context, link)); // else gone since
        }
        return walk.Errno;
    }

    /// <summary>The links that register struct_ops maps, by map.</summary>
    public static int FindStructOps(ViewContext context, out ILookup<uint, uint> linksOf)
    {
        List<(uint Map, uint Link)> found = [];
        int errno = 0;
        if (context.Iterators.Links is { } links)
        {
            using var walk = new RecordWalk<link_record>(context, links);
            while (walk.MoveNext())
            {
                if (walk.Current.type == LinkType.StructOps && Links.Read(context, walk.Current.id, out Link link) == 0) found.Add((link.Info.first, link.Record.id));
            }
            errno = walk.Errno;
        }
        linksOf = found.ToLookup(l => l.Map, l => l.Link);
        return errno;
    }

    /// <summary><c>FUNCTION</c>, <c>FUNCTION+0x10</c> or <c>PATH+0x10</c>.</summary>
    public static byte[] ProbeTarget(ReadOnlySpan<byte> name, ulong offset, bool isFile) =>
        offset == 0 && !isFile ? name.ToArray() : [.. name, .. Utf8($"+0x{offset:x}")];

    private static Attachment Describe(ViewContext context, in Link link)
    {
        ref readonly link_record r = ref link.Record;
        string attachType = r.type switch
        {
            LinkType.Tracing => Name(Names.AttachTypes, link.Info.tracing_attach_type),
            LinkType.Cgroup => Name(Names.AttachTypes, link.Info.cgroup_attach_type),
            LinkType.Netns or LinkType.Tcx or LinkType.Netkit or LinkType.Sockmap => Name(Names.AttachTypes, link.Info.second),
            LinkType.PerfEvent when r.perf_kind != 0 => Name(Names.PerfEventTypes, (uint)r.perf_kind),
            _ => Name(Names.LinkTypes, r.type),
        };
        if (r.type == LinkType.Tracing && link.ProgType == ProgType.Ext) attachType = "freplace"; // bpf(2) says attach type 0
        (string kind, byte[] target) = r.type switch
        {
            LinkType.RawTracepoint => ("tracepoint", link.Name.ToArray()),
            LinkType.Tracing when link.ProgType == ProgType.Lsm => ("lsm", HookOf(r.target_func.Text)),
            LinkType.Tracing => ("function", r.target_prog_id == 0 ? r.target_func.Text.ToArray() : Join(r.target_func.Text, r.target_name.Text)),
            LinkType.Cgroup => ("cgroup", link.CgroupPath.IsEmpty ? Utf8($"{link.Info.cgroup_id}") : link.CgroupPath.ToArray()),
            LinkType.Iter => ("iter", link.Name.ToArray()),
            LinkType.Netns => ("netns", Utf8($"{link.Info.first}")),
            LinkType.Xdp or LinkType.Tcx or LinkType.Netkit => ("device", r.target_func.Text.IsEmpty ? Utf8($"{link.Info.first}") : r.target_func.Text.ToArray()),
            LinkType.PerfEvent => ("perf_event", PerfTarget(link)),
            LinkType.KprobeMulti or LinkType.UprobeMulti or LinkType.TracingMulti => ("function", FuncsTarget(link)),
            LinkType.StructOps => ("struct_ops", MapTarget(context, link.Info.first)),
            LinkType.Sockmap => ("map", MapTarget(context, link.Info.first)),
            LinkType.Netfilter => ("netfilter", NetfilterTarget(r)),
            _ => ("link", []),
        };
        byte[] detail = r.type == LinkType.Netfilter ? Utf8($"prio {link.Info.netfilter_priority}") : [];
        return new Attachment(kind, target, attachType, r.prog_id, r.id) { Detail = detail, Ifindex = kind == "device" ? link.Info.first : 0 };
    }

    /// <summary><c>vfs_read and 3 more</c>.</summary>
    private static byte[] FuncsTarget(in Link link)
    {
        byte[] first = link.Record.type switch
        {
            LinkType.UprobeMulti => ProbeTarget(Link.FileOrFunc(link), link.Record.offset, isFile: true),
            LinkType.TracingMulti => link.Funcs?.Of(link) is [var func, ..] ? func.name.Text.ToArray() : [],
            _ => link.Record.target_func.Text.ToArray(),
        };
        uint count = Link.FuncCount(link);
        return count < 2 ? first : [.. first, .. Utf8($" and {count - 1} more")];
    }

    private static byte[] PerfTarget(in Link link)
    {
        bool isFile = Link.IsUprobe(link);
        return isFile || Link.IsKprobe(link) ? ProbeTarget(Link.FileOrFunc(link), link.Record.offset, isFile) : Link.FileOrFunc(link).ToArray();
    }

    /// <summary><c>ip input</c>; numbers where this version has no names.</summary>
    private static byte[] NetfilterTarget(in link_record r)
    {
        ReadOnlySpan<byte> family = Names.NetfilterFamily(r.nf_family), hook = Names.NetfilterHook(r.nf_family, r.nf_hook);
        return family.IsEmpty || hook.IsEmpty ? Utf8($"pf {r.nf_family} hook {r.nf_hook}") : [.. family, (byte)' ', .. hook];
    }

    private static byte[] MapTarget(ViewContext context, uint id) =>
        SockmapAttachments.Target(id, context.Iterators.One.ReadMap(id, out one_map_record map) == 0 ? map.map.name.Text : default);

    /// <summary>The hook without the prefix of the function that stands for it.</summary>
    private static byte[] HookOf(ReadOnlySpan<byte> function) => (function.StartsWith("bpf_lsm_"u8) ? function["bpf_lsm_"u8.Length..] : function).ToArray();

    private static string Name(EnumNames names, uint value) => System.Text.Encoding.UTF8.GetString(names.Of(value, stackalloc byte[10]));

    private static byte[] Join(ReadOnlySpan<byte> function, ReadOnlySpan<byte> prog) => [.. function, (byte)' ', .. prog];
}
