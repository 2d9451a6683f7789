using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace BpfFs.Attachments;

/// <summary>
/// Dumps by rtnetlink(7): what bpf(2) does not tell of devices and traffic control. Of the network namespace that the thread was in that opened it.
/// </summary>
internal sealed unsafe class Netlink : IDisposable
{
    public const ushort RTM_GETLINK = 18;
    public const ushort RTM_GETQDISC = 38;
    public const ushort RTM_GETTCLASS = 42;
    public const ushort RTM_GETTFILTER = 46;

    private const int AF_NETLINK = 16;
    private const int SOCK_RAW_CLOEXEC = 3 | 0x80000;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort NLM_F_REQUEST_DUMP = 0x1 | 0x300;
    private const int HeaderSize = 16; // struct nlmsghdr: len, type, flags, seq, pid
    private readonly byte[] _buffer = new byte[32 * 1024]; // NLMSG_GOODSIZE: the kernel fills no more
    private int _socket;
    private uint _sequence;

    private Netlink(int socket) => _socket = socket;

    /// <summary>Sees one message of a dump: what follows its header.</summary>
    public delegate void Visitor(ReadOnlySpan<byte> message);

    /// <summary>Null with the errno where there is no netlink.</summary>
    public static Netlink? TryOpen(out int errno)
    {
        int fd = socket(AF_NETLINK, SOCK_RAW_CLOEXEC, 0);
        errno = fd < 0 ? LibC.errno : 0;
        return fd < 0 ? null : new Netlink(fd);
    }

    /// <summary>Sends a dump request whose body is <paramref name="body"/> and shows every message of the answer; 0 or an errno.</summary>
    public int Dump(ushort type, ReadOnlySpan<byte> body, Visitor visit)
    {
        Span<byte> request = stackalloc byte[HeaderSize + body.Length];
        MemoryMarshal.Write(request, (uint)request.Length);
        MemoryMarshal.Write(request[4..], type);
        MemoryMarshal.Write(request[6..], NLM_F_REQUEST_DUMP);
        MemoryMarshal.Write(request[8..], ++_sequence);
        MemoryMarshal.Write(request[12..], 0u);
        body.CopyTo(request[HeaderSize..]);
        fixed (byte* start = request)
        {
            if ((long)send(_socket, start, request.Length, 0) < 0) return LibC.errno;
        }
        while (true)
        {
            long got;
            fixed (byte* start = _buffer) got = (long)recv(_socket, start, _buffer.Length, 0);
            if (got < 0 && LibC.errno == EINTR) continue;
            if (got <= 0) return got < 0 ? LibC.errno : EPROTO;
            if (Take(_buffer.AsSpan(0, (int)got), visit, out int errno)) return errno;
        }
    }

    /// <summary>The payload of the first attribute of a type; empty: there is none. Attributes are aligned to 4 bytes: length, type, payload.</summary>
    public static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> attributes, ushort type)
    {
        const ushort typeMask = 0x3FFF; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        while (attributes.Length >= 4)
        {
            int length = MemoryMarshal.Read<ushort>(attributes);
            if (length < 4 || length > attributes.Length) break;
            if ((MemoryMarshal.Read<ushort>(attributes[2..]) & typeMask) == type) return attributes[4..length];
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }
        return default;
    }

    /// <summary>A number of 4 bytes; 0: the attribute is missing.</summary>
    public static uint Number(ReadOnlySpan<byte> attributes, ushort type) =>
        Attribute(attributes, type) is { Length: >= 4 } payload ? MemoryMarshal.Read<uint>(payload) : 0;

    /// <summary>Text up to its NUL.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> attributes, ushort type)
    {
        ReadOnlySpan<byte> payload = Attribute(attributes, type);
        int end = payload.IndexOf((byte)0);
        return end < 0 ? payload : payload[..end];
    }

    public void Dispose()
    {
        if (_socket >= 0) close(_socket);
        _socket = -1;
    }

    /// <summary>Shows the messages of one datagram; true: the dump has ended.</summary>
    private bool Take(ReadOnlySpan<byte> datagram, Visitor visit, out int errno)
    {
        errno = 0;
        while (datagram.Length >= HeaderSize)
        {
            int length = (int)MemoryMarshal.Read<uint>(datagram);
            ushort type = MemoryMarshal.Read<ushort>(datagram[4..]);
            if (length < HeaderSize || length > datagram.Length) break;
            bool isOurs = MemoryMarshal.Read<uint>(datagram[8..]) == _sequence;
            ReadOnlySpan<byte> message = datagram[HeaderSize..length];
            if (isOurs && type == NLMSG_DONE) return true;
            if (isOurs && type == NLMSG_ERROR)
            {
                errno = message.Length >= 4 ? -MemoryMarshal.Read<int>(message) : EPROTO;
                return true;
            }
            if (isOurs) visit(message);
            datagram = datagram[Math.Min((length + 3) & ~3, datagram.Length)..];
        }
        return false;
    }
}
