using System.Buffers.Text;
using static Fuse.FuseProtocol;
using static Tmds.Linux.LibC;

namespace Fuse.Sample;

/// <summary>
/// A fixed tree with one file for each behaviour the tests look at. Node numbers say everything; only open files have state.
/// </summary>
public sealed class SampleTree : FileSystem
{
    public const int ManyCount = 10_000;
    public const long BigSize = 8 << 20;
    private const ulong ManyDirectory = 2;
    private const ulong FirstMany = 0x1_0000;
    private const ulong Second = 1;
    private readonly HandleTable<OpenFile> _open = new();
    private readonly OpenFile[] _pool = new OpenFile[64];
    private int _pooled;

    private sealed record Entry(string Name, ulong Node, uint Mode, long Size, uint OpenFlags);

    private sealed class OpenFile
    {
        internal Entry Entry = s_entries[0];
    }

    private static readonly Entry[] s_entries =
    [
        new("hello", 10, 0x8124, 13, FOPEN_NOFLUSH), // S_IFREG | 0444
        new("big", 11, 0x8124, BigSize, FOPEN_NOFLUSH | FOPEN_KEEP_CACHE),
        new("direct", 12, 0x8124, BigSize, FOPEN_NOFLUSH | FOPEN_DIRECT_IO),
        new("block", 13, 0x8124, 4096, FOPEN_NOFLUSH | FOPEN_DIRECT_IO),
        new("throw", 14, 0x8124, 4096, FOPEN_NOFLUSH | FOPEN_DIRECT_IO),
        new("overflow", 15, 0x8124, 4096, FOPEN_NOFLUSH | FOPEN_DIRECT_IO),
        new("link", 16, 0xA1FF, 5, 0), // S_IFLNK | 0777
        new("counter", 17, 0x8124, 8, FOPEN_NOFLUSH | FOPEN_KEEP_CACHE),
        new("many", ManyDirectory, 0x416D, 0, 0), // S_IFDIR | 0555
    ];

    private long _counter;

    /// <summary>Files that are open now.</summary>
    public int OpenCount => _open.Count;

    public bool WasDestroyed { get; private set; }

    /// <summary>The byte of "big" and "direct" at an offset: no two neighbouring pages are alike.</summary>
    public static byte Pattern(long offset) => (byte)(offset ^ (offset >> 8) ^ (offset >> 16));

    public void Count() => Interlocked.Increment(ref _counter);

