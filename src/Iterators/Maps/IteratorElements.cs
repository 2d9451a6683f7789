using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>The elements of a map by iter/bpf_map_elem (bpf/elements.h), which reads each twice; one that changed between is asked for by bpf(2). Memory: 64 KiB.</summary>
internal sealed unsafe class IteratorElements(MapElements elements, ElementLookup lookup) : IElementSource
{
    private const int Capacity = 64 * 1024;
    private readonly int _size = (int)lookup.Layout.Size;
    private byte* _buffer = (byte*)NativeMemory.Alloc(Capacity);
    private int _iterator = -1;
    private int _start, _end;

    /// <inheritdoc/>
    public int Restart()
    {
        CloseIterator();
        _start = _end = 0;
        var map = new Fd(lookup.Map); // never disposed here: it is the reader's
        Fd fd = elements.Create(map);
        if (fd.Errno != 0) return fd.Errno;
        _iterator = fd.Disown();
        return 0;
    }

    /// <inheritdoc/>
    public int ReadNext(out ReadOnlySpan<byte> element)
    {
        element = default;
        while (true)
        {
            int got = Fill();
            if (got <= 0) return got;
            Span<byte> found = new(_buffer + _start, _size);
            _start += _size;
            if (MemoryMarshal.Read<element_end_record>(found[(int)lookup.Layout.EndOffset..]).torn != 0)
            {
                int errno = lookup.Read(_buffer + _start - _size);
                if (errno == LibC.ENOENT) continue; // deleted meanwhile
                if (errno != 0) return -errno;
            }
            element = found;
            return 1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseIterator();
        NativeMemory.Free(_buffer);
        _buffer = null;
    }

    private int Fill()
    {
        if (_end - _start >= _size) return 1;
        int left = _end - _start;
        new Span<byte>(_buffer + _start, left).CopyTo(new Span<byte>(_buffer, left));
        _start = 0;
        _end = left;
        while (_end < _size)
        {
            int got = IteratorFd.Read(_iterator, new Span<byte>(_buffer + _end, Capacity - _end));
            if (got <= 0) return got < 0 || _end == 0 ? got : -LibC.EPROTO;
            _end += got;
        }
        return 1;
    }

    private void CloseIterator()
    {
        if (_iterator >= 0) LibC.close(_iterator);
        _iterator = -1;
    }
}
