using System.Runtime.InteropServices;

namespace Iterators;

/// <summary>
/// <c>struct bpf_link_info</c>, <c>&lt;linux/bpf.h&gt;</c>, as of the commit that added tracing_multi: what bpf(2) tells of a link. Members of other types than the link's own overlay
/// each other; pointers are filled with the buffers of <see cref="OneObject.ReadLink"/>.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 80)]
public struct bpf_link_info
{
    /// <summary>enum bpf_link_type.</summary>
    [FieldOffset(0)] public uint type;

    /// <summary>The link's id.</summary>
    [FieldOffset(4)] public uint id;

    /// <summary>The program's id; 0: none.</summary>
    [FieldOffset(8)] public uint prog_id;

    /// <summary>raw_tracepoint, iter, uprobe_multi, kprobe_multi: a buffer.</summary>
    [FieldOffset(16)] public ulong buffer;

    /// <summary>raw_tracepoint, iter: the buffer's size; kprobe_multi: count.</summary>
    [FieldOffset(24)] public uint buffer_size;

    /// <summary>raw_tracepoint.cookie (6.18).</summary>
    [FieldOffset(32)] public ulong raw_tracepoint_cookie;

    /// <summary>tracing.attach_type.</summary>
    [FieldOffset(16)] public uint tracing_attach_type;

    /// <summary>tracing.target_obj_id: of a program or a BTF.</summary>
    [FieldOffset(20)] public uint tracing_target_obj_id;

    /// <summary>tracing.target_btf_id.</summary>
    [FieldOffset(24)] public uint tracing_target_btf_id;

    /// <summary>tracing.cookie (6.18).</summary>
    [FieldOffset(32)] public ulong tracing_cookie;

    /// <summary>cgroup.cgroup_id.</summary>
    [FieldOffset(16)] public ulong cgroup_id;

    /// <summary>cgroup.attach_type.</summary>
    [FieldOffset(24)] public uint cgroup_attach_type;

    /// <summary>iter.map.map_id.</summary>
    [FieldOffset(28)] public uint iter_map_id;

    /// <summary>iter.cgroup.cgroup_id.</summary>
    [FieldOffset(32)] public ulong iter_cgroup_id;

    /// <summary>iter.cgroup.order.</summary>
    [FieldOffset(40)] public uint iter_cgroup_order;

    /// <summary>iter.task.tid.</summary>
    [FieldOffset(32)] public uint iter_tid;

    /// <summary>iter.task.pid.</summary>
    [FieldOffset(36)] public uint iter_pid;

    /// <summary>netns.netns_ino; xdp, tcx, netkit: ifindex; struct_ops, sockmap: map_id; netfilter: pf.</summary>
    [FieldOffset(16)] public uint first;

    /// <summary>netns, tcx, netkit, sockmap: attach_type; netfilter: hooknum.</summary>
    [FieldOffset(20)] public uint second;

    /// <summary>netfilter.priority.</summary>
    [FieldOffset(24)] public int netfilter_priority;

    /// <summary>netfilter.flags.</summary>
    [FieldOffset(28)] public uint netfilter_flags;

    /// <summary>kprobe_multi.flags.</summary>
    [FieldOffset(28)] public uint kprobe_multi_flags;

    /// <summary>kprobe_multi.missed (6.6).</summary>
    [FieldOffset(32)] public ulong kprobe_multi_missed;

    /// <summary>tracing_multi.count.</summary>
    [FieldOffset(20)] public uint tracing_multi_count;

    /// <summary>tracing_multi.btf_obj_id.</summary>
    [FieldOffset(24)] public uint tracing_multi_btf_obj_id;

    /// <summary>tracing_multi.ids: a buffer for count BTF type ids.</summary>
    [FieldOffset(32)] public ulong tracing_multi_ids;

    /// <summary>tracing_multi.cookies: a buffer for count cookies.</summary>
    [FieldOffset(48)] public ulong tracing_multi_cookies;

    /// <summary>uprobe_multi.path_size.</summary>
    [FieldOffset(48)] public uint uprobe_multi_path_size;

    /// <summary>uprobe_multi.count.</summary>
    [FieldOffset(52)] public uint uprobe_multi_count;

