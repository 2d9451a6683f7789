using BpfFs.Native;
using BpfFs.Objects;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Net;

/// <summary>Where a TCP or UDP socket is bound and connected.</summary>
internal static class EndpointFields<T>
    where T : unmanaged
{
    public delegate ref readonly endpoints_record EndsOf(in NetEntry<T> entry);

    public static Field<NetEntry<T>>[] All(SockFields<T> sock, EndsOf ends, int addressWidth) =>
    [
        new("local_address", "address it is bound to", (in r, in to) => Local(ends(r), to), sock.Knows(sock_known_flags.SOCK_HAS_LOCAL_ADDRESS)) { Width = addressWidth },
        new("local_port", "port it is bound to; 0: none", (in r, in to) => to.Number(ends(r).local_port), sock.Knows(sock_known_flags.SOCK_HAS_LOCAL_PORT)) { Width = 10, IsNumber = true },
        new("remote_address", "address it is connected to", (in r, in to) => Remote(ends(r), to), sock.Knows(sock_known_flags.SOCK_HAS_REMOTE_ADDRESS)) { Width = addressWidth },
        new("remote_port", "port it is connected to; 0: none", (in r, in to) => to.Number(ends(r).remote_port), sock.Knows(sock_known_flags.SOCK_HAS_REMOTE_PORT)) { Width = 11, IsNumber = true },
        new("state", "state; of UDP: close, or established when it is connected", (in r, in to) => NetWords.Write(to, NetWords.States, ends(r).state), sock.Knows(sock_known_flags.SOCK_HAS_STATE)) { Width = 11 },
    ];

    private static void Local(in endpoints_record ends, in ValueWriter to) => to.Address(((ReadOnlySpan<byte>)ends.local_address)[..Length(ends)]);

    private static void Remote(in endpoints_record ends, in ValueWriter to) => to.Address(((ReadOnlySpan<byte>)ends.remote_address)[..Length(ends)]);

    private static int Length(in endpoints_record ends) => ends.family == 2 ? 4 : 16; // AF_INET
}

/// <summary>TCP sockets: <c>net/tcp</c>, <c>net/tcp6</c>.</summary>
internal static class TcpFields
{
    private static readonly SockFields<tcp_record> s_sock = new((in e) => ref e.Record.sock);

    public static readonly Field<NetEntry<tcp_record>>[] V4 = All(15);

    public static readonly Field<NetEntry<tcp_record>>[] V6 = All(25);

