using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>
/// Writes directory entries into a reply: struct fuse_dirent, or struct fuse_direntplus when the kernel asked for attributes too.
/// </summary>
public ref struct DirectoryWriter
{
    private const int DT_SHIFT = 12; // S_IFMT >> 12 = DT_*, readdir(3)
    internal const int NameMax = 1024; // FUSE_NAME_MAX of fs/fuse/fuse_i.h: a longer name makes the kernel fail the whole listing with EIO
    private readonly Span<byte> _buffer;

    /// <summary>
    /// True: add whole entries; false: names, inode numbers and types suffice. Either overload of TryAdd works in both modes.
    /// </summary>
    public bool IsPlus { get; }

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    /// <summary>A writer into any buffer, for calling a file system without a mount.</summary>
    public DirectoryWriter(Span<byte> buffer, bool isPlus)
    {
        _buffer = buffer;
        IsPlus = isPlus;
    }

    /// <summary>
    /// Adds an entry without attributes: in plus mode the kernel then makes no dentry of it and asks when somebody looks.
    /// </summary>
    /// <param name="name">1 to 255 bytes without '/' and NUL.</param>
    /// <param name="ino">The inode number; not 0, which readdir(3) skips.</param>
    /// <param name="mode">File type bits, S_IFMT.</param>
    /// <param name="nextOffset">The offset from which a listing continues after this entry; not 0.</param>
    /// <returns>False when the reply is full and the entry was not added.</returns>
    public bool TryAdd(scoped ReadOnlySpan<byte> name, ulong ino, uint mode, long nextOffset)
    {
        if (!IsPlus) return TryAppend(name, ino, mode, nextOffset, 0);
        fuse_entry_out none = default;
        none.attr.ino = ino;
        none.attr.mode = mode;
        return TryAdd(name, none, nextOffset);
    }

    /// <summary>
    /// Adds an entry with its attributes; in plus mode each one added counts as a lookup. "." and ".." take <c>nodeid</c> 0.
    /// </summary>
    /// <returns>False when the reply is full and the entry was not added.</returns>
    public unsafe bool TryAdd(scoped ReadOnlySpan<byte> name, scoped in fuse_entry_out entry, long nextOffset)
    {
        if (!IsPlus) return TryAppend(name, entry.attr.ino, entry.attr.mode, nextOffset, 0);
        int at = Length;
        if (!TryAppend(name, entry.attr.ino, entry.attr.mode, nextOffset, sizeof(fuse_entry_out))) return false;
        MemoryMarshal.Write(_buffer[at..], entry);
        return true;
    }

    private unsafe bool TryAppend(scoped ReadOnlySpan<byte> name, ulong ino, uint mode, long nextOffset, int prefix)
    {
        if (name.IsEmpty || name.Length > NameMax) throw new ArgumentException("a name has 1 to 1024 bytes", nameof(name));
        int fixedPart = prefix + sizeof(fuse_dirent);
        int size = (fixedPart + name.Length + 7) & ~7; // FUSE_DIRENT_ALIGN
        if (size > _buffer.Length - Length) return false;
        Span<byte> record = _buffer.Slice(Length, size);
        fuse_dirent dirent = new() { ino = ino, off = (ulong)nextOffset, namelen = (uint)name.Length, type = (mode >> DT_SHIFT) & 0xF };
        MemoryMarshal.Write(record[prefix..], dirent);
        name.CopyTo(record[fixedPart..]);
        record[(fixedPart + name.Length)..].Clear(); // the padding goes to the kernel: nothing old in it
        Length += size;
        return true;
    }
}
