namespace Fuse;

/// <summary>
/// What one worker shares with the others: the request it is busy with, and its counters. Written by that worker alone, except the mark of
/// an interruption, so no lock and no contended cache line lies on the way of a request.
/// </summary>
internal sealed class Lane
{
    private ulong _unique; // 0 = idle: the kernel never uses 0 for a request
    private ulong _interrupted; // which unique was interrupted: a late mark can never hit the next request
    private bool _ended;

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

    /// <summary>The connection is gone: whoever still waits in the file system waits for nobody.</summary>
    internal void EndAll() => Volatile.Write(ref _ended, true);
}
