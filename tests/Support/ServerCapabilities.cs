namespace Support;

/// <summary>The capabilities that a server keeps (docs/SECURITY.md), as a mask.</summary>
public static class ServerCapabilities
{
    private const int NetAdmin = 12, SysAdmin = 21;

    /// <summary>
    /// CAP_SYS_ADMIN; where that alone does not suffice to ask what is attached to a cgroup, CAP_NET_ADMIN: since BPF tokens it does
    /// (bpf_net_capable(), include/linux/bpf.h).
    /// </summary>
    public static ulong Mask => (1UL << SysAdmin) | (KernelNames.Lacks("bpf_token", "6.9") ? 1UL << NetAdmin : 0);
}
