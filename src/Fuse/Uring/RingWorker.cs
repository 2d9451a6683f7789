using System.Runtime.InteropServices;
using static Fuse.FuseProtocol;
using static Fuse.IoUringProtocol;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// A thread with a ring of its own, on which one entry of a queue comes and goes: with a request up, with the answer down, in one system call.
/// </summary>
internal sealed unsafe class RingWorker(RingPool pool, RingQueue queue, Lane lane)
{
    private Ring _ring = null!;
    private RingMemory _memory = null!;
    private ulong _seen;
    private ulong _lastFile;

    /// <summary>The node of the last READ or OPEN, 0 if there was none.</summary>
    internal ulong LastFile => Volatile.Read(ref _lastFile);

    /// <summary>Whether it is at the request it was at the last time; the supervisor's alone.</summary>
    internal bool IsAtTheSame()
    {
        ulong now = lane.Unique;
        bool isSame = now != 0 && now == _seen;
        _seen = now;
        return isSame;
    }

    internal void Run()
    {
        Processors.Pin(queue.Id, pool.Allowed);
        using RingMemory? memory = RingMemory.TryCreate(pool.PayloadSize);
        int errno = ENOMEM;
        using Ring? ring = memory is null ? null : Ring.TryCreate(out errno);
        if (memory is null || ring is null)
        {
            pool.Prepared(errno);
            return;
        }
        (_ring, _memory) = (ring, memory);
        pool.Prepared(0);
        if (!pool.WaitForTurn(queue)) return;
        errno = TryRegister(out bool hasRequest, out bool isRingBroken);
        if (errno == 0) queue.Arm();
        pool.Registered(errno, isRingBroken);
        if (errno == 0) Serve(hasRequest);
    }

    private void Serve(bool hasRequest)
    {
        while (true)
        {
            if (!hasRequest && !TryReceive()) return;
            hasRequest = false;
            if (queue.Begin()) pool.Wake();
            ulong commit = _memory.Header.ring_ent_in_out.commit_id;
            ReadOnlySpan<byte> request = _memory.Request();
            Answer answer = request.IsEmpty ? new Answer(commit, EIO, 0) : Dispatch(request);
            _memory.Answer(commit, answer); // the commit id is the request's unique
            queue.Finish();
            ref io_uring_sqe next = ref Command(FUSE_IO_URING_CMD_COMMIT_AND_FETCH);
            fixed (byte* command = next.cmd) ((fuse_uring_cmd_req*)command)->commit_id = commit;
        }
    }

    private Answer Dispatch(ReadOnlySpan<byte> request)
    {
        fuse_in_header header = MemoryMarshal.Read<fuse_in_header>(request);
        if (header.opcode is OpcodeTable.OpenCode or OpcodeTable.ReadCode) Volatile.Write(ref _lastFile, header.nodeid);
        return pool.Dispatcher.Dispatch(request, _memory.Payload, lane);
    }

    /// <summary>Sends the last answer and waits for a request. False: there will be none.</summary>
    private bool TryReceive()
    {
        while (true)
        {
            bool isRingBroken = !_ring.TryWait(out int result, out int errno);
            if (!isRingBroken && result == 0) return true;
            if (!isRingBroken) errno = -result;
            if (IsEnd(errno))
            {
                pool.End();
                return false;
            }
            // The entry is lost; the request was answered, by the kernel if not by us. A new entry takes its place.
            Log.CommitRefused(pool.Dispatcher.Logger, queue.Id, Errno.Text(errno));
            int registered = isRingBroken ? errno : TryRegister(out bool hasRequest, out isRingBroken);
            if (IsEnd(registered))
            {
                pool.End();
                return false;
            }
            if (registered != 0)
            {
                pool.Break(queue, registered);
                return false;
            }
        }
    }

    /// <summary>Tells the kernel of a new entry. Only a refusal is told at once; otherwise it waits for its first request.</summary>
    private int TryRegister(out bool hasRequest, out bool isRingBroken)
    {
        ref io_uring_sqe register = ref Command(FUSE_IO_URING_CMD_REGISTER);
        register.addr = (ulong)_memory.Vectors;
        register.len = 2;
        hasRequest = false;
        int errno = _ring.TrySubmit();
        isRingBroken = errno != 0;
        if (isRingBroken || !_ring.TryTake(out int result)) return errno;
        hasRequest = result == 0;
        return -result;
    }

    private static bool IsEnd(int errno) => errno == ENOTCONN || errno == ECONNABORTED || errno == ENODEV || errno == ECANCELED;

    private ref io_uring_sqe Command(uint operation)
    {
        ref io_uring_sqe entry = ref _ring.Next();
        entry.opcode = IORING_OP_URING_CMD;
        entry.fd = pool.Descriptor;
        entry.cmd_op = operation;
        fixed (byte* command = entry.cmd) ((fuse_uring_cmd_req*)command)->qid = (ushort)queue.Id;
        return ref entry;
    }
}
