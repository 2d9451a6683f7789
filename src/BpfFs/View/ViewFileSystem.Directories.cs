using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>Directories.</summary>
internal sealed partial class ViewFileSystem
{
    private readonly HandleTable<OpenDirectory> _directories = new();
    private readonly Pool<OpenDirectory> _directoryPool = new(() => new OpenDirectory(), 16);

    public override int OpenDir(in Request request, ulong node, int flags, ref fuse_open_out open)
    {
        NodeId id = NodeId.From(node);
        if (_tree.Find(id.Row) is not DirectoryRow row) return ENOTDIR;
        if (!MayEnter(request, row, id.Key)) return ENOENT;
        OpenDirectory directory = _directoryPool.Rent();
        int errno = directory.Take(this, request, row, id);
        if (errno != 0)
        {
            _directoryPool.Return(directory);
            return Noted(errno, id);
        }
        open.fh = _directories.Add(directory);
        return 0;
    }

    public override int ReadDir(in Request request, ulong node, ulong handle, long offset, ref DirectoryWriter writer)
    {
        if (_directories.Find(handle) is not { } directory) return EBADF;
        Asker.Tid = request.Pid;
        lock (directory.Lock)
        {
            if (offset == 0 && directory.IsRead)
            {
                int errno = directory.Take(this, request, directory.Row, directory.Node);
                if (errno != 0) return Noted(errno, directory.Node);
            }
            directory.IsRead = true;
            int total = 2 + directory.FixedCount + directory.Entries.Count;
            for (long i = offset; i < total; i++)
            {
                if (!AddEntry(directory, (int)i, ref writer)) break;
            }
            return 0;
        }
    }

    public override void ReleaseDir(ulong node, ulong handle)
    {
        if (!_directories.TryRemove(handle, out OpenDirectory? directory)) return;
        directory.Entries.Clear();
        _directoryPool.Return(directory);
    }

    /// <summary>Entry <paramref name="index"/> of a listing: ".", "..", the fixed rows, what comes and goes. False: the buffer is full.</summary>
    private bool AddEntry(OpenDirectory directory, int index, ref DirectoryWriter writer)
    {
        if (index < 2) return writer.TryAdd(index == 0 ? "."u8 : ".."u8, directory.Node.Value, directory.Row.Mode, index + 1);

        fuse_entry_out entry = default;
        bool isFixed = index - 2 < directory.FixedCount;
        int i = index - 2 - directory.FixedCount;
        (Row row, long size) = isFixed ? directory.Fixed(index - 2) : (DynamicOf(directory.Row, directory.Entries.Key(i)), 0);
        if (!isFixed && row is FileRow or StreamRow) size = -1;
        ulong key = 0;
        if (!isFixed) key = directory.Entries.Key(i);
        else _ = KeyOf(row, directory.Node, out key); // who cannot be told apart sees that when he opens it
        ReadOnlySpan<byte> name = isFixed ? row.Name : directory.Entries.Name(i);
        var node = new NodeId(row.Number, key);

        // Without a size at hand no attributes are given with the entry: the kernel asks if anybody wants them.
        if (!writer.IsPlus || size < 0) return writer.TryAdd(name, node.Value, row.Mode, index + 1);
        if (row is SymlinkRow) SizeOf(row, key, out size);
        SetAttr(row, node, size, isFixed ? directory.LoadTime : directory.Entries.LoadTime(i), ref entry.attr);
        SetEntry(row, ref entry);
        if (row is not DirectoryRow) _sizes.Told(node.Value, size);
        return writer.TryAdd(name, entry, index + 1);
    }
}
