using System.Runtime.InteropServices;
using static Fuse.IoUringProtocol;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// An io_uring of one thread with one command on its way at a time: a submission, then the wait for its completion, in one system call.
/// Made, used and closed by that thread (IORING_SETUP_SINGLE_ISSUER).
/// </summary>
internal sealed unsafe class Ring : IDisposable
{
    private const uint Entries = 2;
    private const int SqeSize = 128;
    private readonly int _descriptor;
    private readonly nuint _ringSize;
    private readonly uint _mask;
    private readonly uint _completionMask;
    private readonly uint* _head;
    private readonly uint* _tail;
    private readonly uint* _completionHead;
    private readonly uint* _completionTail;
    private readonly io_uring_cqe* _completions;
    private readonly byte* _ring;
    private readonly byte* _submissions;

    private Ring(int descriptor, in io_uring_params parameters)
    {
        _descriptor = descriptor;
        _mask = parameters.sq_entries - 1;
        _completionMask = parameters.cq_entries - 1;
        nuint submissions = parameters.sq_off.array + (parameters.sq_entries * sizeof(uint));
        nuint completions = parameters.cq_off.cqes + (parameters.cq_entries * (nuint)sizeof(io_uring_cqe));
        _ringSize = Math.Max(submissions, completions);
        _ring = Map(_ringSize, (long)IORING_OFF_SQ_RING);
        _submissions = _ring == null ? null : Map(Entries * SqeSize, (long)IORING_OFF_SQES);
        if (_submissions == null) return;
        _head = (uint*)(_ring + parameters.sq_off.head);
        _tail = (uint*)(_ring + parameters.sq_off.tail);
        _completionHead = (uint*)(_ring + parameters.cq_off.head);
        _completionTail = (uint*)(_ring + parameters.cq_off.tail);
        _completions = (io_uring_cqe*)(_ring + parameters.cq_off.cqes);
        uint* order = (uint*)(_ring + parameters.sq_off.array);
        for (uint i = 0; i < parameters.sq_entries; i++) order[i] = i;
    }

    /// <summary>A ring on which a command has gone forth and back, or null and a positive errno.</summary>
    internal static Ring? TryCreate(out int errno)
    {
        // DEFER_TASKRUN (6.1): the kernel copies a request in when we wait, instead of interrupting whatever this thread does.
        io_uring_params parameters = new() { flags = IORING_SETUP_SQE128 | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN };
        int descriptor = (int)MissingLibC.syscall(MissingLibC.SYS_io_uring_setup, Entries, &parameters);
        errno = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (descriptor < 0) return null;
        Ring ring = new(descriptor, parameters);
        if (ring._submissions == null || (parameters.features & IORING_FEAT_SINGLE_MMAP) == 0)
        {
            errno = ring._submissions == null ? ENOMEM : ENOSYS;
            ring.Dispose();
            return null;
        }
        ring.Next().opcode = (byte)IORING_OP_NOP;
        if (ring.TryWait(out int result, out errno) && result == 0) return ring; // a filter may allow the one call and refuse the other
        if (errno == 0) errno = -result;
        ring.Dispose();
        return null;
    }

    /// <summary>The next submission, cleared, to be filled in; sent by <see cref="TryWait"/> or <see cref="TrySubmit"/>.</summary>
    internal ref io_uring_sqe Next()
    {
        uint tail = *_tail;
        byte* at = _submissions + ((tail & _mask) * SqeSize);
        new Span<byte>(at, SqeSize).Clear();
        Volatile.Write(ref *_tail, tail + 1);
        return ref *(io_uring_sqe*)at;
    }

    /// <summary>Sends what is to be sent and waits for a completion. False: the ring itself failed, with a positive errno.</summary>
    internal bool TryWait(out int result, out int errno)
    {
        errno = 0;
        while (!TryTake(out result))
        {
            errno = Enter(1);
            if (errno != 0) return false;
        }
        return true;
    }

    /// <summary>Sends what is to be sent. 0 or a positive errno.</summary>
    internal int TrySubmit()
    {
        while (*_tail != Volatile.Read(ref *_head))
        {
            int errno = Enter(0);
            if (errno != 0) return errno;
        }
        return 0;
    }

    /// <summary>A completion that is there already: 0, or what the command gave as a negative errno.</summary>
    internal bool TryTake(out int result)
    {
        uint head = *_completionHead;
        result = 0;
        if (head == Volatile.Read(ref *_completionTail)) return false;
        result = _completions[head & _completionMask].res;
        Volatile.Write(ref *_completionHead, head + 1);
        return true;
    }

    private int Enter(uint minComplete)
    {
        uint toSubmit = *_tail - Volatile.Read(ref *_head); // less after a call that was interrupted while it waited
        nint done = MissingLibC.syscall(
            MissingLibC.SYS_io_uring_enter, (nuint)_descriptor, toSubmit, minComplete, (nuint)IORING_ENTER_GETEVENTS, null, 0);
        if (done >= 0) return 0;
        int errno = Marshal.GetLastPInvokeError();
        return errno == EINTR || errno == EAGAIN || errno == EBUSY ? 0 : errno; // EAGAIN: no memory just now
    }

    private byte* Map(nuint size, long offset)
    {
        void* start = mmap(null, (uint)size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, _descriptor, offset);
        return start == MAP_FAILED ? null : (byte*)start;
    }

    public void Dispose()
    {
        if (_submissions != null) munmap(_submissions, Entries * SqeSize);
        if (_ring != null) munmap(_ring, (uint)_ringSize);
        close(_descriptor);
    }
}
