using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Reads an iterator whose records are followed by text of any length, piece by piece. Memory: 64 KiB, which holds whatever one object's output may be
/// (bpf_seq_read's buffer has 32 KiB). Not thread-safe. Owns the iterator.
/// </summary>
public sealed unsafe class RecordStream : IDisposable
{
    private const int Capacity = 64 * 1024;
    private byte* _buffer = (byte*)NativeMemory.Alloc(Capacity);
    private int _iterator;
    private int _start, _end;

    /// <summary>Takes over an iterator.</summary>
    public RecordStream(Fd iterator) => _iterator = iterator.Disown();

    /// <summary>The next <paramref name="size"/> bytes, valid until the next call: 1, 0 at the end, or a negative errno; EPROTO: it ends within them.</summary>
    public int Read(int size, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        if (size > Capacity) return -LibC.EPROTO;
        if (_end - _start < size)
        {
            int left = _end - _start;
            new Span<byte>(_buffer + _start, left).CopyTo(new Span<byte>(_buffer, left));
            _start = 0;
            _end = left;
        }
        while (_end - _start < size)
        {
            int got = IteratorFd.Read(_iterator, new Span<byte>(_buffer + _end, Capacity - _end));
            if (got <= 0) return got < 0 || _end == 0 ? got : -LibC.EPROTO;
            _end += got;
        }
        bytes = new ReadOnlySpan<byte>(_buffer + _start, size);
        _start += size;
        return 1;
    }

    /// <summary>The next record: 1, 0 at the end, or a negative errno.</summary>
    public int ReadRecord<T>(out T record)
        where T : unmanaged
    {
        int got = Read(sizeof(T), out ReadOnlySpan<byte> bytes);
        record = got > 0 ? MemoryMarshal.Read<T>(bytes) : default;
        return got;
    }

    /// <summary>What follows a record: <paramref name="length"/> bytes, in the stream filled up to a multiple of 8. 0 or a positive errno.</summary>
    public int ReadTail(uint length, out ReadOnlySpan<byte> tail)
    {
        tail = default;
        if (length == 0) return 0;
        if (length > Capacity - 8) return LibC.EPROTO;
        int got = Read((int)((length + 7) & ~7u), out ReadOnlySpan<byte> bytes);
        if (got <= 0) return got < 0 ? -got : LibC.EPROTO;
        tail = bytes[..(int)length];
        return 0;
    }

    /// <summary>What there is, valid until the next call: 1, 0 at the end, or a negative errno.</summary>
    public int ReadSome(out ReadOnlySpan<byte> bytes)
    {
        int got = IteratorFd.Read(_iterator, new Span<byte>(_buffer, Capacity));
        bytes = new ReadOnlySpan<byte>(_buffer, Math.Max(got, 0));
        return Math.Sign(got) > 0 ? 1 : got;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_buffer is null) return;
        LibC.close(_iterator);
        NativeMemory.Free(_buffer);
        _buffer = null;
    }
}
