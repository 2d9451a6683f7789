using BpfFs.Rendering;
using BpfFs.View.Kept;
using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>
/// A file's contents that are the same for everybody and do not change: made once, however many have it open, as far as one of them has read. What makes them goes when they
/// are whole, they go with the last who has them open. Thread-safe.
/// </summary>
internal sealed class SharedText : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TextBuffer _written = new();
    private LineProducer? _producer;
    private bool _isStarted;
    private volatile bool _ended;
    private long _ceiling;

    /// <summary>How many have it open; <see cref="SharedTexts"/> counts.</summary>
    public int Users { get; set; }

    /// <summary>Whether all of it is made.</summary>
    public bool IsWhole => _ended;

    /// <summary>In bytes; until it is whole, more than it can have.</summary>
    public long Size => _ended ? _written.Length : _ceiling;

    /// <summary>0 or an errno.</summary>
    public int Start(ViewContext context, StreamSource source, ulong key)
    {
        lock (_lock)
        {
            if (_isStarted) return 0;
            int errno = source.Open(context, key, out _producer);
            if (errno != 0) return errno;
            _ceiling = StreamFile.CeilingOf(_producer!.Ceiling);
            _isStarted = true;
            return 0;
        }
    }

    /// <summary>Makes at least so many bytes, or all there are; 0 or an errno.</summary>
    public int MakeTo(long length)
    {
        while (!_ended)
        {
            if (Request.IsCurrentInterrupted) return EINTR;
            lock (_lock) // others who read get in between two pieces
            {
                if (_ended || _written.Length >= length) return 0;
                int errno = _producer!.Produce(_written, out bool ended);
                if (errno != 0) return errno;
                if (ended) End();
            }
        }
        return 0;
    }

    /// <summary>Copies from an offset what is there; <paramref name="length"/> is less than there is room for only at the end. 0 or an errno.</summary>
    public int Read(long offset, Span<byte> buffer, out int length)
    {
        length = 0;
        int errno = MakeTo(offset + buffer.Length);
        if (errno != 0) return errno;
        lock (_lock)
        {
            ReadOnlySpan<byte> written = _written.Written;
            if (offset >= written.Length) return 0;
            ReadOnlySpan<byte> rest = written[(int)offset..];
            length = Math.Min(rest.Length, buffer.Length);
            rest[..length].CopyTo(buffer);
            return 0;
        }
    }

    /// <summary>Frees all; nobody has it any more.</summary>
    public void Dispose()
    {
        _producer?.Dispose();
        ((IDisposable)_written).Dispose();
    }

    private void End()
    {
        _ended = true;
        _producer!.Dispose();
        _producer = null;
    }
}

/// <summary>Those that somebody has open, by node.</summary>
internal sealed class SharedTexts
{
    private readonly Dictionary<ulong, SharedText> _texts = [];
    private readonly Lock _lock = new();

    /// <summary>The text of a node; who has taken it returns it. 0 or an errno.</summary>
    public int Take(ViewContext context, StreamSource source, NodeId node, out SharedText? text)
    {
        lock (_lock)
        {
            if (!_texts.TryGetValue(node.Value, out text)) _texts[node.Value] = text = new SharedText();
            text.Users++;
        }
        int errno = text.Start(context, source, node.Key);
        if (errno == 0) return 0;
        Return(node, text);
        text = null;
        return errno;
    }

    public void Return(NodeId node, SharedText text)
    {
        lock (_lock)
        {
            if (--text.Users > 0) return;
            _texts.Remove(node.Value);
        }
        text.Dispose();
    }
}

/// <summary>An open file of a <see cref="StreamRow"/> that is shared: its own is only that it is open.</summary>
internal sealed class SharedFile : OpenFile
{
    private ViewContext _context = null!;
    private StreamRow _row = null!;
    private SharedText? _text; // null: adopted and not yet read
    private long _size; // of an adopted one that is not yet read

    public override long Size => _text?.Size ?? _size;

    /// <summary>Whether <see cref="Size"/> is what it will stay.</summary>
    public bool IsWhole => _text is { IsWhole: true };

    public int Open(ViewContext context, StreamRow row, NodeId node)
    {
        Begin(context, row, node);
        int errno = row.Source.Exists(context, node.Key);
        if (errno == 0) errno = Take();
        if (errno == 0) errno = _text!.MakeTo(row.Source.HeadSize); // the size of what is small is told right
        _size = Size;
        return errno;
    }

    public override void Keep(KeptTable table, ulong handle, ulong openedBy) => table.TryAdd(handle, Node, new Opener(openedBy, Uid, Gid), [], Size);

    /// <summary>The next server makes it again: it has not changed.</summary>
    public override int Adopt(ViewContext context, Row row, KeptTable table, in KeptHandle kept)
    {
        Begin(context, (StreamRow)row, NodeId.From(kept.Node));
        _size = kept.Size;
        return 0;
    }

    public override int Read(in Request request, long offset, Span<byte> buffer, out int length)
    {
        length = 0;
        int errno = Take();
        if (errno == 0) errno = _text!.Read(offset, buffer, out length);
        return errno;
    }

    public override void Close(ViewContext context)
    {
        if (_text is not null) context.SharedTexts.Return(NodeId.From(Node), _text);
        _text = null;
    }

    private void Begin(ViewContext context, StreamRow row, NodeId node)
    {
        Node = node.Value;
        _context = context;
        _row = row;
    }

    /// <summary>0 or an errno.</summary>
    private int Take()
    {
        if (Volatile.Read(ref _text) is not null) return 0;
        NodeId node = NodeId.From(Node);
        int errno = _context.SharedTexts.Take(_context, _row.Source, node, out SharedText? text);
        if (errno == 0 && Interlocked.CompareExchange(ref _text, text, null) is not null) _context.SharedTexts.Return(node, text!); // another read was first
        return errno;
    }
}
