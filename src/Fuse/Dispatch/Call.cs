using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>A request on its way through a handler: what came, and where the answer goes.</summary>
internal ref struct Call
{
    internal readonly ReadOnlySpan<byte> Body;
    internal readonly Span<byte> Payload;
    internal readonly Request Request;
    internal readonly ulong Node;
    internal int Length;

    internal Call(in fuse_in_header header, Lane lane, ReadOnlySpan<byte> body, Span<byte> payload)
    {
        Request = new Request(header, lane);
        Node = header.nodeid;
        Body = body;
        Payload = payload;
    }

    /// <summary>The beginning of the body. The table has checked that it is long enough.</summary>
    internal readonly T In<T>() where T : unmanaged => MemoryMarshal.Read<T>(Body);

    internal void Out<T>(in T value) where T : unmanaged
    {
        MemoryMarshal.Write(Payload, value);
        Length = Unsafe.SizeOf<T>();
    }

    /// <summary>As much of the payload as the caller has room for.</summary>
    internal readonly Span<byte> Room(uint size) => Payload[..(int)Math.Min(size, (uint)Payload.Length)];

    /// <summary>A count that a file system gave back, held against the room it had.</summary>
    internal int Fill(int errno, int length, int room)
    {
        if (errno != 0) return errno;
        if ((uint)length > (uint)room) throw new InvalidOperationException($"claims {length} bytes where {room} have room");
        Length = length;
        return 0;
    }
}
