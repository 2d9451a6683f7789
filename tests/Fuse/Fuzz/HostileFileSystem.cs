using static Tmds.Linux.LibC;

namespace Fuse.Tests.Fuzz;

/// <summary>A file system that answers with what no file system may: counts beyond the room, numbers that are no errnos, exceptions. Which, the node says.</summary>
internal sealed class HostileFileSystem : FileSystem
{
    private ulong _handles;

    public override int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry)
    {
        entry.nodeid = (ulong)(name.Length + name[0]);
        entry.attr.ino = entry.nodeid;
        return Result(entry.nodeid);
    }

    public override int GetAttr(in Request request, ulong node, ulong? handle, ref fuse_attr_out attr) => Result(node);

    public override int ReadLink(in Request request, ulong node, Span<byte> target, out int length)
    {
        target.Fill((byte)'x');
        length = Count(node, target.Length);
        return Result(node);
    }

    public override int Open(in Request request, ulong node, int flags, ref fuse_open_out open)
    {
        open.fh = ++_handles;
        return Result(node);
    }

    public override int Read(in Request request, ulong node, ulong handle, long offset, Span<byte> buffer, out int length)
    {
        buffer.Fill(1);
        length = Count(node, buffer.Length);
        return Result(node);
    }

    public override int OpenDir(in Request request, ulong node, int flags, ref fuse_open_out open)
    {
        open.fh = ++_handles;
        return Result(node);
    }

    public override int ReadDir(in Request request, ulong node, ulong handle, long offset, ref DirectoryWriter writer)
    {
        for (int i = 0; i < (int)(node % 300); i++) writer.TryAdd(new byte[node % 7 == 0 ? 1 + (i % 1100) : 8], node, (uint)node, i + 1); // too long a name: an exception
        return Result(node);
    }

    private static int Count(ulong node, int room) => (node % 9) switch { 0 => -1, 1 => room + 1, 2 => int.MaxValue, 3 => int.MinValue, 4 => 0, _ => room };

    private static int Result(ulong node) => (node % 13) switch
    {
        0 => throw new InvalidOperationException("as it was told to"),
        1 => 512,
        2 => -EIO,
        3 => int.MinValue,
        4 => ENOENT,
        5 => 511,
        _ => 0,
    };
}
