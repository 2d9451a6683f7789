namespace Fuse;

/// <summary>
/// What one worker shares with the others: the request it is busy with, and its counters. Written by that worker alone, except the mark of
/// an interruption, so no lock and no contended cache line lies on the way of a request.
/// </summary>
/// <param name="mayLoseInterrupts">Over io_uring: the kernel may take a signal and send no INTERRUPT.</param>
internal sealed class Lane(bool mayLoseInterrupts = false)
{
    private const int LookEvery = 10; // ms

    private ulong _unique; // 0 = idle: the kernel never uses 0 for a request
    private ulong _interrupted; // which unique was interrupted: a late mark can never hit the next request
    private bool _ended;
    private ulong _waiting; // the unique that WasSignalled was last asked about
    private long _lookAt;

    internal long[] Requests { get; } = new long[OpcodeTable.Size];

    internal long[] Errors { get; } = new long[OpcodeTable.Size];

    internal ulong Unique => Volatile.Read(ref _unique);

    internal bool IsInterrupted => Volatile.Read(ref _ended) || (_unique != 0 && Volatile.Read(ref _interrupted) == _unique);

    internal void Begin(ulong unique) => Volatile.Write(ref _unique, unique);

    internal void Finish() => Volatile.Write(ref _unique, 0);

    internal bool TryInterrupt(ulong unique)
    {
        if (unique == 0 || Volatile.Read(ref _unique) != unique) return false;
        Volatile.Write(ref _interrupted, unique);
        return true;
    }

    /// <summary>
    /// Whether the thread that asked has a signal waiting of which no INTERRUPT may have told: fuse_request_send marks the request as interrupted, but
    /// tells only after FR_SENT, and fuse_uring_prepare_send sets that without looking for the mark. Looks after the first 10 ms, then that often.
    /// </summary>
    internal bool WasSignalled(uint pid)
    {
        if (!mayLoseInterrupts || _unique == 0) return false;
        long now = Environment.TickCount64;
        if (_waiting != _unique) (_waiting, _lookAt) = (_unique, now + LookEvery);
        if (now < _lookAt) return false;
        _lookAt = now + LookEvery;
        return PendingSignals.AreThere(pid) && TryInterrupt(_unique);
    }

    /// <summary>The connection is gone: whoever still waits in the file system waits for nobody.</summary>
    internal void EndAll() => Volatile.Write(ref _ended, true);
}
