namespace BpfFs.View;

/// <summary>
/// A node's number, which is its inode and what the kernel names it by: the row of the table (16 bits) and the object it is about (48 bits: an id, or
/// the hash of a name). So nothing has to be remembered of what the kernel knows, a number means the same to every server of this view,
/// and FORGET has nothing to do.
/// </summary>
internal readonly record struct NodeId(ushort Row, ulong Key)
{
    private const int KeyBits = 48;

    /// <summary>The largest key.</summary>
    public const ulong KeyMask = (1UL << KeyBits) - 1;

    /// <summary>The root: FUSE gives it the number 1.</summary>
    public static readonly NodeId Root = new(0, 1);

    /// <summary>The 64-bit number.</summary>
    public ulong Value => ((ulong)Row << KeyBits) | Key;

    /// <summary>From the number.</summary>
    public static NodeId From(ulong value) => new((ushort)(value >> KeyBits), value & KeyMask);

    /// <summary>A row's number: a hash of its path, so that adding a row leaves the others' numbers as they are. 0 is the root's.</summary>
    public static ushort RowOf(string path)
    {
        if (path.Length == 0) return 0;
        ulong hash = Hash(System.Text.Encoding.UTF8.GetBytes(path));
        return (ushort)Math.Max(1, (hash ^ (hash >> 16) ^ (hash >> 32)) & 0xFFFF);
    }

    /// <summary>The key of something that has a name only. FNV-1a, folded to 48 bits.</summary>
    public static ulong KeyOf(ReadOnlySpan<byte> name)
    {
        ulong hash = Hash(name);
        return (hash ^ (hash >> KeyBits)) & KeyMask;
    }

    private static ulong Hash(ReadOnlySpan<byte> bytes)
    {
        ulong hash = 0xcbf29ce484222325;
        foreach (byte b in bytes) hash = unchecked((hash ^ b) * 0x100000001b3);
        return hash;
    }
}
