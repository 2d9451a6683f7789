using System.Net;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Objects;

/// <summary>A socket in a map as a JSON object: what finds it elsewhere (inode, cookie, network namespace), and what it is.</summary>
internal static class SocketText
{
    private const uint AF_UNIX = 1;
    private const uint AF_INET = 2;
    private const uint AF_INET6 = 10;
    private const uint AF_VSOCK = 40;

    /// <summary>TCP_*, include/net/tcp_states.h; other protocols use some of them.</summary>
    private static readonly string[] s_states =
        ["", "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2", "time_wait", "close", "close_wait", "last_ack", "listen", "closing", "new_syn_recv", "bound_inactive"];

    public static void Append(in map_socket_record socket, TextBuffer to)
    {
        var known = (map_socket_known_flags)socket.known;
        bool hasAddress = socket.family is AF_INET or AF_INET6;
        to.Append("{"u8);
        if ((known & map_socket_known_flags.MAP_SOCKET_HAS_INODE) != 0)
        {
            to.Append("\"inode\":"u8);
            to.Append(socket.ino);
            to.Append(","u8);
        }
        to.Append("\"cookie\":"u8);
        to.Append(socket.cookie);
        if ((known & map_socket_known_flags.MAP_SOCKET_HAS_NET_NS) != 0) AppendName(to, "net_ns", "", socket.net_ns);
        if ((known & map_socket_known_flags.MAP_SOCKET_HAS_FAMILY) != 0) AppendName(to, "family", FamilyOf(socket.family), socket.family);
        if ((known & map_socket_known_flags.MAP_SOCKET_HAS_TYPE) != 0) AppendName(to, "type", TypeOf(socket.type), socket.type);
        if (hasAddress && (known & map_socket_known_flags.MAP_SOCKET_HAS_PROTOCOL) != 0) AppendName(to, "protocol", ProtocolOf(socket.protocol), socket.protocol);
        if ((known & map_socket_known_flags.MAP_SOCKET_HAS_STATE) != 0) AppendName(to, "state", socket.state < s_states.Length ? s_states[socket.state] : "", socket.state);
        if (hasAddress && (known & map_socket_known_flags.MAP_SOCKET_HAS_LOCAL) != 0) AppendAddress(to, "local", socket.family, socket.local, socket.local_port);
        if (socket.remote_port != 0 && (known & map_socket_known_flags.MAP_SOCKET_HAS_REMOTE) != 0) AppendAddress(to, "remote", socket.family, socket.remote, socket.remote_port);
        to.Append((byte)'}');
    }

    /// <summary>A socket of which bpf(2) tells the cookie, or nothing but that it is there.</summary>
    public static void AppendCookie(ulong? cookie, TextBuffer to)
    {
        to.Append((byte)'{');
        if (cookie is { } known)
        {
            to.Append("\"cookie\":"u8);
            to.Append(known);
        }
        to.Append((byte)'}');
    }

    private static void AppendName(TextBuffer to, string key, string name, uint number)
    {
        AppendAscii(to, $",\"{key}\":");
        if (name.Length == 0) to.Append((ulong)number);
        else AppendAscii(to, $"\"{name}\"");
    }

    private static void AppendAddress(TextBuffer to, string key, uint family, ReadOnlySpan<byte> address, uint port) =>
        AppendAscii(to, $",\"{key}\":\"{new IPEndPoint(new IPAddress(address[..(family == AF_INET ? 4 : 16)]), (int)port)}\"");

    private static void AppendAscii(TextBuffer to, string text)
    {
        System.Text.Encoding.ASCII.TryGetBytes(text, to.Room(text.Length), out int written);
        to.Advance(written);
    }

    private static string FamilyOf(uint family) => family switch
    {
        AF_UNIX => "unix",
        AF_INET => "inet",
        AF_INET6 => "inet6",
        AF_VSOCK => "vsock",
        _ => "",
    };

    private static string TypeOf(uint type) => type switch
    {
        1 => "stream",
        2 => "dgram",
        3 => "raw",
        5 => "seqpacket",
        _ => "",
    };

    private static string ProtocolOf(uint protocol) => protocol switch
    {
        1 => "icmp",
        6 => "tcp",
        17 => "udp",
        58 => "icmpv6",
        132 => "sctp",
        262 => "mptcp",
        _ => "",
    };
}
