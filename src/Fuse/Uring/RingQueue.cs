using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>
/// The requests of one processor: the kernel puts a request into the queue of the processor its asker runs on. Written by this queue's
/// threads only, except <see cref="IsWatched"/>, which the supervisor takes back.
/// </summary>
internal sealed class RingQueue(int id)
{
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Apart // on a cache line that no other queue's lies on
    {
        [FieldOffset(64)] internal int Idle;
        [FieldOffset(68)] internal bool IsWatched;
    }

    private Apart _state;
    private RingWorker[] _workers = [];

    /// <summary>The processor's number.</summary>
    internal int Id { get; } = id;

    /// <summary>Its threads; changed by one thread at a time.</summary>
    internal RingWorker[] Workers => Volatile.Read(ref _workers);

    /// <summary>Threads whose entry waits for a request.</summary>
    internal int Idle => Volatile.Read(ref _state.Idle);

    /// <summary>The supervisor looks whether these threads get on.</summary>
    internal bool IsWatched
    {
        get => Volatile.Read(ref _state.IsWatched);
        set => Volatile.Write(ref _state.IsWatched, value);
    }

    internal void Add(RingWorker worker) => Volatile.Write(ref _workers, [.. _workers, worker]);

    internal void Arm() => Interlocked.Increment(ref _state.Idle);

    /// <summary>A thread takes a request. True: it was the last idle one, and nobody watches yet.</summary>
    internal bool Begin()
    {
        if (Interlocked.Decrement(ref _state.Idle) > 0 || IsWatched) return false;
        IsWatched = true;
        return true;
    }

    internal void Finish() => Interlocked.Increment(ref _state.Idle);

    /// <summary>Whether all threads are at the request that they were at the last time this was asked.</summary>
    internal bool IsStuck()
    {
        bool isStuck = Idle <= 0;
        foreach (RingWorker worker in Workers) isStuck &= worker.IsAtTheSame();
        return isStuck;
    }

    /// <summary>Ends the watch if a thread is idle.</summary>
    internal void Relax()
    {
        if (Idle <= 0) return;
        IsWatched = false;
        Interlocked.MemoryBarrier(); // against Begin, which counts first and then looks whether it is watched
        if (Idle <= 0) IsWatched = true;
    }
}
