using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>
/// net/quic with QUIC as it is spoken: caddy (quic-go) serves HTTP/3, a client on @matrixai/quic (quiche, prebuilt; from npm) asks. Both are
/// stopped where a packet has to stay in a queue while it is looked at.
/// </summary>
public sealed class QuicTests(QuicTests.Fixture fixture) : IClassFixture<QuicTests.Fixture>
{
    private const string Client =
        """
        import { QUICClient } from '@matrixai/quic';
        import { randomFillSync } from 'node:crypto';
        await QUICClient.createQUICClient({
            host: '127.0.0.1', port: Number(process.argv[2]), localHost: '127.0.0.1',
            config: { verifyPeer: false, applicationProtos: ['h3'], maxIdleTimeout: 60000 },
            crypto: { ops: { randomBytes: async (data) => { randomFillSync(new Uint8Array(data)); } } },
        }, { timer: 60000 });
        console.log('connected');
        setInterval(() => {}, 1000);
        """;

    public sealed class Fixture : IDisposable
    {
        public Fixture()
        {
            string root = ViewBinary.Repository(), installed = Path.Combine(root, "out", "quic");
            Tool.Run(Path.Combine(root, "tests/Mount/Net/install-quic"), installed).Succeeded();
            File.CreateSymbolicLink(Directory.At("node_modules"), Path.Combine(installed, "node_modules")); // where node looks, beside the client
            File.WriteAllText(Directory.At("client.mjs"), Client);
            View = new MountedView();
        }

        public TemporaryDirectory Directory { get; } = new();

        public MountedView View { get; }

        public void Dispose()
        {
            View.Dispose();
            Directory.Dispose();
        }
    }

    private readonly MountedView _view = fixture.View;
    private readonly TemporaryDirectory _directory = fixture.Directory;

