using System.Text;
using BpfFs.Rendering;

namespace BpfFs.Objects;

/// <summary>The names of uapi enumerations (<c>&lt;linux/bpf.h&gt;</c>), as libbpf and bpftool spell them.</summary>
internal static class Names
{
    /// <summary>enum bpf_prog_type, Linux 6.18.</summary>
    public static readonly byte[][] ProgTypes = Split(
        """
        unspec socket_filter kprobe sched_cls sched_act tracepoint xdp perf_event cgroup_skb cgroup_sock lwt_in lwt_out lwt_xmit sock_ops sk_skb
        cgroup_device sk_msg raw_tracepoint cgroup_sock_addr lwt_seg6local lirc_mode2 sk_reuseport flow_dissector cgroup_sysctl
        raw_tracepoint_writable cgroup_sockopt tracing struct_ops ext lsm sk_lookup syscall netfilter
        """);

    /// <summary>enum bpf_map_type, Linux 6.18.</summary>
    public static readonly byte[][] MapTypes = Split(
        """
        unspec hash array prog_array perf_event_array percpu_hash percpu_array stack_trace cgroup_array lru_hash lru_percpu_hash lpm_trie
        array_of_maps hash_of_maps devmap sockmap cpumap xskmap sockhash cgroup_storage reuseport_sockarray percpu_cgroup_storage queue stack
        sk_storage devmap_hash struct_ops ringbuf inode_storage task_storage bloom_filter user_ringbuf cgrp_storage arena insn_array
        """);

    /// <summary>enum bpf_link_type, Linux 6.18.</summary>
    public static readonly byte[][] LinkTypes = Split(
        """
        unspec raw_tracepoint tracing cgroup iter netns xdp perf_event kprobe_multi struct_ops netfilter tcx uprobe_multi netkit sockmap
        """);

    /// <summary>The name, or the number where there is none.</summary>
    public static void Write(in ValueWriter to, byte[][] names, uint value)
    {
        if (value < names.Length) to.Text(names[value]);
        else to.Number(value);
    }

    /// <summary>The name, or the number's digits in <paramref name="digits"/>.</summary>
    public static ReadOnlySpan<byte> Of(byte[][] names, uint value, Span<byte> digits)
    {
        if (value < names.Length) return names[value];
        System.Buffers.Text.Utf8Formatter.TryFormat(value, digits, out int length);
        return digits[..length];
    }

    private static byte[][] Split(string names) =>
        [.. names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];
}
