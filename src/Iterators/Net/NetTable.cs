namespace Iterators;

/// <summary>One kind of what a network namespace has, and the program that goes over it (bpf/net.bpf.c).</summary>
/// <param name="Name">The file in the view.</param>
/// <param name="Program">What goes over it.</param>
/// <param name="ProcFile">The file in /proc/net that the kernel makes together with the target; null: it always has it.</param>
public sealed record NetTable(string Name, ProgramRow Program, string? ProcFile)
{
    /// <summary>Of <see cref="tcp_record"/>.</summary>
    public static readonly NetTable Tcp = new("tcp", BpfPrograms.Tcp, "tcp");

    /// <summary>Of <see cref="tcp_record"/>.</summary>
    public static readonly NetTable Tcp6 = new("tcp6", BpfPrograms.Tcp6, "tcp6");

    /// <summary>Of <see cref="udp_record"/>.</summary>
    public static readonly NetTable Udp = new("udp", BpfPrograms.Udp, "udp");

    /// <summary>Of <see cref="udp_record"/>.</summary>
    public static readonly NetTable Udp6 = new("udp6", BpfPrograms.Udp6, "udp6");

    /// <summary>Of <see cref="udp_record"/>, of both families: what is set up, or has received, as QUIC may be.</summary>
    public static readonly NetTable Quic = new("quic", BpfPrograms.Quic, "udp");

    /// <summary>Of <see cref="unix_record"/>.</summary>
    public static readonly NetTable Unix = new("unix", BpfPrograms.Unix, "unix");

    /// <summary>Of <see cref="netlink_record"/>.</summary>
    public static readonly NetTable Netlink = new("netlink", BpfPrograms.Netlink, "netlink");

    /// <summary>Of <see cref="route6_record"/>.</summary>
    public static readonly NetTable Ipv6Route = new("ipv6_route", BpfPrograms.Ipv6Route, "ipv6_route");

    /// <summary>Of <see cref="sock_owner_record"/>: of all namespaces.</summary>
    public static readonly NetTable Owners = new("pids", BpfPrograms.SocketOwners, null);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<NetTable> All { get; } = [Tcp, Tcp6, Udp, Udp6, Quic, Unix, Netlink, Ipv6Route, Owners];
}
