using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>BPF programs and maps that hang on sockets.</summary>
public sealed class NetProgramTests(PlainView view) : IClassFixture<PlainView>
{
    private const int SOL_SOCKET = 1;
    private const int SO_ATTACH_BPF = 50;
    private const int SO_ATTACH_FILTER = 26;
    private const int SO_ATTACH_REUSEPORT_EBPF = 52;
    private const int SO_REUSEPORT = 15;
    private const uint BPF_SK_SKB_STREAM_VERDICT = 5;
    private const uint BPF_SK_MSG_VERDICT = 7;

    [Fact]
    public void Every_way_to_hang_on_a_socket_shows()
    {
        using BtfObject loaded = new("socks");
        using Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.SetRawSocketOption(SOL_SOCKET, SO_REUSEPORT, BitConverter.GetBytes(1));
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        udp.SetRawSocketOption(SOL_SOCKET, SO_ATTACH_BPF, BitConverter.GetBytes(loaded.ProgramFd("a_filter_with_a_long_name")));
        udp.SetRawSocketOption(SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, BitConverter.GetBytes(loaded.ProgramFd("sock_choice")));

        using BpfMap notes = loaded.Map("sock_notes", MapType.SkStorage, 4, 8), more = loaded.Map("sock_more_notes", MapType.SkStorage, 4, 8);
        notes.Update((uint)udp.Handle, 1);
        more.Update((uint)udp.Handle, 2);

        using BpfMap socks = loaded.Map("socks", MapType.Sockmap, 4, 8);
        Attach(socks, loaded.ProgramFd("sock_verdict"), BPF_SK_SKB_STREAM_VERDICT);
        Attach(socks, loaded.ProgramFd("sock_message"), BPF_SK_MSG_VERDICT);
        using Socket listener = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Loopback, 0));
        listener.Listen();
        using Socket tcp = new(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp);
        tcp.Connect(listener.LocalEndPoint!);
        socks.Update(0, (ulong)tcp.Handle);

        Assert.Equal(
            $$"""[{"attach":"filter","id":{{loaded.ProgramId("a_filter_with_a_long_name")}},"name":"a_filter_with_a_long_name"},{"attach":"reuseport","id":{{loaded.ProgramId("sock_choice")}},"name":"sock_choice"}]""",
            Row("udp", udp).GetProperty("progs").GetRawText());
        Assert.Equal(
            $$"""[{"attach":"msg_verdict","id":{{loaded.ProgramId("sock_message")}},"name":"sock_message"},{"attach":"stream_verdict","id":{{loaded.ProgramId("sock_verdict")}},"name":"sock_verdict"}]""",
            Row("tcp6", tcp).GetProperty("progs").GetRawText());
        Assert.Equal(
            [$$"""{"id":{{notes.Id}},"name":"sock_notes"}""", $$"""{"id":{{more.Id}},"name":"sock_more_notes"}"""],
            Row("udp", udp).GetProperty("sk_storage").EnumerateArray().Select(m => m.GetRawText()).OrderBy(m => m.Contains("more", StringComparison.Ordinal)));
        string line = Assert.Single(File.ReadAllLines(view.At("net/udp")), l => l.Contains($" {InodeOf(udp)} ", StringComparison.Ordinal));
        Assert.Contains($" filter:{loaded.ProgramId("a_filter_with_a_long_name")}:a_filter_with_a_long_name,reuseport:{loaded.ProgramId("sock_choice")}:sock_choice ", line, StringComparison.Ordinal);
        Assert.False(Row("tcp6", listener).TryGetProperty("progs", out _));
        Assert.False(Row("tcp6", tcp).TryGetProperty("sk_storage", out _));
    }

    [Fact]
    public unsafe void A_classic_filter_has_no_id()
    {
        using Socket udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        udp.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        ulong instruction = 0x00040000_00000006; // ret #262144
        Span<byte> filter = stackalloc byte[16]; // struct sock_fprog
        MemoryMarshal.Write(filter, (ushort)1);
        MemoryMarshal.Write(filter[8..], (ulong)&instruction);
        udp.SetRawSocketOption(SOL_SOCKET, SO_ATTACH_FILTER, filter);
        Assert.Equal("""[{"attach":"filter","name":"classic"}]""", Row("udp", udp).GetProperty("progs").GetRawText());
    }

    private JsonElement Row(string table, Socket socket)
    {
        ulong inode = InodeOf(socket);
        return Assert.Single(JsonDocument.Parse(File.ReadAllBytes(view.At($"net/{table}.json"))).RootElement.EnumerateArray(),
            row => row.TryGetProperty("inode", out JsonElement value) && value.GetUInt64() == inode);
    }

    private static ulong InodeOf(Socket socket)
    {
        string target = new FileInfo($"/proc/self/fd/{socket.Handle}").LinkTarget!; // socket:[INODE]
        return ulong.Parse(target[8..^1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static unsafe void Attach(BpfMap map, int program, uint type)
    {
        Bpf.words_attr attr = default; // target_fd, attach_bpf_fd, attach_type, attach_flags
        attr.words[0] = (uint)map.Fd;
        attr.words[1] = (uint)program;
        attr.words[2] = type;
        Bpf.Call(Bpf.BPF_PROG_ATTACH, ref attr, "attach to a sockmap");
    }
}
