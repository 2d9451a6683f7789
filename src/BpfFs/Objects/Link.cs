using Iterators;

namespace BpfFs.Objects;

/// <summary>What is read of one link.</summary>
internal ref struct Link
{
    public ref readonly link_record Record;

    public ref readonly bpf_link_info Info;

    /// <summary>What bpf(2) calls what it is attached to: tracepoint, iterator target, function or path.</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>Path of the cgroup of a cgroup link.</summary>
    public ReadOnlySpan<byte> CgroupPath;

    /// <summary>Type of its program; only read where <see cref="Fields"/> shows it.</summary>
    public uint ProgType;

    /// <summary>Every field of a link; a link has those of its type. The order is that of <c>info</c> and JSON, which begins as bpftool's does.</summary>
    public static readonly Field<Link>[] Fields =
    [
        new("id", "the link's id", (in l, in to) => to.Number(l.Record.id)),
        new("type", "link type, as libbpf names it; a number if this version does not know it", (in l, in to) => Names.Write(to, Names.LinkTypes, l.Record.type)),
        new("prog_id", "id of the program", (in l, in to) => to.Number(l.Record.prog_id), (in l) => l.Record.prog_id != 0),
        new("prog_name", "name of the program", (in l, in to) => to.Text(l.Record.prog_name.Text), (in l) => !l.Record.prog_name.Text.IsEmpty),
        new("tp_name", "tracepoint", (in l, in to) => to.Text(l.Name), (in l) => Is(l, LinkType.RawTracepoint) || IsPerf(l, PerfEventType.Tracepoint)),
        new("prog_type", "type of the program", (in l, in to) => Names.Write(to, Names.ProgTypes, l.ProgType), (in l) => Is(l, LinkType.Tracing)),
        new("attach_type", "kind of attachment, as libbpf names it", (in l, in to) => Names.Write(to, Names.AttachTypes, AttachType(l)), HasAttachType),
        new("target_obj_id", "id of the target: a program, or the kernel's BTF", (in l, in to) => to.Number(l.Info.tracing_target_obj_id), (in l) => Is(l, LinkType.Tracing)),
        new("target_btf_id", "BTF type id of the function in the target", (in l, in to) => to.Number(l.Info.tracing_target_btf_id), (in l) => Is(l, LinkType.Tracing)),
        new("target_func", "name of that function", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => Is(l, LinkType.Tracing) && !l.Record.target_func.Text.IsEmpty),
        new("target_prog_id", "id of the program it is in; absent: it is the kernel's", (in l, in to) => to.Number(l.Record.target_prog_id), (in l) => l.Record.target_prog_id != 0),
        new("target_prog_name", "name of that program", (in l, in to) => to.Text(l.Record.target_name.Text), (in l) => l.Record.target_prog_id != 0),
        new("cgroup_id", "id (inode) of the cgroup; 0: removed", (in l, in to) => to.Number(l.Info.cgroup_id), (in l) => Is(l, LinkType.Cgroup)),
        new("cgroup_path", "path of the cgroup in the cgroup2 hierarchy", (in l, in to) => to.Text(l.CgroupPath), (in l) => !l.CgroupPath.IsEmpty),
        new("target_name", "what the iterator goes over", (in l, in to) => to.Text(l.Name), (in l) => Is(l, LinkType.Iter)),
        new("map_id", "id of the map", (in l, in to) => to.Number(MapId(l)), (in l) => MapId(l) != 0),
        new("netns_ino", "inode of the network namespace; 0: gone", (in l, in to) => to.Number(l.Info.first), (in l) => Is(l, LinkType.Netns)),
        new("ifindex", "number of the device; 0: gone", (in l, in to) => to.Number(l.Info.first), IsOfDevice),
        new("devname", "name of the device", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => IsOfDevice(l) && !l.Record.target_func.Text.IsEmpty),
        new("pf", "netfilter protocol family (NFPROTO_*)", (in l, in to) => to.Number(l.Info.first), (in l) => Is(l, LinkType.Netfilter)),
        new("hook", "netfilter hook (NF_INET_*)", (in l, in to) => to.Number(l.Info.second), (in l) => Is(l, LinkType.Netfilter)),
        new("prio", "netfilter priority", (in l, in to) => to.Number(l.Info.netfilter_priority), (in l) => Is(l, LinkType.Netfilter)),
        new("flags", "flags it was made with", (in l, in to) => to.Flags(Flags(l)), (in l) => Is(l, LinkType.Netfilter) || Is(l, LinkType.KprobeMulti) || Is(l, LinkType.UprobeMulti)),
        new("func_cnt", "how many functions", (in l, in to) => to.Number(Is(l, LinkType.UprobeMulti) ? l.Info.uprobe_multi_count : l.Info.buffer_size), (in l) => Is(l, LinkType.KprobeMulti) || Is(l, LinkType.UprobeMulti)),
        new("missed", "runs left out because the probe was busy", (in l, in to) => to.Number(Is(l, LinkType.KprobeMulti) ? l.Info.kprobe_multi_missed : l.Info.perf_event_kprobe_missed), (in l) => Is(l, LinkType.KprobeMulti) || IsKprobe(l)),
        new("event_type", "kind of perf event", (in l, in to) => Names.Write(to, Names.PerfEventTypes, l.Info.perf_event_type), (in l) => Is(l, LinkType.PerfEvent) && l.Info.perf_event_type != 0),
        new("func", "function probed", (in l, in to) => to.Text(l.Name), (in l) => IsKprobe(l) && !l.Name.IsEmpty),
        new("path", "file probed", (in l, in to) => to.Text(l.Name), (in l) => (Is(l, LinkType.UprobeMulti) || IsUprobe(l)) && !l.Name.IsEmpty),
        new("offset", "bytes into that function or file", (in l, in to) => to.Number(l.Info.perf_event_offset), (in l) => IsKprobe(l) || IsUprobe(l)),
        new("pid", "process probed; absent: all", (in l, in to) => to.Number(l.Info.uprobe_multi_pid), (in l) => Is(l, LinkType.UprobeMulti) && l.Info.uprobe_multi_pid != 0),
        new("config", "event's config", (in l, in to) => to.Number(l.Info.perf_event_buffer), (in l) => IsPerf(l, PerfEventType.Event)),
        new("cookie", "bpf_cookie", (in l, in to) => to.Number(Cookie(l)), (in l) => Cookie(l) != 0),
    ];

    private static bool Is(in Link l, uint type) => l.Record.type == type;

    private static bool IsPerf(in Link l, uint type) => Is(l, LinkType.PerfEvent) && l.Info.perf_event_type == type;

    private static bool IsKprobe(in Link l) => IsPerf(l, PerfEventType.Kprobe) || IsPerf(l, PerfEventType.Kretprobe);

    private static bool IsUprobe(in Link l) => IsPerf(l, PerfEventType.Uprobe) || IsPerf(l, PerfEventType.Uretprobe);

    private static bool IsOfDevice(in Link l) => l.Record.type is LinkType.Xdp or LinkType.Tcx or LinkType.Netkit;

    private static bool HasAttachType(in Link l) =>
        l.Record.type is LinkType.Tracing or LinkType.Cgroup or LinkType.Netns or LinkType.Tcx or LinkType.Netkit or LinkType.Sockmap;

    private static uint AttachType(in Link l) => l.Record.type switch
    {
        LinkType.Tracing => l.Info.tracing_attach_type,
        LinkType.Cgroup => l.Info.cgroup_attach_type,
        _ => l.Info.second,
    };

    private static uint MapId(in Link l) => l.Record.type switch
    {
        LinkType.Iter => l.Name.StartsWith("bpf_map_elem"u8) || l.Name.StartsWith("bpf_sk_storage_map"u8) ? l.Info.iter_map_id : 0,
        LinkType.StructOps or LinkType.Sockmap => l.Info.first,
        _ => 0,
    };

    private static uint Flags(in Link l) => l.Record.type switch
    {
        LinkType.Netfilter => l.Info.netfilter_flags,
        LinkType.KprobeMulti => l.Info.kprobe_multi_flags,
        _ => l.Info.uprobe_multi_flags,
    };

    private static ulong Cookie(in Link l) => l.Record.type switch
    {
        LinkType.RawTracepoint => l.Info.raw_tracepoint_cookie,
        LinkType.Tracing => l.Info.tracing_cookie,
        LinkType.PerfEvent when IsKprobe(l) => l.Info.perf_event_kprobe_cookie,
        LinkType.PerfEvent when l.Info.perf_event_type != 0 => l.Info.perf_event_cookie,
        _ => 0,
    };
}
