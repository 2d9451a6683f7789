using BpfFs.Rendering;
using Iterators;

namespace BpfFs.View;

/// <summary>Makes an iterator, or gives the errno it could not be made with.</summary>
internal delegate Fd CreateIterator();

/// <summary>What an iterator writes, byte by byte as it is.</summary>
/// <param name="create">Makes one.</param>
internal sealed class IteratorBytes(CreateIterator create) : LineProducer
{
    private RecordStream? _stream;

    /// <summary>Nobody knows.</summary>
    public override long Ceiling => 1L << 40;

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
        to.Append(bytes);
        return 0;
    }

    public override void Dispose() => _stream?.Dispose();
}
