using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View.Kept;
using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>How the view is shown.</summary>
/// <param name="Gid">The group of the group tier.</param>
/// <param name="HidesPids">What names processes is root's, and not there for others.</param>
internal sealed record ViewOptions(uint Gid = 0, bool HidesPids = false);

/// <summary>
/// The table as a file system. It remembers nothing of what the kernel knows (see <see cref="NodeId"/>), only what is open.
/// </summary>
internal sealed partial class ViewFileSystem : FileSystem
{
    private const uint FOPEN_DIRECT_IO = 1 << 0;
    private const uint FOPEN_NOFLUSH = 1 << 5;
    private const uint GroupBits = 0x38; // 0070
    private const uint OwnerBits = 0x1C0; // 0700
    private const ulong Second = 1;
    private const ulong Day = 86400;
    private readonly Tree _tree;
    private readonly ViewOptions _options;
    private readonly OpenFiles _files;
    private readonly SizeMemory _sizes = new();
    private readonly LastingSizes _lasting = new();
    private readonly SentBack _sentBack;

    public ViewFileSystem(Tree tree, ViewContext context, ViewOptions options)
    {
        _tree = tree;
        _options = options;
        Context = context;
        _files = new OpenFiles(context.Kept?.Files);
        _sentBack = new SentBack(Close);
    }

    public ViewContext Context { get; }

    public int OpenFileCount => _files.Count;

    public int OpenDirectoryCount => _directories.Count;

    /// <summary>Goes on with what an earlier server had open, before the first request. What this version does not know is an EBADF for its reader.</summary>
    public void Adopt(KeptMemory kept)
    {
        AdoptDirectories(kept.Directories);
        _files.Adopt(found =>
        {
            Row? row = _tree.Find(NodeId.From(found.Node).Row);
            OpenFile? file = row switch { FileRow => new CapturedFile(), StreamRow { IsShared: true } => new SharedFile(), StreamRow => new StreamFile(), _ => null };
            if (file?.Adopt(Context, row!, kept.Files, found) != 0) return null;
            file.Uid = found.Uid;
            file.Gid = found.Gid;
            Context.Accounts.Adopt(found.Uid);
            if (found.Thread != 0) _sentBack.Restore(found.Thread, found.Node, found.Handle, found.Uid, found.Gid);
            return file;
        });
    }

