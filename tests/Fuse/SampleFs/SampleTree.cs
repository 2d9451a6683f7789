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
    public const long HugeSize = 1L << 42;
    public const int ChangingCount = 2000;
    private const ulong ManyDirectory = 2;
    private const ulong ChangingDirectory = 3;
    private const ulong FirstOfEight = 32; // hello0 to hello7, in no listing: for readers that must not wait for each other's page (bench.c)
    private const ulong FirstChanging = 0x1_0000_0000; // above 32 bits: nothing may cut an inode number
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
        new("huge", 18, 0x8124, HugeSize, FOPEN_NOFLUSH),
        new("many", ManyDirectory, 0x416D, 0, 0), // S_IFDIR | 0555
        new("changing", ChangingDirectory, 0x416D, 0, 0),
    ];

    private long _counter;

    /// <summary>Files that are open now.</summary>
    public int OpenCount => _open.Count;

    public bool WasDestroyed { get; private set; }

    /// <summary>The byte of "big" and "direct" at an offset: no two neighbouring pages are alike.</summary>
    public static byte Pattern(long offset) =>
        (byte)(offset ^ (offset >> 8) ^ (offset >> 16) ^ (offset >> 24) ^ (offset >> 32) ^ (offset >> 40));

    /// <summary>When "hello" was born, in seconds; of the others nobody knows.</summary>
    public const long HelloBirth = 1_000_000_000;

    /// <summary>What the kernel has looked up and not yet forgotten.</summary>
    public LookupCounts Looked { get; } = new();

    public void Count() => Interlocked.Increment(ref _counter);

    public override int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry)
    {
        ulong node = parent switch
        {
            FUSE_ROOT_ID => FindInRoot(name),
            ManyDirectory => FindNumbered(name, 'f', FirstMany, ManyCount),
            ChangingDirectory => FindNumbered(name, 'c', FirstChanging, ChangingCount),
            _ => 0,
        };
        if (node == 0 || (node >= FirstChanging && !IsThere((int)(node - FirstChanging)))) return ENOENT;
        Fill(node, ref entry);
        Looked.Up(node);
        return 0;
    }

    public override int GetAttr(in Request request, ulong node, ulong? handle, ref fuse_attr_out attr)
    {
        attr.attr_valid = node == FUSE_ROOT_ID ? 3600 : Second;
        return Attributes(node, ref attr.attr) ? 0 : ENOENT;
    }

    public override int StatX(in Request request, ulong node, ulong? handle, ref fuse_statx_out statx)
    {
        int errno = base.StatX(request, node, handle, ref statx);
        if (errno != 0 || node != 10) return errno;
        statx.stat.btime = new fuse_sx_time { tv_sec = HelloBirth };
        statx.stat.mask |= FuseProtocol.STATX_BTIME;
        return 0;
    }

    public override void Forget(ulong node, ulong count) => Looked.Down(node, count);

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
        length = (int)Math.Clamp(file.Entry.Size - offset, 0, buffer.Length);
        for (int i = 0; i < length; i++) buffer[i] = Pattern(offset + i);
        return 0;
    }

    public override void Release(ulong node, ulong handle)
    {
        if (_open.TryRemove(handle, out OpenFile? file)) Return(file);
    }

    public override int ReadDir(in Request request, ulong node, ulong handle, long offset, ref DirectoryWriter writer)
    {
        if (node is not (FUSE_ROOT_ID or ManyDirectory or ChangingDirectory)) return ENOTDIR;
        int count = node == FUSE_ROOT_ID ? s_entries.Length : node == ManyDirectory ? ManyCount : ChangingCount;
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
                if (node == ChangingDirectory && !IsThere(index)) continue; // an offset stays that of its name, whatever else comes or goes
                ulong child = node == FUSE_ROOT_ID ? s_entries[index].Node : (node == ManyDirectory ? FirstMany : FirstChanging) + (ulong)index;
                Span<byte> name = node == FUSE_ROOT_ID ? many[..Ascii(s_entries[index].Name, many)]
                    : Numbered(node == ManyDirectory ? 'f' : 'c', index, many);
                fuse_entry_out entry = default;
                Fill(child, ref entry);
                added = writer.TryAdd(name, entry, offset + 1);
                if (added && writer.IsPlus) Looked.Up(child);
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

    /// <summary>The even ones always; the odd ones come and go with the counter, a half of them at a time.</summary>
    private bool IsThere(int index) => index % 2 == 0 || ((index / 2) + Volatile.Read(ref _counter)) % 2 == 0;

    private static bool Attributes(ulong node, ref fuse_attr attr)
    {
        Entry? entry = Find(node);
        bool isNumbered = node is (>= FirstMany and < FirstMany + ManyCount) or (>= FirstChanging and < FirstChanging + ChangingCount);
        if (entry is null && node != FUSE_ROOT_ID && !isNumbered) return false;
        attr.ino = node;
        attr.mode = entry?.Mode ?? (node == FUSE_ROOT_ID ? 0x41EDu : 0x8124u);
        attr.size = (ulong)(entry?.Size ?? 0);
        attr.nlink = node == FUSE_ROOT_ID || attr.mode >> 12 == 4 ? 2u : 1u;
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
        if (node is >= FirstOfEight and < FirstOfEight + 8) return s_entries[0];
        foreach (Entry entry in s_entries)
        {
            if (entry.Node == node) return entry;
        }
        return null;
    }

    private static ulong FindInRoot(ReadOnlySpan<byte> name)
    {
        if (name.Length == 6 && name.StartsWith("hello"u8) && name[5] is >= (byte)'0' and < (byte)'8') return FirstOfEight + name[5] - '0';
        Span<byte> text = stackalloc byte[16];
        foreach (Entry entry in s_entries)
        {
            if (name.SequenceEqual(text[..Ascii(entry.Name, text)])) return entry.Node;
        }
        return 0;
    }

    private static ulong FindNumbered(ReadOnlySpan<byte> name, char letter, ulong first, int count)
    {
        if (name.Length != 6 || name[0] != letter || !Utf8Parser.TryParse(name[1..], out int index, out int used) || used != 5) return 0;
        return index >= 0 && index < count ? first + (ulong)index : 0;
    }

    private static Span<byte> Numbered(char letter, int index, Span<byte> room)
    {
        room[0] = (byte)letter;
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
