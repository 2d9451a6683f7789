using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>The sockets in maps.</summary>
public sealed class SocketElementsTests(PlainView view) : IClassFixture<PlainView>
{
    private static readonly string? s_sockmapRefusal = KernelRefuses.Iterator("sockmap");

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Of_a_sockmap(int valueSize)
    {
        using BpfMap map = BpfMap.Create("s_map", MapType.Sockmap, 4, valueSize, 4);
        using var pair = new Connection();
        map.Update(2, (ulong)pair.Client.Handle);
        string line = Assert.Single(File.ReadAllLines(view.Of(map, "entries")));
        if (s_sockmapRefusal is not null)
        {
            // as bpf(2) tells: an array has every index, so without cookies nobody knows which are in use
            if (valueSize == 8) Assert.Equal($"02 00 00 00\t{{\"cookie\":{Cookie(pair.Client)}}}", line);
            else Assert.StartsWith("# bpf(2) gives out cookies of sockets only where values have 8 bytes, and iter/sockmap is missing (", line, StringComparison.Ordinal);
            return;
        }
        string[] parts = line.Split('\t');
        Assert.Equal("02 00 00 00", parts[0]);
        Same(pair.Client, parts[1], "established");
        using var unused = JsonDocument.Parse(parts[1]);
        Assert.Equal($"{pair.Client.RemoteEndPoint}", unused.RootElement.GetProperty("remote").GetString());
        pair.Client.Close();
        Assert.True(Poll.Until(() => File.ReadAllText(view.Of(map, "entries")).Length == 0));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    public void Of_a_sockhash(int valueSize)
    {
        using BpfMap map = BpfMap.Create("s_hash", MapType.Sockhash, 13, valueSize, 4);
        using var pair = new Connection();
        byte[] key = [.. Enumerable.Range(1, 13).Select(i => (byte)i)];
        map.Update(key, BitConverter.GetBytes((ulong)pair.Listener.Handle).AsSpan(0, valueSize));
        string[] parts = Assert.Single(File.ReadAllLines(view.Of(map, "entries"))).Split('\t');
        Assert.Equal("01 02 03 04 05 06 07 08 09 0a 0b 0c 0d", parts[0]);
        if (s_sockmapRefusal is null) Same(pair.Listener, parts[1], "listen");
        else Assert.Equal(valueSize == 8 ? $"{{\"cookie\":{Cookie(pair.Listener)}}}" : "{}", parts[1]);
        pair.Listener.Close();
        Assert.True(Poll.Until(() => File.ReadAllText(view.Of(map, "entries")).Length == 0));
    }

    [Fact]
    public void Of_a_socket_storage_without_its_iterator()
    {
        if (KernelRefuses.Iterator("bpf_sk_storage_map") is null) return; // as below
        using var loaded = new BtfObject("sockets");
        using BpfMap map = loaded.Map("notes", MapType.SkStorage, 4, 16);
        Assert.StartsWith("# values belong to sockets, and iter/bpf_sk_storage_map is missing (", Assert.Single(File.ReadAllLines(view.Of(map, "entries"))), StringComparison.Ordinal);
        Assert.Contains("\niterator:\tsk_storage_records missing: ", view.Read("status"), StringComparison.Ordinal);
    }

    [IteratorFact("bpf_sk_storage_map")]
    public void Of_a_socket_storage()
    {
        using var loaded = new BtfObject("sockets");
        using BpfMap map = loaded.Map("notes", MapType.SkStorage, 4, 16);
        using var tcp = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        using var local = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        tcp.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        tcp.Listen();
        map.Update(BitConverter.GetBytes((uint)tcp.Handle), [7, 0, 0, 0, .. "one\0\0\0\0\0\0\0\0\0"u8]);
        map.Update(BitConverter.GetBytes((uint)local.Handle), [8, 0, 0, 0, .. "two\0\0\0\0\0\0\0\0\0"u8]);
        Dictionary<string, string> lines = File.ReadAllLines(view.Of(map, "entries")).Select(l => l.Split('\t')).ToDictionary(p => p[1], p => p[0]);
        Assert.Equal(2, lines.Count);
        Same(tcp, lines["{\"number\":7,\"text\":\"one\"}"], "listen");
        string unix = lines["{\"number\":8,\"text\":\"two\"}"];
        using var json = JsonDocument.Parse(unix);
        Assert.Equal("unix", json.RootElement.GetProperty("family").GetString());
        Assert.Equal(InodeOf(local), json.RootElement.GetProperty("inode").GetInt64());
        Assert.Contains("Permission denied", Tool.AsNobody("cat $1", view.Of(map, "entries")).Errors, StringComparison.Ordinal);
    }

    [IteratorFact("bpf_sk_storage_map")]
    public void Ten_thousand_sockets()
    {
        using var loaded = new BtfObject("sockets");
        using BpfMap map = loaded.Map("notes", MapType.SkStorage, 4, 16);
        List<Socket> sockets = [];
        try
        {
            for (uint i = 0; i < 10_000; i++)
            {
                sockets.Add(new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified));
                map.Update(BitConverter.GetBytes((uint)sockets[^1].Handle), [.. BitConverter.GetBytes(i), .. new byte[12]]);
            }
            string[] lines = File.ReadAllLines(view.Of(map, "entries"));
            Assert.Equal(Enumerable.Range(0, 10_000), lines.Select(l => JsonDocument.Parse(l.Split('\t')[1]).RootElement.GetProperty("number").GetInt32()).Order());
        }
        finally
        {
            foreach (Socket socket in sockets) socket.Dispose();
        }
    }

    private static void Same(Socket socket, string json, string state)
    {
        using var parsed = JsonDocument.Parse(json);
        JsonElement found = parsed.RootElement;
        Assert.Equal(InodeOf(socket), found.GetProperty("inode").GetInt64());
        Assert.Equal("tcp", found.GetProperty("protocol").GetString());
        Assert.Equal(state, found.GetProperty("state").GetString());
        Assert.Equal($"{socket.LocalEndPoint}", found.GetProperty("local").GetString());
        Assert.Equal(Cookie(socket), found.GetProperty("cookie").GetUInt64());
        Assert.Equal(new FileInfo("/proc/self/ns/net").LinkTarget, $"net:[{found.GetProperty("net_ns").GetUInt32()}]");
    }

    private static ulong Cookie(Socket socket)
    {
        Span<byte> cookie = stackalloc byte[8];
        socket.GetRawSocketOption(1 /* SOL_SOCKET */, 57 /* SO_COOKIE */, cookie);
        return BitConverter.ToUInt64(cookie);
    }

    private static long InodeOf(Socket socket) =>
        long.Parse(new FileInfo($"/proc/self/fd/{socket.Handle}").LinkTarget!["socket:[".Length..^1], System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>A listener, and a client that is connected to it.</summary>
    private sealed class Connection : IDisposable
    {
        public Connection()
        {
            Listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            Listener.Listen();
            Client.Connect(Listener.LocalEndPoint!);
        }

        public Socket Listener { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public Socket Client { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public void Dispose()
        {
            Client.Dispose();
            Listener.Dispose();
        }
    }
}
