namespace Iterators;

/// <summary>One kind of what a network namespace has, and the program that goes over it (bpf/net.bpf.c).</summary>
/// <param name="Name">The file in the view.</param>
/// <param name="Program">The C function.</param>
/// <param name="Target">What it iterates over.</param>
/// <param name="ProcFile">The file in /proc/net that the kernel makes together with the target; null: it always has it.</param>
public sealed record NetTable(string Name, string Program, Target Target, string? ProcFile)
{
    /// <summary>Of <see cref="tcp_record"/>.</summary>
    public static readonly NetTable Tcp = new("tcp", "tcp_records", Target.Tcp, "tcp");

    /// <summary>Of <see cref="tcp_record"/>.</summary>
    public static readonly NetTable Tcp6 = new("tcp6", "tcp6_records", Target.Tcp, "tcp6");

    /// <summary>Of <see cref="udp_record"/>.</summary>
    public static readonly NetTable Udp = new("udp", "udp_records", Target.Udp, "udp");

    /// <summary>Of <see cref="udp_record"/>.</summary>
    public static readonly NetTable Udp6 = new("udp6", "udp6_records", Target.Udp, "udp6");

    /// <summary>Of <see cref="udp_record"/>, of both families: what is set up, or has received, as QUIC may be.</summary>
    public static readonly NetTable Quic = new("quic", "quic_records", Target.Udp, "udp");

    /// <summary>Of <see cref="unix_record"/>.</summary>
    public static readonly NetTable Unix = new("unix", "unix_records", Target.Unix, "unix");

    /// <summary>Of <see cref="netlink_record"/>.</summary>
    public static readonly NetTable Netlink = new("netlink", "netlink_records", Target.Netlink, "netlink");

    /// <summary>Of <see cref="route6_record"/>.</summary>
    public static readonly NetTable Ipv6Route = new("ipv6_route", "route6_records", Target.Ipv6Route, "ipv6_route");

    /// <summary>Of <see cref="sock_owner_record"/>: of all namespaces.</summary>
    public static readonly NetTable Owners = new("pids", "sock_owner_records", Target.TaskFile, null);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<NetTable> All { get; } = [Tcp, Tcp6, Udp, Udp6, Quic, Unix, Netlink, Ipv6Route, Owners];
}