    private static Field<NetEntry<tcp_record>>[] All(int addressWidth) =>
    [
        .. EndpointFields<tcp_record>.All(s_sock, (in e) => ref e.Record.ends, addressWidth),
        .. s_sock.Queues("bytes received and not read; of a listener, connections to accept", "bytes sent and not acknowledged"),
        new("timer", "what the socket waits for: none, retransmit, keepalive, time_wait, probe (of a closed window)", (in r, in to) => NetWords.Write(to, NetWords.Timers, r.Record.timer), (in r) => Knows(r.Record, tcp_known_flags.TCP_HAS_TIMER)) { Width = 10 },
        Number("timer_ms", "milliseconds until then", 8, (in r) => Jiffies.ToMilliseconds(r.timer_expires), (in r) => r.timer != 0 && Knows(r, tcp_known_flags.TCP_HAS_EXPIRES)),
        Number("retransmits", "times the oldest segment was sent again", 11, (in r) => r.retransmits, (in r) => Knows(r, tcp_known_flags.TCP_HAS_RETRANSMITS)),
        Number("probes", "probes of a closed window, or to keep alive, not answered yet", 6, (in r) => r.probes, (in r) => Knows(r, tcp_known_flags.TCP_HAS_PROBES)),
        .. s_sock.Identity.Select(OfFull),
        Number("rto_ms", "retransmission timeout, milliseconds", 6, (in r) => Jiffies.ToMilliseconds(r.rto), (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_RTO)),
        Number("ato_ms", "delayed acknowledgement timeout, milliseconds", 6, (in r) => Jiffies.ToMilliseconds(r.ato), (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_ATO)),
        Number("quick_ack", "acknowledgements to be sent at once", 9, (in r) => r.quick_ack, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_QUICK_ACK)),
        Number("pingpong", "1: interactive, acknowledgements are delayed", 8, (in r) => Has(r, tcp_sock_flags.TCP_SOCK_PINGPONG) ? 1 : 0, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_PINGPONG)),
        Number("cwnd", "congestion window, segments", 6, (in r) => r.cwnd, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_CWND)),
        Number("ssthresh", "slow start threshold, segments; absent: not found yet", 8, (in r) => r.ssthresh, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_SSTHRESH) && !Has(r, tcp_sock_flags.TCP_SOCK_INITIAL_SLOWSTART)),
        Number("fastopen_queue", "of a listener: longest queue of TCP Fast Open", 14, (in r) => r.fastopen_queue, (in r) => Knows(r, tcp_known_flags.TCP_HAS_FASTOPEN)),
        new("congestion", "congestion control", (in r, in to) => to.Text(r.Record.congestion.Text), (in r) => !r.Record.congestion.Text.IsEmpty) { Width = 10 },
        Number("rtt_us", "smoothed round trip time, microseconds", 8, (in r) => r.srtt >> 3, (in r) => r.srtt != 0),
        Number("rttvar_us", "its mean deviation, microseconds", 9, (in r) => r.rttvar >> 2, (in r) => r.srtt != 0 && Knows(r, tcp_known_flags.TCP_HAS_RTTVAR)),
        Number("min_rtt_us", "shortest round trip time seen lately, microseconds", 10, (in r) => r.min_rtt, (in r) => r.srtt != 0 && r.min_rtt != uint.MaxValue),
        Number("total_retransmits", "segments sent again since it was made", 17, (in r) => r.total_retransmits, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_TOTAL_RETRANSMITS)),
        Number("lost", "segments taken for lost", 6, (in r) => r.lost, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_LOST)),
        Number("unacked", "segments on their way", 7, (in r) => r.unacked, (in r) => IsFull(r) && Knows(r, tcp_known_flags.TCP_HAS_UNACKED)),
        new("pacing_rate", "bytes a second at which it sends; absent: not paced", (in r, in to) => to.Number(r.Record.pacing_rate), (in r) => IsFull(r.Record) && r.Record.pacing_rate is not 0 and not ulong.MaxValue and not uint.MaxValue) { Width = 12, IsNumber = true },
        .. s_sock.Attached,
    ];

    private delegate long NumberOf(in tcp_record record);

    private delegate bool IsTrue(in tcp_record record);

    private static Field<NetEntry<tcp_record>> Number(string name, string meaning, int width, NumberOf value, IsTrue? isPresent = null) =>
        new(name, meaning, (in r, in to) => to.Number(value(r.Record)), isPresent is null ? null : (in r) => isPresent(r.Record)) { Width = width, IsNumber = true };

    /// <summary>In TIME_WAIT and SYN_RECV the kernel keeps a remnant, which nobody owns.</summary>
    private static Field<NetEntry<tcp_record>> OfFull(Field<NetEntry<tcp_record>> field) =>
        field.Name != "uid" ? field : new(field.Name, field.Meaning, field.Write, (in r) => IsFull(r.Record) || r.Record.ends.state == 3) { Width = field.Width, IsNumber = true };

    private static bool Knows(in tcp_record r, tcp_known_flags what) => ((tcp_known_flags)r.known & what) != 0;

    private static bool IsFull(in tcp_record r) => Has(r, tcp_sock_flags.TCP_SOCK_FULL);

    private static bool Has(in tcp_record r, tcp_sock_flags flag) => ((tcp_sock_flags)r.flags & flag) != 0;
}

/// <summary>UDP sockets: <c>net/udp</c>, <c>net/udp6</c>, and those of them in <c>net/quic</c>.</summary>
internal static class UdpFields
{
    private static readonly SockFields<udp_record> s_sock = new((in e) => ref e.Record.sock);

