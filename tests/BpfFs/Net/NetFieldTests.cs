using System.Runtime.InteropServices;
using System.Text;
using BpfFs.Net;
using BpfFs.Objects;
using BpfFs.Tests.View;
using Iterators;

namespace BpfFs.Tests.Net;

/// <summary>The tables of <c>net/</c>, from records filled by hand.</summary>
public sealed class NetFieldTests
{
    [Fact]
    public void Every_table_in_both_forms()
    {
        var all = new StringBuilder();
        Add(all, "tcp", TcpFields.V4, Tcp(), Tcp() with { ends = Ends(2, 6), flags = 0, timer = 3, congestion = default, srtt = 0, sock = new() { known = uint.MaxValue } }, default);
        Add(all, "tcp6", TcpFields.V6, Tcp() with { ends = Ends(10, 10), known = uint.MaxValue });
        Add(all, "udp", UdpFields.V4, new udp_record { sock = Sock(), ends = Ends(2, 7), flags = 0xFF, gso_size = 1200 }, default);
        Add(all, "quic", UdpFields.Quic, new udp_record { sock = Sock(), ends = Ends(10, 1) with { local_port = 443 }, flags = 3 });
        Add(all, "unix", UnixFields.All, Unix("/run/a b\n\u001b[31m\\é\0"), Unix("\0abs\0tract"), Unix(""), default);
        Add(all, "netlink", NetlinkFields.All, new netlink_record { sock = Sock(), groups = ulong.MaxValue, protocol = 15, portid = 4242, dump = 1, known = uint.MaxValue }, new netlink_record { protocol = 99, known = uint.MaxValue }, default);
        Add(all, "ipv6_route", RouteFields.All, Route(), default);
        Add(all, "pids", OwnerFields.All, Owner(2, 1, 6, "a b\n"), Owner(10, 3, 58, "x"), Owner(77, 1, 0, ""), default);
        Golden.Verify(all.ToString(), "Net");
    }

    [Fact]
    public void Columns_can_be_counted()
    {
        foreach (string name in (string[])["", "\0", "\0 ", " ", "a b  c\t\n", "\u0085\u00a0\u2028"])
        {
            string[] lines = Lines(UnixFields.All, Unix(name)).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(2, lines.Length);
            Assert.All(lines, line => Assert.Equal(UnixFields.All.Length, line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length));
        }
    }

    [Fact]
    public void Names_are_said_once()
    {
        IEnumerable<string>[] tables = [TcpFields.V4.Select(f => f.Name), UdpFields.V6.Select(f => f.Name), UdpFields.Quic.Select(f => f.Name),
            UnixFields.All.Select(f => f.Name), NetlinkFields.All.Select(f => f.Name), RouteFields.All.Select(f => f.Name), OwnerFields.All.Select(f => f.Name)];
        Assert.All(tables, names => Assert.Equal(names.Count(), names.Distinct().Count()));
    }

