using BpfFs.Rendering;
using BpfFs.View.Kept;
using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>Makes the lines of files that may be larger than memory.</summary>
internal abstract class StreamSource
{
    /// <summary>Starts a producer; 0 or an errno. ENOENT: the object is gone or has no such file.</summary>
    public abstract int Open(ViewContext context, ulong key, out LineProducer? producer);

    /// <summary>0, or ENOENT if the object is gone or has no such file.</summary>
    public abstract int Exists(ViewContext context, ulong key);
}

/// <summary>Produces a file from its start to its end, some lines at a time.</summary>
internal abstract class LineProducer : IDisposable
{
    /// <summary>More bytes than the file can have.</summary>
    public abstract long Ceiling { get; }

    /// <summary>Whose the contents are, where a <see cref="Gate"/> decides: it ends with EACCES when they become somebody else's.</summary>
    public virtual Access? Access => null;

    /// <summary>They are for whoever reads, whosever they become.</summary>
    public virtual void Unbind() { }

    /// <summary>Goes back to the start; 0 or an errno.</summary>
    public abstract int Restart();

    /// <summary>Appends a bounded amount of whole lines; <paramref name="ended"/>: there are no more.</summary>
    public abstract int Produce(TextBuffer to, out bool ended);

    public abstract void Dispose();
}

/// <summary>
/// An open streamed file. What it holds is bounded: up to <see cref="HeadSize"/> bytes are produced at open, and if that was all, the file is like a captured
/// one, its size exact. A larger one goes on from there while it is read: a forward position continues, offset 0 starts afresh, anything
/// else is produced again from the start.
/// Nobody knows such a file's size beforehand, and tools that trust st_size must not silently get less than there is: stat says a size that is
/// certainly larger, so that sendfile(2) goes on to the end, and a read from beyond the end is ESPIPE, so that whoever calculated a position
/// from that size is told (docs/view.md has the table of readers).
/// </summary>
internal sealed class StreamFile : OpenFile, IDisposable
{
    public const int HeadSize = 1024 * 1024;
    private const int PageSize = 4096; // a size that is a multiple of it makes wc -c read instead of believing
    private readonly Lock _lock = new();
    private readonly TextBuffer _chunk = new();
    private LineProducer? _producer;
    private long _chunkStart; // the offset of _chunk's first byte
    private bool _ended, _isRead;
    private ViewContext _context = null!;
    private StreamRow _row = null!;
    private KeptTable? _kept;
    private ulong _handle;
    private long _keptSize; // of an adopted one that is not produced yet

    public override long Size => _ended && _chunkStart == 0 ? _chunk.Length : _producer is null ? _keptSize : CeilingOf(_producer);

    public override Access? Access => _producer?.Access;

    public override void Unbind() => _producer?.Unbind();

    private static long CeilingOf(LineProducer producer) => ((producer.Ceiling / PageSize) + 2) * PageSize;

    public int Open(ViewContext context, StreamRow row, NodeId node)
    {
        Node = node.Value;
        _context = context;
        _row = row;
        int errno = row.Source.Open(context, node.Key, out _producer);
        if (errno == 0) errno = ProduceHead();
        if (errno != 0) Dispose();
        return errno;
    }

    /// <summary>Only what was produced to its end is kept: of anything longer, the next server knows that it is open.</summary>
    public override void Keep(KeptTable table, ulong handle, ulong openedBy)
    {
        if (!table.TryAdd(handle, Node, new Opener(openedBy, Uid, Gid), _ended ? _chunk.Written : [], _ended ? -1 : Size)) return;
        _kept = table;
        _handle = handle;
    }

    /// <summary>What is longer is produced again when it is next read, up to where the reader is.</summary>
    public override int Adopt(ViewContext context, Row row, KeptTable table, in KeptHandle kept)
    {
        Node = kept.Node;
        _context = context;
        _row = (StreamRow)row;
        _kept = table;
        _handle = kept.Handle;
        _isRead = kept.IsRead;
        _keptSize = kept.Size;
        if (!kept.HasContents) return 0;
        int length = (int)kept.Size;
        if (table.Read(_handle, 0, _chunk.Room(length)) != length) return EIO;
        _chunk.Advance(length);
        _ended = true;
        return 0;
    }

    public override int Read(in Request request, long offset, Span<byte> buffer, out int length)
    {
        lock (_lock)
        {
            length = 0;
            // A request that comes again may have made us start afresh already, and others may have read of that.
            bool isRepeated = request.IsResent && _kept is not null && _kept.IsStartedBy(_handle, request.Unique);
            if (offset < _chunkStart || (offset == 0 && _isRead && !isRepeated) || (_producer is null && !_ended))
            {
                int errno = Restart(request);
                if (errno != 0) return errno;
                if (offset == 0) _kept?.TryReplace(_handle, request.Unique, _ended ? _chunk.Written : [], _ended ? -1 : Size);
            }
            if (!_isRead) _kept?.Start(_handle, request.Unique);
            _isRead = true;
            while (length < buffer.Length)
            {
                long at = offset + length - _chunkStart;
                if (at < _chunk.Length)
                {
                    ReadOnlySpan<byte> rest = _chunk.Written[(int)at..];
                    int count = Math.Min(rest.Length, buffer.Length - length);
                    rest[..count].CopyTo(buffer[length..]);
                    length += count;
                    continue;
                }
                if (_ended)
                {
                    if (at > _chunk.Length && _chunkStart > 0) return ESPIPE;
                    break;
                }
                if (request.IsInterrupted) return EINTR;
                int failed = ProduceNext();
                if (failed != 0) return length > 0 ? 0 : failed;
            }
            return 0;
        }
    }

    public override void Close(ViewContext context) => Dispose();

    public void Dispose()
    {
        _producer?.Dispose();
        _producer = null;
        ((IDisposable)_chunk).Dispose();
    }

    private int Restart(in Request request)
    {
        if (_producer is not null)
        {
            int failed = _producer.Restart();
            return failed == 0 ? ProduceHead() : failed;
        }
        // Adopted: what was decided at open (whose it is, whose namespace) is decided again by who reads.
        Asker.Tid = request.Pid;
        int errno = _row.Source.Open(_context, NodeId.From(Node).Key, out _producer);
        if (errno == 0) errno = Gate.Bind(_context, request, _row, this);
        if (errno == 0) errno = ProduceHead();
        if (errno == 0) return 0;
        _producer?.Dispose();
        _producer = null;
        return errno;
    }

    private int ProduceHead()
    {
        _chunk.Clear();
        _chunkStart = 0;
        _ended = false;
        int errno = 0;
        while (errno == 0 && !_ended && _chunk.Length < HeadSize) errno = _producer!.Produce(_chunk, out _ended);
        return errno;
    }

    private int ProduceNext()
    {
        _chunkStart += _chunk.Length;
        _chunk.Clear();
        return _producer!.Produce(_chunk, out _ended);
    }
}
