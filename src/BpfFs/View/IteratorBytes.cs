using BpfFs.Rendering;
using Iterators;

namespace BpfFs.View;

/// <summary>Makes an iterator, or gives the errno it could not be made with.</summary>
internal delegate Fd CreateIterator();

/// <summary>What an iterator prints.</summary>
/// <param name="create">Makes one.</param>
/// <param name="isForeign">True: lines of text in which there may be anything, to be escaped. False: bytes, passed on as they are.</param>
internal sealed class IteratorBytes(CreateIterator create, bool isForeign) : LineProducer
{
    private RecordStream? _stream;

    /// <summary>Nobody knows.</summary>
    public override long Ceiling => 1L << 45;

    public override int Restart()
    {
        _stream?.Dispose();
        _stream = null;
        Fd fd = create();
        if (fd.Errno != 0) return fd.Errno;
        _stream = new RecordStream(fd);
        return 0;
    }

    public override int Produce(TextBuffer to, out bool ended)
    {
        int got = _stream!.ReadSome(out ReadOnlySpan<byte> bytes);
        ended = got == 0;
        if (got <= 0) return -got;
        if (!isForeign)
        {
            to.Append(bytes);
            return 0;
        }
        while (!bytes.IsEmpty)
        {
            int end = bytes.IndexOf((byte)'\n');
            to.AppendText(end < 0 ? bytes : bytes[..end]);
            if (end < 0) break;
            to.Append((byte)'\n');
            bytes = bytes[(end + 1)..];
        }
        return 0;
    }

    public override void Dispose() => _stream?.Dispose();
}