    [Theory]
    [InlineData(udp_sock_flags.UDP_SOCK_QUIC_PACKET, 5000, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_QUIC_PACKET, 0, false)] // not bound
    [InlineData(udp_sock_flags.UDP_SOCK_QUIC_PACKET | udp_sock_flags.UDP_SOCK_TUNNEL, 5000, false)]
    [InlineData((udp_sock_flags)0, 443, false)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF, 5000, false)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF, 443, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF, 853, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF | udp_sock_flags.UDP_SOCK_ECN, 5000, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF | udp_sock_flags.UDP_SOCK_GRO, 5000, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF | udp_sock_flags.UDP_SOCK_GSO, 5000, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF | udp_sock_flags.UDP_SOCK_PKTINFO, 5000, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF | udp_sock_flags.UDP_SOCK_RCVBUF, 5000, true)]
    [InlineData(udp_sock_flags.UDP_SOCK_DF | udp_sock_flags.UDP_SOCK_GRO | udp_sock_flags.UDP_SOCK_TUNNEL, 5000, false)]
    [InlineData(udp_sock_flags.UDP_SOCK_GRO | udp_sock_flags.UDP_SOCK_ECN | udp_sock_flags.UDP_SOCK_PKTINFO | udp_sock_flags.UDP_SOCK_RCVBUF, 443, false)]
    public void Quic_is_what_the_manual_says(udp_sock_flags flags, int port, bool isListed)
    {
        var local = new udp_record { flags = (uint)flags, ends = new endpoints_record { local_port = (ushort)port } };
        Assert.Equal(isListed, QuicEvidence.IsListed(local, 0));
        if (port == 0) return;
        var remote = new udp_record { flags = (uint)flags, ends = new endpoints_record { local_port = 40000, remote_port = (ushort)port } };
        Assert.Equal(isListed, QuicEvidence.IsListed(remote, 0));
    }

    private static void Add<T>(StringBuilder to, string name, Field<NetEntry<T>>[] fields, params T[] records)
        where T : unmanaged
    {
        to.Append($"== {name}\n").Append(Lines(fields, records));
        var names = new NetNames(Fakes.Context());
        foreach (T record in records)
        {
            byte[] json = Text.Bytes(buffer =>
            {
                System.Text.Json.Utf8JsonWriter writer = buffer.StartJson();
                FieldFiles.WriteJson(fields, new NetEntry<T>(in record, names), writer);
                writer.Flush();
            });
            Text.AssertJson(json);
            to.Append(Encoding.UTF8.GetString(json)).Append('\n');
        }
    }

    private static string Lines<T>(Field<NetEntry<T>>[] fields, params T[] records)
        where T : unmanaged
    {
        var names = new NetNames(Fakes.Context());
        byte[] text = Text.Bytes(buffer =>
        {
            Columns.WriteHeader(fields, buffer);
            foreach (T record in records) Columns.WriteLine(fields, new NetEntry<T>(in record, names), buffer);
        });
        Text.AssertSafe(text, "\n");
        return Encoding.UTF8.GetString(text);
    }

    private static sock_record Sock() =>
        new() { inode = 1234567, uid = 1000, refcnt = 2, rx_queue = 2304, tx_queue = 1, drops = 7, prog_mask = 1, known = uint.MaxValue };

    private static endpoints_record Ends(ushort family, ushort state)
    {
        var ends = new endpoints_record { local_port = 8080, remote_port = 51000, family = family, state = state };
        byte[] address = System.Net.IPAddress.Parse(family == 2 ? "192.0.2.1" : "2001:db8::1").GetAddressBytes();
        address.CopyTo(MemoryMarshal.AsBytes(new Span<u8_16>(ref ends.local_address)));
        return ends;
    }

    private static tcp_record Tcp()
    {
        var r = new tcp_record
        {
            sock = Sock(),
            ends = Ends(2, 1),
            flags = 1 | 4,
            pacing_rate = 123456,
            timer = 1,
            timer_expires = 0,
            retransmits = 3,
            probes = 1,
            quick_ack = 4,
            cwnd = 10,
            ssthresh = 7,
            srtt = 8008,
            rttvar = 404,
            min_rtt = 900,
            total_retransmits = 5,
            lost = 2,
            unacked = 6,
            known = ~(uint)tcp_known_flags.TCP_HAS_FASTOPEN,
        };
        "cubic"u8.CopyTo(MemoryMarshal.AsBytes(new Span<char_16>(ref r.congestion)));
        return r;
    }

    private static unix_record Unix(string path)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        var r = new unix_record { sock = Sock(), peer_inode = 77, type = 1, state = 3, flags = 0x10000, path_len = (uint)bytes.Length, known = uint.MaxValue };
        bytes.CopyTo(MemoryMarshal.AsBytes(new Span<char_108>(ref r.path)));
        return r;
    }

    private static route6_record Route()
    {
        var r = new route6_record { destination_len = 32, metric = 1024, refcnt = 2, flags = 3, table = 254, protocol = 16, type = 1, nexthop_id = 5, ifindex = 2, known = uint.MaxValue };
        System.Net.IPAddress.Parse("2001:db8::").GetAddressBytes().CopyTo(MemoryMarshal.AsBytes(new Span<u8_16>(ref r.destination)));
        "eth0"u8.CopyTo(MemoryMarshal.AsBytes(new Span<char_16>(ref r.dev)));
        return r;
    }

    private static sock_owner_record Owner(uint family, uint type, uint protocol, string comm)
    {
        var r = new sock_owner_record { inode = 1234567, netns_ino = 1, pid = 4321, fd = 7, family = family, type = type, protocol = protocol, mark = 0x2a, known = uint.MaxValue };
        Encoding.UTF8.GetBytes(comm).CopyTo(MemoryMarshal.AsBytes(new Span<char_16>(ref r.comm)));
        return r;
    }
}