    public override int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry)
    {
        Asker.Is(request);
        NodeId above = NodeId.From(parent);
        if (_tree.Find(above.Row) is not DirectoryRow directory) return ENOENT;
        foreach (Row child in directory.Fixed)
        {
            if (!name.SequenceEqual(child.Name)) continue;
            int failed = KeyOf(child, above, out ulong own);
            if (failed != 0) return failed;
            return MayEnter(request, child, own) ? FillEntry(child, NodeOf(request, child, own), ref entry) : ENOENT;
        }
        if (directory.Dynamic.Count == 0) return ENOENT;
        int errno = directory.Children!.Find(Context, above.Key, name, out ulong key);
        if (errno != 0) return errno;
        Row row = DynamicOf(directory, key);
        return MayEnter(request, row, key) ? FillEntry(row, NodeOf(request, row, key), ref entry) : ENOENT;
    }

    public override int GetAttr(in Request request, ulong node, ulong? handle, ref fuse_attr_out attr)
    {
        NodeId id = NodeId.From(node);
        if (_tree.Find(id.Row) is not { } row || !MayEnter(request, row, id.Key)) return ENOENT;
        Asker.Is(request);
        long size = handle is { } h && _files.Find(h) is { } file ? file.Size : -1;
        int errno = FillAttr(row, id, size, ref attr.attr);
        attr.attr_valid = IsAskedEachTime(row) || row is FileRow { CountsRuns: true } ? 0 : row.Subject is null && row is DirectoryRow && row.IsThere is null ? Day : Second;
        return errno;
    }

    /// <summary>An object's birth is when it was loaded.</summary>
    public override int StatX(in Request request, ulong node, ulong? handle, ref fuse_statx_out statx)
    {
        int errno = base.StatX(request, node, handle, ref statx);
        NodeId id = NodeId.From(node);
        if (errno != 0 || _tree.Find(id.Row)?.Subject is not { } subject || subject.Stat(Context, (uint)id.Key, out ulong loadTime) != 0 || loadTime == 0) return errno;
        statx.stat.btime = statx.stat.mtime;
        statx.stat.mask |= FuseProtocol.STATX_BTIME;
        return 0;
    }

    public override int ReadLink(in Request request, ulong node, Span<byte> target, out int length)
    {
        length = 0;
        NodeId id = NodeId.From(node);
        if (_tree.Find(id.Row) is not SymlinkRow row) return EINVAL;
        TextBuffer text = Context.TextBuffers.Rent();
        text.Clear();
        int errno = row.Target(Context, id.Key, text);
        length = errno == 0 ? Math.Min(text.Length, target.Length) : 0;
        text.Written[..length].CopyTo(target);
        Context.TextBuffers.Return(text);
        return errno;
    }

    public override int Open(in Request request, ulong node, int flags, ref fuse_open_out open)
    {
        Asker.Is(request);
        NodeId id = NodeId.From(node);
        if (_tree.Find(id.Row) is not { } opening) return ENOENT;
        using WaitingPlace place = Context.Accounts.PlaceFor(opening, request.Uid);
        if (place.IsRefused) return EBUSY;
        if (!Shows(request, opening)) return ENOENT;
        int errno = IsPrivate(opening, id) ? Caller.FindAdmin(Context, request) : 0; // the kernel has looked at his user id only
        if (errno != 0) return Noted(errno, id);
        OpenFile opened;
        open.open_flags = FOPEN_DIRECT_IO | FOPEN_NOFLUSH;
        ulong known = _files.FindOpenedBy(request);
        bool wasSentBack = _sentBack.TryTake(request, node, out ulong waiting);
        if (known == 0 && waiting != 0) known = waiting;
        else if (waiting != 0 && waiting != known) Close(waiting);
        if (known != 0 && _files.Find(known) is { } there)
        {
            errno = Gate.Bind(Context, request, opening, there);
            if (errno == 0) _files.CameBack(known, request.Unique);
            else Close(known);
            open.fh = known;
            return errno;
        }
        errno = Context.Accounts.TryOpen(request.Uid);
        if (errno != 0) return errno; // his own doing: no error of ours
        switch (opening)
        {
            case FileRow row:
                CapturedFile captured = Context.CapturedFiles.Rent();
                opened = captured;
                errno = captured.Open(Context, row, id);
                if (row.Lasts && errno == 0) _lasting.Keep(node, errno, captured.Size);
                break;
            case StreamRow { IsShared: true } row:
                var shared = new SharedFile();
                opened = shared;
                errno = shared.Open(Context, row, id);
                if (shared.IsWhole) _lasting.Keep(node, errno, shared.Size);
                break;
            case StreamRow row:
                var stream = new StreamFile();
                opened = stream;
                errno = stream.Open(Context, row, id);
                break;
            default:
                Context.Accounts.Close(request.Uid);
                return ENOENT;
        }
        if (errno == 0) errno = Gate.Bind(Context, request, opening, opened);
        if (errno != 0)
        {
            opened.Close(Context);
            Context.Accounts.Close(request.Uid);
            return Noted(errno, id);
        }
        opened.Uid = request.Uid;
        opened.Gid = request.Gid;
        open.fh = _files.Add(opened, request.Unique); // from now on stat of the node tells this capture's size
        if (wasSentBack || (_sizes.WasTold(node, opened.Size) && opened.Time == 0)) return 0; // a time is always to be told: see TimeOfContents
        if (!_files.MayBeSentBack(open.fh) || !_sentBack.TryAdd(request, node, open.fh)) return 0;
        _files.SentBack(open.fh, request.Pid);
        return ESTALE;
    }

    public override int Read(in Request request, ulong node, ulong handle, long offset, Span<byte> buffer, out int length)
    {
        length = 0;
        if (_files.Find(handle) is not { } file) return EBADF;
        NodeId id = NodeId.From(node);
        using WaitingPlace place = Context.Accounts.PlaceFor(_tree.Find(id.Row), request.Uid);
        if (place.IsRefused) return EBUSY;
        int errno = file.Read(request, offset, buffer, out length);
        return errno == 0 ? 0 : Noted(errno, id);
    }

    public override void Release(ulong node, ulong handle) => Close(handle);

    public override int StatFs(in Request request, ulong node, ref fuse_kstatfs statfs)
    {
        statfs.bsize = 4096;
        statfs.frsize = 4096;
        statfs.namelen = 255;
        statfs.files = (ulong)_tree.Rows.Count(row => row.Subject is null);
        var counter = default(ObjectCounter);
        foreach (ObjectKind kind in _tree.Kinds) kind.Walk(Context, ref counter);
        statfs.files += counter.Count;
        return 0;
    }

    /// <summary>The size of a row's file, for the thread's <see cref="Asker"/>; 0 or an errno, ENOENT where the object has no such file.</summary>
    public int SizeOf(Row row, ulong key, out long size)
    {
        size = 0;
        using WaitingPlace place = Context.Accounts.PlaceFor(row, Asker.Uid);
        if (place.IsRefused) return EBUSY;
        int errno;
        switch (row)
        {
            case FileRow { Lasts: true } file:
                ulong node = new NodeId(row.Number, key).Value;
                if (_lasting.TryGet(node, out errno, out size)) return errno;
                errno = SizeOf(file.Render, key, out size);
                _lasting.Keep(node, errno, size);
                return errno;
            case FileRow file:
                return SizeOf(file.Render, key, out size);
            case SymlinkRow link:
                return SizeOf(link.Target, key, out size);
            case StreamRow stream:
                errno = stream.Source.Exists(Context, key);
                if (errno != 0 || (stream.IsShared && _lasting.TryGet(new NodeId(row.Number, key).Value, out errno, out size))) return errno;
                size = stream.Source.SizeUnopened(Context, key);
                if (size >= 0) return 0;
                size = 0;
                using (var opened = new StreamFile())
                {
                    errno = opened.Open(Context, stream, new NodeId(row.Number, key));
                    if (errno == 0) size = opened.Size;
                }
                return errno is 0 || errno == ENOENT ? errno : 0; // it can be listed though it cannot be read now
            default:
                return 0;
        }
    }

    private void Close(ulong handle)
    {
        if (_files.Remove(handle) is not { } file) return;
        uint uid = file.Uid;
        file.Close(Context);
        Context.Accounts.Close(uid);
    }

    /// <summary>The key of what a fixed row names in a directory; 0 or an errno.</summary>
    private int KeyOf(Row child, NodeId directory, out ulong key)
    {
        if (child.ByAsker is { } byAsker) return byAsker(Context, out key);
        key = directory == NodeId.Root ? 0 : directory.Key;
        return 0;
    }

    private int SizeOf(Render render, ulong key, out long size)
    {
        TextBuffer text = Context.TextBuffers.Rent();
        text.Clear();
        int errno = render(Context, key, text);
        size = text.Length;
        text.Clear();
        Context.TextBuffers.Return(text);
        return errno;
    }

    private int FillEntry(Row row, NodeId node, ref fuse_entry_out entry)
    {
        int errno = FillAttr(row, node, -1, ref entry.attr);
        if (errno != 0) return Noted(errno, node);
        SetEntry(row, ref entry);
        return 0;
    }

    private void SetEntry(Row row, ref fuse_entry_out entry)
    {
        bool lasts = row.Subject is null && !row.IsDynamic && row.IsThere is null;
        entry.nodeid = entry.attr.ino;
        entry.entry_valid = row.ByAsker is not null || row.IsSealable ? 0 : lasts ? Day : Second;
        entry.attr_valid = lasts && row is DirectoryRow ? Day : Second;
        if (row is FileRow { CountsRuns: true }) entry.attr_valid = 0; // its readers start over, and then it has another size
        if (IsAskedEachTime(row)) entry.entry_valid = entry.attr_valid = 0;
    }

    // size: of the file if it is known; negative: find out
    private int FillAttr(Row row, NodeId node, long size, ref fuse_attr attr)
    {
        ulong loadTime = 0;
        using ObjectKind.HeldReading held = ObjectKind.Hold();
        if (row.Subject is { } subject)
        {
            int errno = subject.Stat(Context, (uint)node.Key, out loadTime);
            if (errno != 0) return errno;
        }
        if (row.Gate is { } gate)
        {
            int errno = gate.Find(Context, node.Key, out _);
            if (errno != 0) return errno;
        }
        if (size < 0 && row is not DirectoryRow && !_files.TryGetSize(node.Value, out size))
        {
            int errno = node.Row == row.Number ? SizeOf(row, node.Key, out size) : Exists(row, node.Key);
            if (errno != 0) return errno;
        }
        SetAttr(row, node, Math.Max(size, 0), loadTime, ref attr);
        if (row is not DirectoryRow) _sizes.Told(node.Value, size);
        return 0;
    }

    /// <summary>Whether an object has a file, as far as what is public tells: 0 or ENOENT.</summary>
    internal int Exists(Row row, ulong key) => row switch
    {
        StreamRow stream => stream.Source.Exists(Context, key),
        FileRow { Exists: { } exists } => exists(Context, key),
        _ => 0,
    };

    /// <summary>The node that a file is to who asks.</summary>
    private NodeId NodeOf(in Request request, Row row, ulong key) => new(IsSealed(request, row) ? row.SealedNumber : row.Number, key);

    /// <summary>
    /// Whether who asks sees a file's sealed node. The kernel names one group of his only, so a member of the tier's by another sees it as well; he may open it, and reads the same.
    /// </summary>
    internal bool IsSealed(in Request request, Row row) => row.IsSealable && !(row.Tier switch
    {
        Tier.Private => request.Uid == 0 && Caller.FindAdmin(Context, request) == 0,
        _ => request.Uid == 0 || request.Gid == _options.Gid,
    });

    private void SetAttr(Row row, NodeId node, long size, ulong loadTime, ref fuse_attr attr)
    {
        long time = row.IsOfNow ? TimeOfContents(node) : loadTime == 0 ? Context.StartTime : Context.BootTime + (long)loadTime;
        attr.ino = node.Value;
        attr.mode = row.Mode;
        attr.nlink = 1;
        if (IsHidden(row)) attr.mode &= ~GroupBits;
        else if (row.Tier is Tier.Group or Tier.Processes) attr.gid = _options.Gid;
        if (row.Gate is { } gate)
        {
            gate.Find(Context, node.Key, out Access access); // gone meanwhile: nobody's
            attr.uid = access.Uid;
            attr.gid = access.Gid;
            attr.mode = (row.Mode & 0xF000) | access.ModeOf(row);
        }
        attr.size = (ulong)size;
        attr.blocks = ((ulong)size + 511) / 512;
        attr.blksize = 4096;
        attr.mtime = attr.ctime = attr.atime = (ulong)(time / 1_000_000_000);
        attr.mtimensec = attr.ctimensec = attr.atimensec = (uint)(time % 1_000_000_000);
    }

    /// <summary>While somebody reads it, its time stands still: tar(1) and others look whether it changed meanwhile.</summary>
    private long TimeOfContents(NodeId node) => _files.TryGetSize(node.Value, out _, out long time) && time != 0 ? time : Clock.Now();

    private Row DynamicOf(DirectoryRow directory, ulong key) => directory.Dynamic[directory.Children!.ShapeOf(Context, key)];

    /// <summary>Whether it is root's alone, by hidepids.</summary>
    private bool IsHidden(Row row) => _options.HidesPids && row.Tier == Tier.Processes;

    /// <summary>Whether the kernel must not answer from what it remembers of another asker.</summary>
    private bool IsAskedEachTime(Row row) => row.Gate is not null || IsHidden(row);

    /// <summary>Whether rows of this kind are there, and for who asks.</summary>
    internal bool Shows(in Request request, Row row) => (request.Uid == 0 || !IsHidden(row)) && row.IsThere?.Invoke() != false;

    /// <summary>Whether only who is root may read it, be it by its row or by its gate.</summary>
    private bool IsPrivate(Row row, NodeId node) => row.Gate is not { Hides: false } gate
        ? row.Tier == Tier.Private && row.Gate is null
        : gate.Find(Context, node.Key, out Access access) == 0 && (access.Permissions & ~OwnerBits) == 0;

    /// <summary>Whether the node is there for who asks.</summary>
    private bool MayEnter(in Request request, Row row, ulong key) => Shows(request, row) && MayPass(request, row, key);

    private bool MayPass(in Request request, Row row, ulong key) =>
        row.Gate is not { Hides: true } gate || gate.Admits(Context, request, key);

    /// <summary>Keeps an error for the status file, if it is one of ours and not just an object that is gone.</summary>
    private int Noted(int errno, NodeId node)
    {
        if (errno == ENOENT || errno == EINTR || errno == ESPIPE || errno == EACCES) return errno;
        string path = (_tree.Find(node.Row)?.Path ?? "?").Replace("<id>", node.Key.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        string cause = System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno);
        Context.Errors.Add($"{path}: {cause}");
        Log.ReadFailed(Context.Logger, path, cause);
        return errno;
    }
}
