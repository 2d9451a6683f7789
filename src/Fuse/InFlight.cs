namespace Fuse;

/// <summary>The request one worker is busy with. Written by that worker, marked by whichever worker reads the INTERRUPT.</summary>
internal sealed class InFlight
{
    private ulong _unique; // 0 = idle; the kernel never uses 0, that is a notification
    private ulong _interrupted; // the unique that was interrupted: a late mark can never hit the next request

    internal ulong Unique => Volatile.Read(ref _unique);

    internal bool IsInterrupted => Volatile.Read(ref _interrupted) == _unique && _unique != 0;

    internal void Begin(ulong unique) => Volatile.Write(ref _unique, unique);

    internal void End() => Volatile.Write(ref _unique, 0);

    internal bool TryInterrupt(ulong unique)
    {
        if (Volatile.Read(ref _unique) != unique || unique == 0) return false;
        Volatile.Write(ref _interrupted, unique);
        return true;
    }
}