    [Fact]
    public void Quic_is_listed_with_what_tells_it()
    {
        int port = FreePort();
        using Daemon server = Caddy(port);
        Assert.True(Poll.Until(() => HasCertificate(port), 30), server.Log); // it listens before it has made one
        // idle, by how it is set up
        Assert.True(Poll.Until(() => Evidence(r => r.GetProperty("local_port").GetInt32() == port).Length > 0, 30), server.Log + _view.Read("net/udp6") + _view.Read("net/udp"));
        string[] idle = Evidence(r => r.GetProperty("local_port").GetInt32() == port);
        Assert.Contains("df", idle);
        Assert.DoesNotContain("packet", idle);
        Assert.True(idle.Length >= 2);

        // the client's first packet waits for a server that does not read
        server.Signal("STOP");
        using Daemon client = new(_directory, "node", _directory.At("client.mjs"), $"{port}");
        Assert.True(Poll.Until(() => Evidence(r => r.GetProperty("local_port").GetInt32() == port).Contains("packet"), 30), client.Log + _view.Read("net/quic"));
        JsonElement listening = Rows("quic").First(r => r.GetProperty("local_port").GetInt32() == port);
        Assert.True(listening.GetProperty("rx_queue").GetInt32() > 1200); // an Initial fills 1200 bytes (RFC 9000, 14.1)

        // and the server's answer for a client that does not
        client.Signal("STOP");
        string[] inodes = InodesOf(client.Id);
        Assert.DoesNotContain(Rows("quic"), r => inodes.Contains(Inode(r)));
        server.Signal("CONT");
        Assert.True(Poll.Until(() => Evidence(r => inodes.Contains(Inode(r))).SequenceEqual(["packet"]), 30), server.Log + _view.Read("net/quic"));
        client.Signal("CONT");
        Assert.True(Poll.Until(() => client.Log.Contains("connected", StringComparison.Ordinal), 30), client.Log + server.Log);
        string line = File.ReadAllLines(_view.At("net/quic")).Single(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1] == $"{port}");
        Assert.Contains(" df,", line, StringComparison.Ordinal);
    }

    [Fact]
    public void Plain_udp_is_not()
    {
        using NetNamespace ns = new(); // for ports that may be taken here
        // a DNS question and its answer wait in queues; an echo; port 443 without QUIC, and text, TLS and DTLS on it; big datagrams with GSO; a tunnel
        using PythonHolder holder = new(
            """
            import socket, struct
            keep = []
            def udp(port, family=socket.AF_INET, address='127.0.0.1'):
                u = socket.socket(family, socket.SOCK_DGRAM); u.bind((address, port)); keep.append(u)
                return u
            question = struct.pack('>HHHHHH', 0xc0ff, 0x0100, 1, 0, 0, 0) + b'\3www\7example\3org\0\0\1\0\1'
            for port in 53, 7, 443, 853, 4433:
                for family, address in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
                    server, client = udp(port, family, address), udp(0, family, address)
                    client.connect(server.getsockname())
                    for data in question, b'hello', b'Hello, \xc0\xc1', b'\x16\xfe\xfd' + bytes(200), b'\xc0\x00\x00\x00\x02' + bytes(1195), b'\xc0\x00\x00\x00\x01\xff' + bytes(1194), b'\x40' * 1200, b'\xc0':
                        client.send(data); server.sendto(data, client.getsockname())
            segments = udp(0); segments.setsockopt(socket.IPPROTO_UDP, 103, 1200); segments.setsockopt(socket.IPPROTO_UDP, 104, 1) # UDP_SEGMENT, UDP_GRO
            fragments = udp(0); fragments.setsockopt(socket.IPPROTO_IP, 10, 2)    # IP_MTU_DISCOVER, IP_PMTUDISC_DO: alone it is not enough
            tunnel = udp(4500); tunnel.setsockopt(socket.IPPROTO_UDP, 100, 2); tunnel.setsockopt(socket.IPPROTO_IP, 10, 2) # UDP_ENCAP, ESP in UDP
            tunnel.setsockopt(socket.IPPROTO_UDP, 104, 1)
            print('ready', flush=True)
            """, ns);
        ToolResult listed = ns.Shell("cat \"$1\"/net/quic; cat \"$1\"/net/udp \"$1\"/net/udp6 | grep -v remote_address | wc -l", _view.Root).Succeeded();
        string[] lines = listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.True(lines.Length == 2, listed.Output);
        Assert.Equal("23", lines[1].Trim());
        string options = ns.Shell("cat \"$1\"/net/udp", _view.Root).Output;
        foreach (string wanted in (string[])[" gro,gso ", " df ", " df,gro,tunnel "]) Assert.Contains(wanted, options, StringComparison.Ordinal);
    }

    [Fact]
    public void A_quic_packet_is_known_anywhere_in_a_queue()
    {
        using NetNamespace ns = new();
        using PythonHolder holder = new(
            """
            import socket
            keep = []
            for family, address in (socket.AF_INET, '127.0.0.1'), (socket.AF_INET6, '::1'):
                for version in b'\0\0\0\1', b'\x6b\x33\x43\xcf', b'\xff\0\0\x1d', b'\x1a\x2a\x3a\x4a':
                    u = socket.socket(family, socket.SOCK_DGRAM); u.bind((address, 0)); keep.append(u)
                    u.sendto(b'', u.getsockname()); u.sendto(b'plain', u.getsockname()); u.sendto(b'\xc3' + version + b'\x08' + bytes(1194), u.getsockname())
            print('ready', flush=True)
            """, ns);
        string[] lines = ns.Shell("cat \"$1\"/net/quic", _view.Root).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(9, lines.Length);
        Assert.All(lines[1..], line => Assert.Contains(" packet ", line, StringComparison.Ordinal));
    }

    [Fact]
    public void Each_option_is_told_of_sockets_of_both_families()
    {
        using NetNamespace ns = new();
        // level, IP_MTU_DISCOVER, IP_RECVTOS, IP_PKTINFO and their like of IPv6; values of the first: DONT, WANT, DO, PROBE, INTERFACE, OMIT
        using PythonHolder holder = new(
            """
            import socket
            keep = []
            def udp(family, address, port, *options):
                u = socket.socket(family, socket.SOCK_DGRAM); u.bind((address, port)); keep.append(u)
                for level, name, value in options: u.setsockopt(level, name, value)
            for family, address, level, discover, tos, pktinfo in (socket.AF_INET, '127.0.0.1', 0, 10, 13, 8), (socket.AF_INET6, '::1', 41, 23, 66, 49):
                for value in range(6): udp(family, address, 100 + value, (level, discover, value))
                udp(family, address, 110, (level, tos, 1))
                udp(family, address, 111, (level, pktinfo, 1))
                udp(family, address, 112, (17, 104, 1))
                udp(family, address, 113, (17, 103, 1400))
                udp(family, address, 114, (1, 8, 100000))
                udp(family, address, 115, (level, discover, 2), (level, tos, 1), (level, pktinfo, 1), (17, 104, 1), (1, 8, 100000))
            print('ready', flush=True)
            """, ns);
        string[] expected = ["100 -", "101 -", "102 df", "103 df", "104 -", "105 -", "110 ecn", "111 pktinfo", "112 gro", "113 gso", "114 rcvbuf", "115 df,ecn,gro,pktinfo,rcvbuf"];
        foreach (string table in (string[])["udp", "udp6"])
        {
            string[] lines = ns.Shell("cat \"$1/net/$2\"", _view.Root, table).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            int options = Array.IndexOf(Words(lines[0]), "options");
            Assert.Equal(expected, lines[1..].Select(Words).Select(w => $"{w[1]} {w[options]}").Order(StringComparer.Ordinal));
        }

        static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private JsonElement[] Rows(string table) => [.. JsonDocument.Parse(File.ReadAllBytes(_view.At($"net/{table}.json"))).RootElement.EnumerateArray()];

    private string[] Evidence(Func<JsonElement, bool> isWanted) =>
        [.. Rows("quic").Where(isWanted).SelectMany(r => r.GetProperty("evidence").EnumerateArray()).Select(e => e.GetString()!)];

    private static string Inode(JsonElement row) => row.TryGetProperty("inode", out JsonElement inode) ? inode.GetRawText() : "";

    private static string[] InodesOf(int pid) => [.. Directory.GetFiles($"/proc/{pid}/fd").Select(f => new FileInfo(f).LinkTarget ?? "")
        .Where(t => t.StartsWith("socket:[", StringComparison.Ordinal)).Select(t => t[8..^1])];

    /// <summary>Whether a handshake over TCP, at the same port, succeeds.</summary>
    private static bool HasCertificate(int port)
    {
        try
        {
            using TcpClient client = new("127.0.0.1", port);
#pragma warning disable CA5359 // its own authority made it, just now
            using SslStream stream = new(client.GetStream(), leaveInnerStreamOpen: false, (_, _, _, _) => true);
#pragma warning restore CA5359
            stream.AuthenticateAsClient("127.0.0.1");
            return true;
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using Socket socket = new(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.IPv6Any, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private Daemon Caddy(int port)
    {
        File.WriteAllText(_directory.At("Caddyfile"),
            $$"""
            {
            	admin off
            	auto_https disable_redirects
            	skip_install_trust
            	local_certs
            	storage file_system {{_directory.At("store")}}
            }
            https://127.0.0.1:{{port}} {
            	respond "hello"
            }

            """);
        return new Daemon(_directory, Unpacked.Caddy, "run", "--config", _directory.At("Caddyfile"), "--adapter", "caddyfile");
    }
}
