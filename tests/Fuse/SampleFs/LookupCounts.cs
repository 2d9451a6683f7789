namespace Fuse.Sample;

/// <summary>How many lookups of each node the kernel still holds. Allocates nothing.</summary>
public sealed class LookupCounts
{
    private const int Size = 1 << 15; // no two of the sample tree's nodes fall together
    private readonly long[] _counts = new long[Size];
    private long _total;
    private int _wrong;

    /// <summary>Lookups not forgotten, over all nodes.</summary>
    public long Total => Interlocked.Read(ref _total);

    /// <summary>How often more was forgotten than had been looked up.</summary>
    public int Wrong => Volatile.Read(ref _wrong);

    public void Up(ulong node)
    {
        Interlocked.Increment(ref _counts[Slot(node)]);
        Interlocked.Increment(ref _total);
    }

    public void Down(ulong node, ulong count)
    {
        if (Interlocked.Add(ref _counts[Slot(node)], -(long)count) < 0) Interlocked.Increment(ref _wrong);
        Interlocked.Add(ref _total, -(long)count);
    }

    // 0x10000 + 0..9999 -> 1024.., 0x100000000 + 0..1999 -> 16384.., the root's entries as they are
    private static int Slot(ulong node) => (int)(node >= 1UL << 32 ? 16384 + (node & 0xFFFF) : node >= 1UL << 16 ? 1024 + (node & 0xFFFF) : node);
}
