using System.Text;
using BpfFs.Objects;
using BpfFs.Rendering;

namespace BpfFs.Net;

/// <summary>Names of numbers, as the kernel's headers have them.</summary>
internal static class NetWords
{
    /// <summary>TCP_ESTABLISHED and on, net/tcp_states.h.</summary>
    public static readonly byte[][] States = Split(
        "0 established syn_sent syn_recv fin_wait1 fin_wait2 time_wait close close_wait last_ack listen closing new_syn_recv bound_inactive");

    /// <summary>Timers as /proc/net/tcp numbers them.</summary>
    public static readonly byte[][] Timers = Split("none retransmit keepalive time_wait probe");

    /// <summary>SS_UNCONNECTED and on, linux/net.h.</summary>
    public static readonly byte[][] UnixStates = Split("free unconnected connecting connected disconnecting");

    /// <summary>SOCK_STREAM and on.</summary>
    public static readonly byte[][] Types = Split("0 stream dgram raw rdm seqpacket dccp 7 8 9 packet");

    /// <summary>NETLINK_ROUTE and on, linux/netlink.h.</summary>
    public static readonly byte[][] NetlinkProtocols = Split(
        """
        route unused usersock firewall sock_diag nflog xfrm selinux iscsi audit fib_lookup connector netfilter ip6_fw dnrtmsg kobject_uevent generic
        17 scsitransport ecryptfs rdma crypto smc
        """);

    /// <summary>RTPROT_*, linux/rtnetlink.h: those of the kernel and what is in common use, sparse above 4.</summary>
    public static readonly byte[][] RouteProtocols = Split("unspec redirect kernel boot static 5 6 7 gated ra mrt zebra bird dnrouted xorp ntk dhcp mrouted keepalived");

    /// <summary>RTN_*, linux/rtnetlink.h.</summary>
    public static readonly byte[][] RouteTypes = Split("unspec unicast local broadcast anycast multicast blackhole unreachable prohibit throw nat xresolve");

    /// <summary>By enum sock_prog of bpf/records.h.</summary>
    public static readonly byte[][] ProgKinds = Split("filter reuseport msg_verdict stream_parser stream_verdict skb_verdict");

    /// <summary>By the bits of enum udp_sock_flags; the last is not a flag of the kernel's.</summary>
    public static readonly byte[][] UdpOptions = Split("packet df ecn gro gso tunnel pktinfo rcvbuf port");

    private static byte[][] Split(string names) => [.. names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];

    /// <summary>The name; a number where there is none.</summary>
    public static void Write(in ValueWriter to, byte[][] names, uint value) => Names.Write(to, names, value);

    /// <summary>The protocol of a socket as <c>net/</c> names its table, or what comes nearest: <c>tcp6</c>, <c>raw</c>, <c>packet</c>.</summary>
    public static void WriteProtocol(in ValueWriter to, uint family, uint type, uint protocol)
    {
        bool is6 = family == 10;
        switch (family)
        {
            case 1: to.Text("unix"u8); return;
            case 2 or 10:
                if (type == 3) to.Text(is6 ? "raw6"u8 : "raw"u8);
                else if (protocol == 6) to.Text(is6 ? "tcp6"u8 : "tcp"u8);
                else if (protocol == 17) to.Text(is6 ? "udp6"u8 : "udp"u8);
                else if (protocol is 1 or 58) to.Text(is6 ? "ping6"u8 : "ping"u8);
                else if (protocol == 132) to.Text(is6 ? "sctp6"u8 : "sctp"u8);
                else if (protocol == 136) to.Text(is6 ? "udplite6"u8 : "udplite"u8);
                else if (protocol == 262) to.Text(is6 ? "mptcp6"u8 : "mptcp"u8);
                else to.Number(protocol);
                return;
            case 16: to.Text("netlink"u8); return;
            case 17: to.Text("packet"u8); return;
            case 31: to.Text("bluetooth"u8); return;
            case 38: to.Text("alg"u8); return;
            case 40: to.Text("vsock"u8); return;
            case 44: to.Text("xdp"u8); return;
            default: to.Number(family); return;
        }
    }
}
