namespace Fuse;

/// <summary>
/// The last interrupts that named a request no thread had: over io_uring each is told once only. Kernel numbers are never used again, so one that is
/// left over (its request was answered already) does no harm.
/// </summary>
internal sealed class EarlyInterrupts
{
    private readonly ulong[] _uniques = new ulong[32];
    private readonly Lock _adding = new();
    private int _next;
    private bool _isUsed;

    internal void Add(ulong unique)
    {
        lock (_adding)
        {
            Volatile.Write(ref _uniques[_next++ % _uniques.Length], unique);
            Volatile.Write(ref _isUsed, true);
        }
        // Either the thread sees the number after its Begin, or we see its Begin after this: without a barrier on its side, which is the busy one.
        Interlocked.MemoryBarrierProcessWide();
    }

    /// <summary>After <see cref="Lane.Begin"/>.</summary>
    internal void Deliver(Lane lane)
    {
        if (!Volatile.Read(ref _isUsed)) return;
        ulong unique = lane.Unique;
        if (unique != 0 && _uniques.AsSpan().Contains(unique)) lane.TryInterrupt(unique);
    }
}
