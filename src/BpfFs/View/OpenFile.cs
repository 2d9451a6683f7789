using BpfFs.Rendering;
using BpfFs.View.Kept;
using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>An open file of the view. Errors are positive errnos.</summary>
internal abstract class OpenFile
{
    /// <summary>The node it is of.</summary>
    public ulong Node { get; set; }

    /// <summary>Next in <see cref="OpenFiles"/>' chain.</summary>
    public OpenFile? Next { get; set; }

    /// <summary>What stat should say of it now.</summary>
    public abstract long Size { get; }

    /// <summary>Who opened it: file system user and group ids.</summary>
    public uint Uid { get; set; }

    public uint Gid { get; set; }

    /// <summary>When the contents were taken: nanoseconds since 1970; 0: not kept.</summary>
    public virtual long Time => 0;

    /// <summary>Bytes at an offset; none at the end.</summary>
    public abstract int Read(in Request request, long offset, Span<byte> buffer, out int length);

    /// <summary>Whose the contents are, where a <see cref="Gate"/> decides who reads them.</summary>
    public virtual Access? Access => null;

    /// <summary>The reader may have them whosever they become.</summary>
    public virtual void Unbind() { }

    /// <summary>It is open under this handle: what it holds is kept for the next server, if there is room.</summary>
    public virtual void Keep(KeptTable table, ulong handle, ulong openedBy) { }

    /// <summary>Goes on with what an earlier server has kept; 0 or an errno.</summary>
    public virtual int Adopt(ViewContext context, Row row, KeptTable table, in KeptHandle kept) => ESTALE;

    /// <summary>Frees what it holds.</summary>
    public abstract void Close(ViewContext context);
}

/// <summary>
/// Contents taken at open; taken again when a reader that has already read comes back to the start, as /proc does. Every other read
/// comes out of one capture, whatever its offset and size. With a keeper they lie in its memory as well, large ones only there.
/// </summary>
internal sealed class CapturedFile : OpenFile, IDisposable
{
    private const int MaxHeldTwice = 64 * 1024;
    private readonly Lock _lock = new();
    private readonly TextBuffer _contents = new();
    private ViewContext _context = null!;
    private FileRow _row = null!;
    private KeptTable? _kept; // null: nothing is kept
    private ulong _key, _handle;
    private long _length;
    private bool _isRead, _isOutside, _countsRuns;
    private long _time;

    public override long Size => Volatile.Read(ref _length);

    public override long Time => _time;

    public int Open(ViewContext context, FileRow row, NodeId node)
    {
        Begin(context, row, node);
        int errno = Render();
        if (errno == 0 && row.CountsRuns) errno = context.RunStats.Acquire();
        _countsRuns = errno == 0 && row.CountsRuns;
        return errno;
    }

    public override void Keep(KeptTable table, ulong handle, ulong openedBy)
    {
        if (!table.TryAdd(handle, Node, new Opener(openedBy, Uid, Gid), _contents.Written, time: _time)) return;
        _kept = table;
        _handle = handle;
        LeaveOutside(true);
    }

    public override int Adopt(ViewContext context, Row row, KeptTable table, in KeptHandle kept)
    {
        Begin(context, (FileRow)row, NodeId.From(kept.Node));
        _handle = kept.Handle;
        _length = kept.Size;
        _time = kept.Time;
        _isRead |= kept.IsRead;
        _kept = table;
        _isOutside = kept.Size > MaxHeldTwice;
        if (!_isOutside && table.Read(_handle, 0, _contents.Room((int)_length)) == _length) _contents.Advance((int)_length);
        int errno = _row.CountsRuns ? context.RunStats.Acquire() : 0;
        _countsRuns = errno == 0 && _row.CountsRuns;
        return kept.HasContents ? errno : ESTALE;
    }

    public override int Read(in Request request, long offset, Span<byte> buffer, out int length)
    {
        lock (_lock)
        {
            length = 0;
            // A request that comes again may have had the contents taken anew already, and others may have read of those.
            bool isRepeated = request.IsResent && _kept is not null && _kept.IsStartedBy(_handle, request.Unique);
            if (offset == 0 && _isRead && !isRepeated)
            {
                int errno = Render();
                LeaveOutside(_kept is not null && _kept.TryReplace(_handle, request.Unique, _contents.Written, time: _time));
                if (errno != 0) return errno;
            }
            if (!_isRead) _kept?.Start(_handle, request.Unique);
            _isRead = true;
            if (offset >= _length) return 0;
            if (_isOutside)
            {
                length = _kept!.Read(_handle, offset, buffer);
                if (length >= 0) return 0;
                length = 0;
                return EIO;
            }
            ReadOnlySpan<byte> rest = _contents.Written[(int)offset..];
            length = Math.Min(rest.Length, buffer.Length);
            rest[..length].CopyTo(buffer);
            return 0;
        }
    }

    public override void Close(ViewContext context)
    {
        if (_countsRuns) context.RunStats.Release();
        _countsRuns = false;
        _kept = null;
        _length = 0;
        _contents.Clear();
        context.CapturedFiles.Return(this);
    }

    public void Dispose() => ((IDisposable)_contents).Dispose();

    private void Begin(ViewContext context, FileRow row, NodeId node)
    {
        _context = context;
        _row = row;
        _key = node.Key;
        _isRead = row.CountsRuns;
        _kept = null;
        _isOutside = false;
        Node = node.Value;
        _contents.Clear();
    }

    private int Render()
    {
        _contents.Clear();
        _isOutside = false;
        _time = _row.IsOfNow ? Objects.Clock.Now() : 0;
        int errno = _row.Render(_context, _key, _contents);
        if (errno != 0) _contents.Clear(); // a later read must not get half of it
        Volatile.Write(ref _length, _contents.Length);
        return errno;
    }

    private void LeaveOutside(bool isKept)
    {
        _isOutside = isKept && _contents.Length > MaxHeldTwice;
        if (_isOutside) _contents.Clear();
    }
}
