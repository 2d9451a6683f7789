using BpfFs.Rendering;
using Fuse;

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

    /// <summary>The byte at <see cref="Size"/> - 1; of a file whose end is not known, any.</summary>
    public abstract byte LastByte { get; }

    /// <summary>When the contents were taken: nanoseconds since 1970; 0: not kept.</summary>
    public virtual long Time => 0;

    /// <summary>Bytes at an offset; none at the end. <paramref name="resized"/>: <see cref="Size"/> is no longer what it was.</summary>
    public abstract int Read(in Request request, long offset, Span<byte> buffer, out int length, out bool resized);

    /// <summary>Whose the contents are, where a <see cref="Gate"/> decides who reads them.</summary>
    public virtual Access? Access => null;

    /// <summary>The reader may have them whosever they become.</summary>
    public virtual void Unbind() { }

    /// <summary>Frees what it holds.</summary>
    public abstract void Close(ViewContext context);
}

/// <summary>
/// Contents taken at open; taken again when a reader that has already read comes back to the start, as /proc does. Every other read
/// comes out of one capture, whatever its offset and size.
/// </summary>
internal sealed class CapturedFile : OpenFile, IDisposable
{
    private readonly Lock _lock = new();
    private readonly TextBuffer _contents = new();
    private ViewContext _context = null!;
    private FileRow _row = null!;
    private ulong _key;
    private bool _isRead, _countsRuns;
    private long _time;

    public override long Size => _contents.Length;

    public override long Time => _time;

    public override byte LastByte => _contents.Length > 0 ? _contents.Written[^1] : (byte)0;

    public int Open(ViewContext context, FileRow row, NodeId node)
    {
        _context = context;
        _row = row;
        _key = node.Key;
        _isRead = row.CountsRuns;
        Node = node.Value;
        _contents.Clear();
        _time = row.IsOfNow ? Objects.Clock.Now() : 0;
        int errno = row.Render(context, _key, _contents);
        if (errno == 0 && row.CountsRuns) errno = context.RunStats.Acquire();
        _countsRuns = errno == 0 && row.CountsRuns;
        return errno;
    }

    public override int Read(in Request request, long offset, Span<byte> buffer, out int length, out bool resized)
    {
        lock (_lock)
        {
            length = 0;
            resized = false;
            if (offset == 0 && _isRead)
            {
                int before = _contents.Length;
                _contents.Clear();
                if (_row.IsOfNow) _time = Objects.Clock.Now();
                int errno = _row.Render(_context, _key, _contents);
                if (errno != 0) _contents.Clear(); // a later read must not get half of it
                resized = _contents.Length != before;
                if (errno != 0) return errno;
            }
            _isRead = true;
            if (offset >= _contents.Length) return 0;
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
        _contents.Clear();
        context.CapturedFiles.Return(this);
    }

    public void Dispose() => ((IDisposable)_contents).Dispose();
}