    public static readonly Field<NetEntry<udp_record>>[] V4 = All(15, "options", "how it is set up: df, ecn, gro, gso, tunnel, pktinfo, rcvbuf", Options);

    public static readonly Field<NetEntry<udp_record>>[] V6 = All(25, "options", "how it is set up: df, ecn, gro, gso, tunnel, pktinfo, rcvbuf", Options);

    public static readonly Field<NetEntry<udp_record>>[] Quic = All(25, "evidence", "what tells that it is QUIC: packet, df, ecn, gro, gso, pktinfo, rcvbuf, port", QuicEvidence.Of);

    private delegate uint BitsOf(in udp_record record);

    private static uint Options(in udp_record r) => r.flags;

    private static Field<NetEntry<udp_record>>[] All(int addressWidth, string bitsName, string bitsMeaning, BitsOf bits) =>
    [
        .. EndpointFields<udp_record>.All(s_sock, (in e) => ref e.Record.ends, addressWidth),
        .. s_sock.Queues("bytes of memory that hold what was received and not read", "bytes of memory that hold what is being sent"),
        .. s_sock.Identity,
        s_sock.Drops,
        new(bitsName, bitsMeaning, (in r, in to) => to.Bits(bits(r.Record), NetWords.UdpOptions), (in r) => bits(r.Record) != 0) { Width = 15 },
        new("gso_size", "bytes of a segment, where UDP_SEGMENT is set", (in r, in to) => to.Number(r.Record.gso_size), (in r) => r.Record.gso_size != 0) { Width = 8, IsNumber = true },
        .. s_sock.Attached,
    ];
}

/// <summary>
/// Which UDP sockets speak QUIC. One proof: a QUIC packet waits in its receive queue. Else signs, of which two must meet: never to fragment, which RFC 9000
/// (14) asks of every sender and which hardly anything else on UDP does; and one of what QUIC's libraries set: to be told of ECN (13.4) or of the address
/// sent to, segmentation offload, a receive buffer; or a port that IANA gave to QUIC.
/// </summary>
internal static class QuicEvidence
{
    /// <summary>A bit of its own beside those of <see cref="udp_sock_flags"/>: the port is 443 (HTTP/3) or 853 (DNS).</summary>
    public const uint Port = 256;

    public static uint Of(in udp_record r)
    {
        bool isPort = r.ends.local_port is 443 or 853 || r.ends.remote_port is 443 or 853;
        return (r.flags & ~(uint)udp_sock_flags.UDP_SOCK_TUNNEL) | (isPort ? Port : 0);
    }

    public static bool IsListed(in udp_record r, uint netns)
    {
        const udp_sock_flags second = udp_sock_flags.UDP_SOCK_ECN | udp_sock_flags.UDP_SOCK_GRO | udp_sock_flags.UDP_SOCK_GSO
            | udp_sock_flags.UDP_SOCK_PKTINFO | udp_sock_flags.UDP_SOCK_RCVBUF;
        var flags = (udp_sock_flags)r.flags;
        if ((flags & udp_sock_flags.UDP_SOCK_TUNNEL) != 0 || r.ends.local_port == 0) return false;
        if ((flags & udp_sock_flags.UDP_SOCK_QUIC_PACKET) != 0) return true;
        return (flags & udp_sock_flags.UDP_SOCK_DF) != 0 && ((flags & second) != 0 || (Of(r) & Port) != 0);
    }
}

/// <summary>The kernel's ticks.</summary>
internal static unsafe class Jiffies
{
    private static readonly long s_length = LengthOf();

    public static long ToMilliseconds(long jiffies) => Math.Max(jiffies, 0) * s_length / 1_000_000;

    /// <summary>Nanoseconds: the resolution of the coarse clocks is TICK_NSEC (kernel/time/posix-timers.c).</summary>
    private static long LengthOf()
    {
        LibC.timespec resolution;
        return LibC.clock_getres(LibC.CLOCK_MONOTONIC_COARSE, &resolution) == 0 ? resolution.tv_nsec : 4_000_000;
    }
}
