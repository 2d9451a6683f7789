using BpfFs.Rendering;
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

    public override long Size => _ended && _chunkStart == 0 ? _chunk.Length : CeilingOf(_producer!);

    public override byte LastByte => _ended && _chunkStart == 0 && _chunk.Length > 0 ? _chunk.Written[^1] : (byte)0;

    public override Access? Access => _producer?.Access;

    public override void Unbind() => _producer?.Unbind();

    private static long CeilingOf(LineProducer producer) => ((producer.Ceiling / PageSize) + 2) * PageSize;

    public int Open(ViewContext context, StreamRow row, NodeId node)
    {
        Node = node.Value;
        int errno = row.Source.Open(context, node.Key, out _producer);
        if (errno == 0) errno = ProduceHead();
        if (errno != 0) Dispose();
        return errno;
    }

    public override int Read(in Request request, long offset, Span<byte> buffer, out int length, out bool resized)
    {
        lock (_lock)
        {
            length = 0;
            resized = false;
            long before = Size;
            if (offset < _chunkStart || (offset == 0 && _isRead))
            {
                int errno = _producer!.Restart();
                if (errno == 0) errno = ProduceHead();
                if (errno != 0) return errno;
            }
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
            resized = Size != before;
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
