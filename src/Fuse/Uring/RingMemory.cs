using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// The memory of one ring entry: the header that both sides write, room to put a request together as /dev/fuse would give it, and the
/// payload. Outside the garbage collector's reach and only touched as far as requests need.
/// </summary>
internal sealed unsafe class RingMemory : IDisposable
{
    private const int Page = 4096;
    private const int RequestSize = 32 * Page; // as WorkerBuffers
    private const int Size = Page + RequestSize + ControlHandlers.MaxRead;
    private byte* _start;

    private RingMemory(byte* start, int payload)
    {
        _start = start;
        Vectors[0] = new iovec { iov_base = start, iov_len = sizeof(fuse_uring_req_header) };
        Vectors[1] = new iovec { iov_base = start + Page + RequestSize, iov_len = payload };
    }

    /// <summary>Null: there is no memory.</summary>
    internal static RingMemory? TryCreate(int payload)
    {
        void* start = mmap(null, Size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return start == MAP_FAILED ? null : new RingMemory((byte*)start, payload);
    }

    /// <summary>Two of them, for FUSE_IO_URING_CMD_REGISTER: header and payload.</summary>
    internal iovec* Vectors => (iovec*)(_start + Page - (2 * sizeof(iovec)));

    internal ref fuse_uring_req_header Header => ref *(fuse_uring_req_header*)_start;

    internal Span<byte> Payload => new(_start + Page + RequestSize, ControlHandlers.MaxRead);

    /// <summary>
    /// The request in one piece: header, the part of the body that came beside it, the part that came as payload (names). Copied, because the
    /// payload is also where the answer goes. Empty if the lengths do not fit together.
    /// </summary>
    internal ReadOnlySpan<byte> Request()
    {
        ref fuse_uring_req_header from = ref Header;
        fixed (byte* head = from.in_out, body = from.op_in)
        {
            uint length = ((fuse_in_header*)head)->len;
            uint payload = from.ring_ent_in_out.payload_sz;
            long beside = (long)length - sizeof(fuse_in_header) - payload;
            if (beside is < 0 or > 128 || length > RequestSize) return [];
            Span<byte> whole = new(_start + Page, (int)length);
            new ReadOnlySpan<byte>(head, sizeof(fuse_in_header)).CopyTo(whole);
            new ReadOnlySpan<byte>(body, (int)beside).CopyTo(whole[sizeof(fuse_in_header)..]);
            if (payload > 0) Payload[..(int)payload].CopyTo(whole[(sizeof(fuse_in_header) + (int)beside)..]);
            return whole;
        }
    }

    /// <summary>Puts the answer's header and length where the kernel looks for them. An answer that is not wanted is 0 all the same.</summary>
    internal void Answer(ulong unique, in Answer answer)
    {
        ref fuse_uring_req_header to = ref Header;
        int length = answer.IsWanted ? answer.Length : 0;
        fuse_out_header header = new()
        {
            len = (uint)(sizeof(fuse_out_header) + length),
            error = answer.IsWanted ? -answer.Errno : 0,
            unique = unique,
        };
        fixed (byte* head = to.in_out) MemoryMarshal.Write(new Span<byte>(head, sizeof(fuse_out_header)), header);
        to.ring_ent_in_out.payload_sz = (uint)length;
    }

    public void Dispose()
    {
        if (_start != null) munmap(_start, Size);
        _start = null;
    }
}
