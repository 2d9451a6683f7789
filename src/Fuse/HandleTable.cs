using System.Diagnostics.CodeAnalysis;

namespace Fuse;

/// <summary>
/// Gives objects 64-bit numbers for use as file handles. A number holds a slot and the slot's generation, so a stale handle never finds
/// another's object. No call takes a lock or allocates, except when the table grows.
/// </summary>
public sealed class HandleTable<T> where T : class
{
    private const int ChunkBits = 6;
    private const int ChunkSize = 1 << ChunkBits;

    private struct Slot
    {
        internal T? Value;
        internal uint Generation; // odd = taken
        internal int NextFree; // index + 1, 0 = none
    }

    private readonly Lock _growing = new();
    private Slot[][] _chunks = [];
    private long _free; // low half: index + 1 of the first free slot; high half: changes with every pop, against ABA
    private int _count;

    /// <summary>Objects in the table.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>
    /// Fills a new table with what an earlier one had: the numbers of objects, each with its object, and the numbers that its free slots would have had next.
    /// Until then nobody else may use the table.
    /// </summary>
    /// <param name="numbers">One for each slot from the first on: of the object there, or of the last that was; 0: none ever was.</param>
    /// <param name="values">The objects; null: the slot is free.</param>
    public void Restore(ReadOnlySpan<ulong> numbers, ReadOnlySpan<T?> values)
    {
        while (_chunks.Length << ChunkBits < numbers.Length) _chunks = [.. _chunks, new Slot[ChunkSize]];
        _free = 0;
        _count = 0;
        for (int index = (_chunks.Length << ChunkBits) - 1; index >= 0; index--)
        {
            ref Slot slot = ref At(index);
            uint generation = index < numbers.Length ? (uint)(numbers[index] >> 32) : 0;
            slot.Value = index < values.Length ? values[index] : null;
            slot.Generation = slot.Value is not null ? generation : (generation + 1) & ~1u;
            if (slot.Value is null) Push(index);
            else _count++;
        }
    }

    /// <summary>Enters an object and returns its number, which is never 0.</summary>
    public ulong Add(T value)
    {
        int index = Pop();
        ref Slot slot = ref At(index);
        slot.Value = value;
        uint generation = slot.Generation + 1;
        Volatile.Write(ref slot.Generation, generation);
        Interlocked.Increment(ref _count);
        return ((ulong)generation << 32) | (uint)index;
    }

    /// <summary>The object of a number, or null when that number is not, or no longer, taken.</summary>
    public T? Find(ulong handle)
    {
        uint generation = (uint)(handle >> 32);
        if (!TryLocate(handle, out int index)) return null;
        ref Slot slot = ref At(index);
        T? value = Volatile.Read(ref slot.Value);
        // The value is written before its generation and cleared after: the right generation now means the value was this handle's.
        return Volatile.Read(ref slot.Generation) == generation ? value : null;
    }

    /// <summary>Takes an object out. Of two callers with the same number only one gets it.</summary>
    public bool TryRemove(ulong handle, [NotNullWhen(true)] out T? value)
    {
        value = null;
        uint generation = (uint)(handle >> 32);
        if (!TryLocate(handle, out int index)) return false;
        ref Slot slot = ref At(index);
        T? found = Volatile.Read(ref slot.Value);
        if (Interlocked.CompareExchange(ref slot.Generation, generation + 1, generation) != generation) return false;
        value = found!;
        slot.Value = null;
        Push(index);
        Interlocked.Decrement(ref _count);
        return true;
    }

    /// <summary>The objects in the table while others may come and go; for a status page or the end of a mount.</summary>
    public IEnumerable<T> Values
    {
        get
        {
            foreach (Slot[] chunk in Volatile.Read(ref _chunks))
            {
                for (int i = 0; i < chunk.Length; i++)
                {
                    if (Volatile.Read(ref chunk[i].Value) is { } value) yield return value;
                }
            }
        }
    }

    private bool TryLocate(ulong handle, out int index)
    {
        index = (int)(uint)handle;
        uint generation = (uint)(handle >> 32);
        return (generation & 1) == 1 && (uint)index < (uint)(Volatile.Read(ref _chunks).Length << ChunkBits);
    }

    private ref Slot At(int index) => ref Volatile.Read(ref _chunks)[index >> ChunkBits][index & (ChunkSize - 1)];

    private int Pop()
    {
        while (true)
        {
            long head = Volatile.Read(ref _free);
            int index = (int)(uint)head - 1;
            if (index < 0)
            {
                Grow();
                continue;
            }
            long next = unchecked(((head >> 32) + 1) << 32) | (uint)Volatile.Read(ref At(index).NextFree);
            if (Interlocked.CompareExchange(ref _free, next, head) == head) return index;
        }
    }

    private void Push(int index)
    {
        while (true)
        {
            long head = Volatile.Read(ref _free);
            Volatile.Write(ref At(index).NextFree, (int)(uint)head);
            long next = (head & ~0xFFFFFFFFL) | (uint)(index + 1);
            if (Interlocked.CompareExchange(ref _free, next, head) == head) return;
        }
    }

    private void Grow()
    {
        lock (_growing)
        {
            if ((uint)Volatile.Read(ref _free) != 0) return; // somebody else has grown it, or given a slot back
            Slot[][] chunks = _chunks;
            int first = chunks.Length << ChunkBits;
            Volatile.Write(ref _chunks, [.. chunks, new Slot[ChunkSize]]);
            for (int index = first + ChunkSize - 1; index >= first; index--) Push(index);
        }
    }
}
