using System.Text;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Objects;

/// <summary>The names of uapi enumerations (<c>&lt;linux/bpf.h&gt;</c>, Linux 7.3).</summary>
internal static class Names
{
    /// <summary>enum bpf_prog_type.</summary>
    public static readonly EnumNames ProgTypes = new(
        """
        unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in lwt_out lwt_xmit sock_ops sk_skb
        cgroup_device sk_msg raw_tracepoint cgroup_sock_addr lwt_seg6local lirc_mode2 sk_reuseport flow_dissector cgroup_sysctl
        raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm sk_lookup syscall netfilter
        """,
        KernelEnums.Running.Add("bpf_prog_type", "BPF_PROG_TYPE_"));

    /// <summary>enum bpf_map_type.</summary>
    public static readonly EnumNames MapTypes = new(
        """
        unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array lru_hash lru_percpu_hash lpm_trie
        array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash cgroup_storage reuseport_sockarray percpu_cgroup_storage queue stack
        sk_storage devmap_hash struct_ops ringbuf inode_storage task_storage bloom_filter user_ringbuf cgrp_storage arena insn_array rhash
        """,
        KernelEnums.Running.Add("bpf_map_type", "BPF_MAP_TYPE_"));

    /// <summary>enum bpf_link_type.</summary>
    public static readonly EnumNames LinkTypes = new(
        """
        unspec raw_tracepoint tracing cgroup iter netns xdp perf_event kprobe_multi struct_ops netfilter tcx uprobe_multi netkit sockmap
        tracing_multi
        """,
        KernelEnums.Running.Add("bpf_link_type", "BPF_LINK_TYPE_"));

    /// <summary>enum bpf_attach_type.</summary>
    public static readonly EnumNames AttachTypes = new(
        """
        cgroup_inet_ingress cgroup_inet_egress cgroup_inet_sock_create cgroup_sock_ops sk_skb_stream_parser sk_skb_stream_verdict cgroup_device
        sk_msg_verdict cgroup_inet4_bind cgroup_inet6_bind cgroup_inet4_connect cgroup_inet6_connect cgroup_inet4_post_bind
        cgroup_inet6_post_bind cgroup_udp4_sendmsg cgroup_udp6_sendmsg lirc_mode2 flow_dissector cgroup_sysctl cgroup_udp4_recvmsg
        cgroup_udp6_recvmsg cgroup_getsockopt cgroup_setsockopt trace_raw_tp trace_fentry trace_fexit modify_return lsm_mac trace_iter
        cgroup_inet4_getpeername cgroup_inet6_getpeername cgroup_inet4_getsockname cgroup_inet6_getsockname xdp_devmap
        cgroup_inet_sock_release xdp_cpumap sk_lookup xdp sk_skb_verdict sk_reuseport_select sk_reuseport_select_or_migrate perf_event
        trace_kprobe_multi lsm_cgroup struct_ops netfilter tcx_ingress tcx_egress trace_uprobe_multi cgroup_unix_connect
        cgroup_unix_sendmsg cgroup_unix_recvmsg cgroup_unix_getpeername cgroup_unix_getsockname netkit_primary netkit_peer
        trace_kprobe_session trace_uprobe_session trace_fsession trace_fentry_multi trace_fexit_multi trace_fsession_multi
        """,
        KernelEnums.Running.Add("bpf_attach_type", "BPF_"));

    /// <summary>enum bpf_perf_event_type.</summary>
    public static readonly EnumNames PerfEventTypes = new("unspec uprobe uretprobe kprobe kretprobe tracepoint event", KernelEnums.Running.Add("bpf_perf_event_type", "BPF_PERF_EVENT_"));

    /// <summary>enum bpf_cgroup_iter_order, as bpftool spells it.</summary>
    public static readonly EnumNames CgroupOrders = new("order_unspec self_only descendants_pre descendants_post ancestors_up children", KernelEnums.Running.Add("bpf_cgroup_iter_order", "BPF_CGROUP_ITER_"));

    private static readonly byte[][] s_inetHooks = Split("prerouting input forward output postrouting");
    private static readonly byte[][] s_arpHooks = Split("input output");

    /// <summary>NFPROTO_* (<c>&lt;linux/netfilter.h&gt;</c>) as nft and bpftool name it; empty: not known.</summary>
    public static ReadOnlySpan<byte> NetfilterFamily(uint family) => family switch
    {
        1 => "inet"u8,
        2 => "ip"u8,
        3 => "arp"u8,
        5 => "netdev"u8,
        7 => "bridge"u8,
        10 => "ip6"u8,
        _ => default,
    };

    /// <summary>The hook of a family as nft names it; empty: not known.</summary>
    public static ReadOnlySpan<byte> NetfilterHook(uint family, uint hook)
    {
        byte[][] names = family switch { 1 or 2 or 7 or 10 => s_inetHooks, 3 => s_arpHooks, _ => [] };
        return hook < names.Length ? names[hook] : default;
    }

    /// <summary>enum bpf_struct_ops_state (kernel/bpf/bpf_struct_ops.c).</summary>
    public static readonly EnumNames StructOpsStates = new("init inuse tobefree ready", KernelEnums.Running.Add("bpf_struct_ops_state", "BPF_STRUCT_OPS_STATE_"));

    /// <summary>A name of a list, or the number where there is none.</summary>
    public static void Write(in ValueWriter to, byte[][] names, uint value)
    {
        if (value < names.Length) to.Text(names[value]);
        else to.Number(value);
    }

    /// <summary>A name of a list, or the number's digits in <paramref name="digits"/>.</summary>
    public static ReadOnlySpan<byte> Of(byte[][] names, uint value, Span<byte> digits) => value < names.Length ? names[value] : EnumNames.Digits(value, digits);

    private static byte[][] Split(string names) =>
        [.. names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];
}