    public override int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry)
    {
        ulong node = parent == FUSE_ROOT_ID ? FindInRoot(name) : parent == ManyDirectory ? FindMany(name) : 0;
        if (node == 0) return ENOENT;
        Fill(node, ref entry);
        return 0;
    }

    public override int GetAttr(in Request request, ulong node, ulong? handle, ref fuse_attr_out attr)
    {
        attr.attr_valid = node == FUSE_ROOT_ID ? 3600 : Second;
        return Attributes(node, ref attr.attr) ? 0 : ENOENT;
    }

    public override int ReadLink(in Request request, ulong node, Span<byte> target, out int length)
    {
        "hello"u8.CopyTo(target);
        length = 5;
        return 0;
    }

    public override int Open(in Request request, ulong node, int flags, ref fuse_open_out open)
    {
        Entry? entry = Find(node);
        if (entry is null) return node >= FirstMany ? 0 : ENOENT;
        OpenFile file = Rent();
        file.Entry = entry;
        open.fh = _open.Add(file);
        open.open_flags = entry.OpenFlags;
        return 0;
    }

    public override int Read(in Request request, ulong node, ulong handle, long offset, Span<byte> buffer, out int length)
    {
        length = 0;
        if (node >= FirstMany) return 0;
        if (_open.Find(handle) is not { } file) return EBADF;
        switch (file.Entry.Name)
        {
            case "hello":
                length = Copy("hello, world\n"u8, offset, buffer);
                return 0;
            case "counter":
                Span<byte> text = stackalloc byte[8];
                Utf8Formatter.TryFormat(Volatile.Read(ref _counter), text, out _, new System.Buffers.StandardFormat('D', 8));
                length = Copy(text, offset, buffer);
                return 0;
            case "block":
                while (!request.IsInterrupted) Thread.Sleep(1);
                return EINTR;
            case "throw":
                throw new InvalidOperationException("as the test wants");
            case "overflow":
                length = buffer.Length + 1;
                return 0;
        }
        length = (int)Math.Clamp(BigSize - offset, 0, buffer.Length);
        for (int i = 0; i < length; i++) buffer[i] = Pattern(offset + i);
        return 0;
    }

    public override void Release(ulong node, ulong handle)
    {
        if (_open.TryRemove(handle, out OpenFile? file)) Return(file);
    }

    public override int ReadDir(in Request request, ulong node, ulong handle, long offset, ref DirectoryWriter writer)
    {
        if (node != FUSE_ROOT_ID && node != ManyDirectory) return ENOTDIR;
        int count = node == FUSE_ROOT_ID ? s_entries.Length : ManyCount;
        Span<byte> many = stackalloc byte[16];
        for (; offset < count + 2; offset++)
        {
            bool added;
            if (offset < 2)
            {
                added = writer.TryAdd(offset == 0 ? "."u8 : ".."u8, node, 0x4000, offset + 1);
            }
            else
            {
                int index = (int)offset - 2;
                ulong child = node == FUSE_ROOT_ID ? s_entries[index].Node : FirstMany + (ulong)index;
                Span<byte> name = node == FUSE_ROOT_ID ? many[..Ascii(s_entries[index].Name, many)] : ManyName(index, many);
                fuse_entry_out entry = default;
                Fill(child, ref entry);
                added = writer.TryAdd(name, entry, offset + 1);
            }
            if (!added) break;
        }
        return 0;
    }

    public override void Destroy() => WasDestroyed = true;

    private static void Fill(ulong node, ref fuse_entry_out entry)
    {
        entry.nodeid = node;
        entry.entry_valid = Second;
        entry.attr_valid = Second;
        Attributes(node, ref entry.attr);
    }

    private static bool Attributes(ulong node, ref fuse_attr attr)
    {
        Entry? entry = Find(node);
        if (entry is null && node != FUSE_ROOT_ID && (node < FirstMany || node >= FirstMany + ManyCount)) return false;
        attr.ino = node;
        attr.mode = entry?.Mode ?? (node == FUSE_ROOT_ID ? 0x41EDu : 0x8124u);
        attr.size = (ulong)(entry?.Size ?? 0);
        attr.nlink = 1;
        attr.blksize = 4096;
        return true;
    }

    private static int Copy(ReadOnlySpan<byte> content, long offset, Span<byte> buffer)
    {
        if (offset >= content.Length) return 0;
        ReadOnlySpan<byte> rest = content[(int)offset..];
        rest = rest[..Math.Min(rest.Length, buffer.Length)];
        rest.CopyTo(buffer);
        return rest.Length;
    }

    private static Entry? Find(ulong node)
    {
        foreach (Entry entry in s_entries)
        {
            if (entry.Node == node) return entry;
        }
        return null;
    }

    private static ulong FindInRoot(ReadOnlySpan<byte> name)
    {
        Span<byte> text = stackalloc byte[16];
        foreach (Entry entry in s_entries)
        {
            if (name.SequenceEqual(text[..Ascii(entry.Name, text)])) return entry.Node;
        }
        return 0;
    }

    private static ulong FindMany(ReadOnlySpan<byte> name)
    {
        if (name.Length != 6 || name[0] != 'f' || !Utf8Parser.TryParse(name[1..], out int index, out int used) || used != 5) return 0;
        return index is >= 0 and < ManyCount ? FirstMany + (ulong)index : 0;
    }

    private static Span<byte> ManyName(int index, Span<byte> room)
    {
        room[0] = (byte)'f';
        Utf8Formatter.TryFormat(index, room[1..], out int length, new System.Buffers.StandardFormat('D', 5));
        return room[..(length + 1)];
    }

    private static int Ascii(string text, Span<byte> room) => System.Text.Encoding.ASCII.GetBytes(text, room);

    private OpenFile Rent()
    {
        lock (_pool) return _pooled > 0 ? _pool[--_pooled] : new OpenFile();
    }

    private void Return(OpenFile file)
    {
        lock (_pool)
        {
            if (_pooled < _pool.Length) _pool[_pooled++] = file;
        }
    }
}
