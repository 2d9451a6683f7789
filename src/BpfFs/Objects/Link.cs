using System.Runtime.InteropServices;
using System.Text;
using Iterators;

namespace BpfFs.Objects;

/// <summary>What is read of one link.</summary>
internal ref struct Link
{
    private static readonly bpf_link_info s_noInfo;

    public ref readonly link_record Record;

    public ref readonly bpf_link_info Info;

    /// <summary>What bpf(2) calls what it is attached to: tracepoint, iterator target, function or path.</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>Path of the cgroup of <see cref="link_record.cgroup_id"/>.</summary>
    public ReadOnlySpan<byte> CgroupPath;

    /// <summary>Type of its program; only read where <see cref="Fields"/> shows it.</summary>
    public uint ProgType;

    /// <summary>Reads the functions of links that have several.</summary>
    public LinkFuncs? Funcs;

    /// <summary>Why there is no more than <see cref="Record"/>; 0: there is.</summary>
    public int Error;

    /// <summary>A link of which only the record is known.</summary>
    public Link(in link_record record)
    {
        Record = ref record;
        Info = ref s_noInfo;
    }

    /// <summary>Every field of a link; a link has those of its type. The order is that of <c>info</c> and JSON, which begins as bpftool's does.</summary>
    public static readonly Field<Link>[] Fields =
    [
        new("id", "the link's id", (in l, in to) => to.Number(l.Record.id)) { Labels = Labels.All },
        new("type", "link type, as libbpf names it; of one that this version does not know, as the kernel does", (in l, in to) => Names.LinkTypes.Write(to, l.Record.type)) { Labels = Labels.All },
        new("prog_id", "id of the program", (in l, in to) => to.Number(l.Record.prog_id), (in l) => l.Record.prog_id != 0) { Labels = Labels.All },
        new("prog_name", "name of the program", (in l, in to) => to.Text(l.Record.prog_name.Text), (in l) => !l.Record.prog_name.Text.IsEmpty) { Labels = Labels.All },
        new("tp_name", "tracepoint of a raw_tracepoint link", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => Is(l, LinkType.RawTracepoint) && !l.Record.target_func.Text.IsEmpty),
        new("prog_type", "type of the program", (in l, in to) => Names.ProgTypes.Write(to, l.ProgType), (in l) => Is(l, LinkType.Tracing) && l.Error == 0),
        new("attach_type", "kind of attachment, as libbpf names it", (in l, in to) => Names.AttachTypes.Write(to, AttachType(l)), HasAttachType),
        new("target_obj_id", "id of the target: a program, or the kernel's BTF", (in l, in to) => to.Number(l.Info.tracing_target_obj_id), (in l) => Is(l, LinkType.Tracing) && l.Error == 0),
        new("target_btf_id", "BTF type id of the function in the target", (in l, in to) => to.Number(l.Record.target_btf_id), (in l) => l.Record.target_btf_id != 0),
        new("target_func", "name of that function", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => Is(l, LinkType.Tracing) && !l.Record.target_func.Text.IsEmpty),
        new("target_prog_id", "id of the program it is in; absent: it is the kernel's", (in l, in to) => to.Number(l.Record.target_prog_id), (in l) => l.Record.target_prog_id != 0),
        new("target_prog_name", "name of that program", (in l, in to) => to.Text(l.Record.target_name.Text), (in l) => l.Record.target_prog_id != 0),
        new("target_name", "what the iterator goes over", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => Is(l, LinkType.Iter) && !l.Record.target_func.Text.IsEmpty),
        new("map_id", "id of the map", (in l, in to) => to.Number(l.Record.map_id), (in l) => l.Record.map_id != 0),
        new("map_name", "name of the map", (in l, in to) => to.Text(l.Record.target_name.Text), (in l) => l.Record.map_id != 0 && !l.Record.target_name.Text.IsEmpty),
        new("tid", "the one thread the iterator goes over", (in l, in to) => to.Number(l.Info.iter_tid), (in l) => IsIter(l, "task") && l.Info.iter_tid != 0),
        new("pid", "the one process the iterator goes over, or that is probed; absent: all", (in l, in to) => to.Number(Pid(l)), (in l) => Pid(l) != 0),
        new("cgroup_id", "id (inode) of the cgroup; 0: removed", (in l, in to) => to.Number(l.Record.cgroup_id), (in l) => Knows(l, link_known_flags.LINK_HAS_CGROUP) || l.Record.cgroup_id != 0),
        new("cgroup_path", "path of the cgroup in the cgroup2 hierarchy", (in l, in to) => to.Text(l.CgroupPath), (in l) => !l.CgroupPath.IsEmpty),
        new("order", "in which order the iterator goes over cgroups", (in l, in to) => Names.CgroupOrders.Write(to, l.Info.iter_cgroup_order), (in l) => IsIter(l, "cgroup") && l.Error == 0),
        new("netns_ino", "inode of the network namespace it is in; 0: gone", (in l, in to) => to.Number(l.Record.netns_ino), (in l) => (Is(l, LinkType.Netns) && Knows(l, link_known_flags.LINK_HAS_NETNS)) || l.Record.netns_ino != 0),
        new("devname", "name of the device", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => IsOfDevice(l) && !l.Record.target_func.Text.IsEmpty),
        new("ifindex", "number of the device; 0: gone", (in l, in to) => to.Number(l.Record.ifindex), (in l) => Knows(l, link_known_flags.LINK_HAS_DEVICE)),
        new("pf", "netfilter protocol family (NFPROTO_*)", (in l, in to) => to.Number(l.Record.nf_family), IsNetfilter),
        new("pf_name", "its name", (in l, in to) => to.Text(Names.NetfilterFamily(l.Record.nf_family)), (in l) => IsNetfilter(l) && !Names.NetfilterFamily(l.Record.nf_family).IsEmpty),
        new("hook", "netfilter hook (NF_INET_*)", (in l, in to) => to.Number(l.Record.nf_hook), IsNetfilter),
        new("hook_name", "its name", (in l, in to) => to.Text(Names.NetfilterHook(l.Record.nf_family, l.Record.nf_hook)), (in l) => IsNetfilter(l) && !Names.NetfilterHook(l.Record.nf_family, l.Record.nf_hook).IsEmpty),
        new("prio", "netfilter priority", (in l, in to) => to.Number(l.Record.nf_priority), IsNetfilter),
        new("perf_event_type", "what the perf event is", (in l, in to) => Names.PerfEventTypes.Write(to, (uint)l.Record.perf_kind), (in l) => Is(l, LinkType.PerfEvent) && l.Record.perf_kind != 0),
        new("retprobe", "whether it runs when the function returns", (in l, in to) => to.Bool(IsRetprobe(l)), IsProbe),
        new("tracepoint", "tracepoint of a perf event", (in l, in to) => to.Text(l.Record.target_func.Text), (in l) => IsPerf(l, perf_link_kind.PERF_LINK_TRACEPOINT) && !l.Record.target_func.Text.IsEmpty),
        new("func", "function probed", (in l, in to) => to.Text(FileOrFunc(l)), (in l) => IsKprobe(l) && !FileOrFunc(l).IsEmpty),
        new("file", "file probed", (in l, in to) => to.Text(FileOrFunc(l)), (in l) => IsUprobe(l) && !FileOrFunc(l).IsEmpty),
        new("path", "file probed", (in l, in to) => to.Text(l.Name), (in l) => Is(l, LinkType.UprobeMulti) && !l.Name.IsEmpty),
        new("offset", "bytes into that function or file", (in l, in to) => to.Number(l.Record.offset), (in l) => (IsKprobe(l) || IsUprobe(l)) && Knows(l, link_known_flags.LINK_HAS_OFFSET)),
        new("ref_ctr_offset", "where in the file the probe's reference counter is; absent: it has none", (in l, in to) => to.Number(l.Record.ref_ctr_offset), (in l) => l.Record.ref_ctr_offset != 0),
        new("event_type", "perf event's type", (in l, in to) => PerfEventNames.WriteType(l.Record.perf_type, to), IsEvent),
        new("event_config", "perf event's config: which of that type", (in l, in to) => PerfEventNames.WriteConfig(l.Record.perf_type, l.Record.perf_config, to), IsEvent),
        new("btf_obj_id", "id of the BTF that describes the functions", (in l, in to) => to.Number(l.Info.tracing_multi_btf_obj_id), (in l) => Is(l, LinkType.TracingMulti) && l.Error == 0),
        new("flags", "flags it was made with", (in l, in to) => to.Flags(Flags(l)), (in l) => l.Error == 0 && (Is(l, LinkType.Netfilter) || (Is(l, LinkType.KprobeMulti) && Knows(l, link_known_flags.LINK_HAS_FLAGS)) || Is(l, LinkType.UprobeMulti))),
        new("func_cnt", "how many functions", (in l, in to) => to.Number(FuncCount(l)), HasFuncs) { Metric = new("functions", MetricType.Gauge) },
        new("missed", "runs left out because the probe was busy", (in l, in to) => to.Number(Is(l, LinkType.KprobeMulti) ? l.Info.kprobe_multi_missed : l.Info.perf_event_kprobe_missed), (in l) => Is(l, LinkType.KprobeMulti) ? l.Info.buffer_size != 0 : IsKprobe(l) && l.Info.perf_event_type != 0) { Metric = new("missed_total", MetricType.Counter) },
        new("funcs", "each function", (in l, in to) => LinkFuncs.Write(l, to), (in l) => HasFuncs(l) && l.Funcs is not null),
        new("cookie", "bpf_cookie; absent: none, or it may be a kernel address", (in l, in to) => to.Number(l.Record.cookie), (in l) => ShowsCookie(l.Record.cookie)),
        new("error", "why not all of it could be read (in links.json only)", (in l, in to) => to.Text(Encoding.UTF8.GetBytes(Marshal.GetPInvokeErrorMessage(l.Error))), (in l) => l.Error != 0) { HasFile = false },
    ];

    /// <summary>Any number is taken as a cookie, and some put an address of the kernel's there: that is not shown.</summary>
    public static bool ShowsCookie(ulong cookie) => cookie != 0 && !Code.KernelAddress.IsPossible(cookie);

    /// <summary>How many functions it is attached to.</summary>
    public static uint FuncCount(in Link l) => Is(l, LinkType.TracingMulti) ? l.Info.tracing_multi_count : l.Record.func_cnt;

    /// <summary>File or function probed by a perf event: before 6.6 only the record has it, and not more than 127 bytes.</summary>
    public static ReadOnlySpan<byte> FileOrFunc(in Link l) => l.Name.IsEmpty ? l.Record.target_func.Text : l.Name;

    public static bool IsKprobe(in Link l) => IsPerf(l, perf_link_kind.PERF_LINK_KPROBE) || IsPerf(l, perf_link_kind.PERF_LINK_KRETPROBE);

    public static bool IsUprobe(in Link l) => IsPerf(l, perf_link_kind.PERF_LINK_UPROBE) || IsPerf(l, perf_link_kind.PERF_LINK_URETPROBE);

    /// <summary>Whether this kernel tells it of the link.</summary>
    public static bool Knows(in Link l, link_known_flags what) => ((link_known_flags)l.Record.known & what) != 0;

    private static bool Is(in Link l, uint type) => l.Record.type == type;

    private static bool IsPerf(in Link l, perf_link_kind kind) => Is(l, LinkType.PerfEvent) && l.Record.perf_kind == kind;

    private static bool IsIter(in Link l, string target) =>
        Is(l, LinkType.Iter) && (l.Record.target_func.Text.SequenceEqual("cgroup"u8) ? target == "cgroup" : target == "task" && l.Record.target_func.Text.StartsWith("task"u8));

    private static bool IsEvent(in Link l) => IsPerf(l, perf_link_kind.PERF_LINK_EVENT) && Knows(l, link_known_flags.LINK_HAS_PERF_EVENT);

    private static bool IsNetfilter(in Link l) => Is(l, LinkType.Netfilter) && Knows(l, link_known_flags.LINK_HAS_NETFILTER);

    private static bool IsOfDevice(in Link l) => l.Record.type is LinkType.Xdp or LinkType.Tcx or LinkType.Netkit;

    private static bool HasFuncs(in Link l) => Is(l, LinkType.TracingMulti) ? l.Error == 0 : Knows(l, link_known_flags.LINK_HAS_FUNCS);

    private static bool IsProbe(in Link l) =>
        IsKprobe(l) || IsUprobe(l) || (Is(l, LinkType.KprobeMulti) && Knows(l, link_known_flags.LINK_HAS_FLAGS)) || (Is(l, LinkType.UprobeMulti) && l.Error == 0);

    private static bool IsRetprobe(in Link l) => l.Record.type switch
    {
        LinkType.KprobeMulti => (l.Record.flags & 1) != 0, // BPF_F_KPROBE_MULTI_RETURN
        LinkType.UprobeMulti => (l.Info.uprobe_multi_flags & 1) != 0, // BPF_F_UPROBE_MULTI_RETURN
        _ => l.Record.perf_kind is perf_link_kind.PERF_LINK_KRETPROBE or perf_link_kind.PERF_LINK_URETPROBE,
    };

    private static bool HasAttachType(in Link l) => l.Error == 0 &&
        l.Record.type is LinkType.Tracing or LinkType.Cgroup or LinkType.Netns or LinkType.Tcx or LinkType.Netkit or LinkType.Sockmap or LinkType.TracingMulti;

    private static uint AttachType(in Link l) => l.Record.type switch
    {
        LinkType.Tracing => l.Info.tracing_attach_type,
        LinkType.TracingMulti => l.Info.first,
        LinkType.Cgroup => l.Info.cgroup_attach_type,
        _ => l.Info.second,
    };

    private static uint Pid(in Link l) =>
        Is(l, LinkType.UprobeMulti) ? l.Info.uprobe_multi_pid : IsIter(l, "task") && l.Info.iter_tid == 0 ? l.Info.iter_pid : 0;

    private static uint Flags(in Link l) => l.Record.type switch
    {
        LinkType.Netfilter => l.Info.netfilter_flags,
        LinkType.KprobeMulti => l.Record.flags,
        _ => l.Info.uprobe_multi_flags,
    };
}