    /// <summary>uprobe_multi.flags.</summary>
    [FieldOffset(56)] public uint uprobe_multi_flags;

    /// <summary>uprobe_multi.pid.</summary>
    [FieldOffset(60)] public uint uprobe_multi_pid;

    /// <summary>perf_event.type: enum bpf_perf_event_type (6.6).</summary>
    [FieldOffset(16)] public uint perf_event_type;

    /// <summary>perf_event uprobe, kprobe, tracepoint: the name's buffer; event: config.</summary>
    [FieldOffset(24)] public ulong perf_event_buffer;

    /// <summary>perf_event uprobe, kprobe, tracepoint: the buffer's size; event: type.</summary>
    [FieldOffset(32)] public uint perf_event_buffer_size;

    /// <summary>perf_event uprobe, kprobe: offset.</summary>
    [FieldOffset(36)] public uint perf_event_offset;

    /// <summary>perf_event uprobe, tracepoint, event: cookie.</summary>
    [FieldOffset(40)] public ulong perf_event_cookie;

    /// <summary>perf_event kprobe: missed.</summary>
    [FieldOffset(48)] public ulong perf_event_kprobe_missed;

    /// <summary>perf_event kprobe: cookie.</summary>
    [FieldOffset(56)] public ulong perf_event_kprobe_cookie;
}

/// <summary>enum bpf_link_type, <c>&lt;linux/bpf.h&gt;</c>.</summary>
public static class LinkType
{
    /// <summary>BPF_LINK_TYPE_RAW_TRACEPOINT.</summary>
    public const uint RawTracepoint = 1;

    /// <summary>BPF_LINK_TYPE_TRACING.</summary>
    public const uint Tracing = 2;

    /// <summary>BPF_LINK_TYPE_CGROUP.</summary>
    public const uint Cgroup = 3;

    /// <summary>BPF_LINK_TYPE_ITER.</summary>
    public const uint Iter = 4;

    /// <summary>BPF_LINK_TYPE_NETNS.</summary>
    public const uint Netns = 5;

    /// <summary>BPF_LINK_TYPE_XDP.</summary>
    public const uint Xdp = 6;

    /// <summary>BPF_LINK_TYPE_PERF_EVENT.</summary>
    public const uint PerfEvent = 7;

    /// <summary>BPF_LINK_TYPE_KPROBE_MULTI.</summary>
    public const uint KprobeMulti = 8;

    /// <summary>BPF_LINK_TYPE_STRUCT_OPS.</summary>
    public const uint StructOps = 9;

    /// <summary>BPF_LINK_TYPE_NETFILTER.</summary>
    public const uint Netfilter = 10;

    /// <summary>BPF_LINK_TYPE_TCX.</summary>
    public const uint Tcx = 11;

    /// <summary>BPF_LINK_TYPE_UPROBE_MULTI.</summary>
    public const uint UprobeMulti = 12;

    /// <summary>BPF_LINK_TYPE_NETKIT.</summary>
    public const uint Netkit = 13;

    /// <summary>BPF_LINK_TYPE_SOCKMAP.</summary>
    public const uint Sockmap = 14;

    /// <summary>BPF_LINK_TYPE_TRACING_MULTI.</summary>
    public const uint TracingMulti = 15;
}

/// <summary>enum bpf_perf_event_type, <c>&lt;linux/bpf.h&gt;</c>.</summary>
public static class PerfEventType
{
    /// <summary>BPF_PERF_EVENT_UPROBE.</summary>
    public const uint Uprobe = 1;

    /// <summary>BPF_PERF_EVENT_URETPROBE.</summary>
    public const uint Uretprobe = 2;

    /// <summary>BPF_PERF_EVENT_KPROBE.</summary>
    public const uint Kprobe = 3;

    /// <summary>BPF_PERF_EVENT_KRETPROBE.</summary>
    public const uint Kretprobe = 4;

    /// <summary>BPF_PERF_EVENT_TRACEPOINT.</summary>
    public const uint Tracepoint = 5;

    /// <summary>BPF_PERF_EVENT_EVENT.</summary>
    public const uint Event = 6;
}
