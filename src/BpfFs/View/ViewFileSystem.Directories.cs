using BpfFs.Rendering;
using BpfFs.View.Kept;
using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>Directories.</summary>
internal sealed partial class ViewFileSystem
{
    private readonly HandleTable<OpenDirectory> _directories = new();
    private readonly Dictionary<ulong, ulong> _directoriesOpenedBy = []; // of adopted ones; does not change while requests are served
    private readonly Pool<OpenDirectory> _directoryPool = new(() => new OpenDirectory(), 16);

    public override int OpenDir(in Request request, ulong node, int flags, ref fuse_open_out open)
    {
        Asker.Is(request);
        NodeId id = NodeId.From(node);
        if (_tree.Find(id.Row) is not DirectoryRow row) return ENOTDIR;
        if (!MayEnter(request, row, id.Key)) return ENOENT;
        if (request.IsResent && _directoriesOpenedBy.TryGetValue(request.Unique, out open.fh)) return 0;
        int errno = Context.Accounts.TryOpen(request.Uid);
        if (errno != 0) return errno;
        OpenDirectory directory = _directoryPool.Rent();
        errno = directory.Take(this, request, row, id);
        if (errno != 0)
        {
            Context.Accounts.Close(request.Uid);
            _directoryPool.Return(directory);
            return Noted(errno, id);
        }
        directory.Uid = request.Uid;
        directory.Gid = request.Gid;
        directory.Handle = open.fh = _directories.Add(directory);
        if (Kept is { } kept) Keep(kept, directory, request.Unique, isNew: true);
        return 0;
    }

    public override int ReadDir(in Request request, ulong node, ulong handle, long offset, ref DirectoryWriter writer)
    {
        if (_directories.Find(handle) is not { } directory) return EBADF;
        Asker.Is(request);
        lock (directory.Lock)
        {
            bool isRepeated = request.IsResent && directory.Kept is { } kept && kept.IsStartedBy(handle, request.Unique);
            if (offset == 0 && directory.IsRead && !isRepeated)
            {
                int errno = directory.Take(this, request, directory.Row, directory.Node);
                if (errno != 0) return Noted(errno, directory.Node);
                if (directory.Kept is { } table) Keep(table, directory, request.Unique, isNew: false);
            }
            else if (!directory.IsRead)
            {
                directory.Kept?.Start(handle, request.Unique);
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
        if (_directories.Find(handle) is not null) Kept?.Remove(handle); // before the number can be another's
        if (!_directories.TryRemove(handle, out OpenDirectory? directory)) return;
        Context.Accounts.Close(directory.Uid);
        directory.Kept = null;
        directory.Entries.Clear();
        _directoryPool.Return(directory);
    }

    private KeptTable? Kept => Context.Kept?.Directories;

    private void Keep(KeptTable table, OpenDirectory directory, ulong unique, bool isNew)
    {
        TextBuffer saved = Context.TextBuffers.Rent();
        saved.Clear();
        directory.Save(saved);
        if (!isNew) table.TryReplace(directory.Handle, unique, saved.Written);
        else if (table.TryAdd(directory.Handle, directory.Node.Value, new Opener(unique, directory.Uid, directory.Gid), saved.Written)) directory.Kept = table;
        saved.Clear();
        Context.TextBuffers.Return(saved);
    }

    private void AdoptDirectories(KeptTable table)
    {
        ulong[] numbers = new ulong[table.Used];
        var directories = new OpenDirectory?[numbers.Length];
        for (int i = 0; i < numbers.Length; i++)
        {
            KeptHandle found = table.At(i);
            numbers[i] = found.Handle;
            if (!found.IsOpen) continue;
            NodeId id = NodeId.From(found.Node);
            using var saved = new TextBuffer();
            var directory = new OpenDirectory { Kept = table, Handle = found.Handle, Uid = found.Uid, Gid = found.Gid };
            if (_tree.Find(id.Row) is DirectoryRow row && found.HasContents
                && table.Read(found.Handle, 0, saved.Room((int)found.Size)) == found.Size
                && directory.TryLoad(_tree, row, id, saved.GetSpan()[..(int)found.Size]))
            {
                directory.IsRead = found.IsRead;
                directories[i] = directory;
                Context.Accounts.Adopt(found.Uid);
                _directoriesOpenedBy[found.OpenedBy] = found.Handle;
            }
            else
            {
                table.Remove(found.Handle);
            }
        }
        _directories.Restore(numbers, directories);
    }

    /// <summary>Entry <paramref name="index"/> of a listing: ".", "..", the fixed rows, what comes and goes. False: the buffer is full.</summary>
    private bool AddEntry(OpenDirectory directory, int index, ref DirectoryWriter writer)
    {
        if (index < 2) return writer.TryAdd(index == 0 ? "."u8 : ".."u8, directory.Node.Value, directory.Row.Mode, index + 1);

        fuse_entry_out entry = default;
        bool isFixed = index - 2 < directory.FixedCount;
        int i = index - 2 - directory.FixedCount;
        (Row row, long size, bool isSealed) = isFixed ? directory.Fixed(index - 2) : (DynamicOf(directory.Row, directory.Entries.Key(i)), 0, false);
        if (!isFixed && (row is FileRow or StreamRow || row.Gate is not null)) size = -1;
        ulong key = 0;
        if (!isFixed) key = directory.Entries.Key(i);
        else _ = KeyOf(row, directory.Node, out key); // who cannot be told apart sees that when he opens it
        ReadOnlySpan<byte> name = isFixed ? row.Name : directory.Entries.Name(i);
        var node = new NodeId(isSealed ? row.SealedNumber : row.Number, key);

        // Without a size at hand no attributes are given with the entry: the kernel asks if anybody wants them.
        if (!writer.IsPlus || size < 0) return writer.TryAdd(name, node.Value, row.Mode, index + 1);
        if (row is SymlinkRow) SizeOf(row, key, out size);
        SetAttr(row, node, size, isFixed ? directory.LoadTime : directory.Entries.LoadTime(i), ref entry.attr);
        SetEntry(row, ref entry);
        if (row is not DirectoryRow) _sizes.Told(node.Value, size);
        return writer.TryAdd(name, entry, index + 1);
    }
}
