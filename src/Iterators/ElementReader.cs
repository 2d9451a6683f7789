using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Reads the elements of one map, one after the other, none of them torn. Memory: 64 KiB, or one element if that is larger. Not
/// thread-safe. It holds the map, as any descriptor does, until it is disposed.
/// </summary>
public sealed unsafe class ElementReader : IDisposable
{
    private const int KernelBuffer = 32 * 1024; // bpf_seq_read's: an element that fills it is E2BIG already (seq_write, fs/seq_file.c)
    private const int BufferSize = 64 * 1024;
    private const long LargestElement = 64 * 1024 * 1024;
    private readonly MapElements _elements;
    private readonly int _size;
    private readonly bool _iterates;
    private readonly byte* _buffer;
    private readonly int _capacity;
    private int _map, _iterator = -1;
    private int _start, _end;
    private bool _hasKey;
    private byte* _second; // of two readings of a value; made when first needed

    private ElementReader(MapElements elements, int map, in map_record record)
    {
        _elements = elements;
        _map = map;
        Map = record;
        Layout = elements.LayoutOf(record);
        _size = (int)Layout.Size;
        _iterates = _size < KernelBuffer && elements.CanIterate(record.type);
        _capacity = Math.Max(BufferSize, _size + Layout.ValueOffset); // looked up: the previous key stands behind the element
        _buffer = (byte*)NativeMemory.AllocZeroed((nuint)_capacity);
    }

    /// <summary>The map as it was when it was opened.</summary>
    public map_record Map { get; }

    /// <summary>How each element lies in what <see cref="ReadNext"/> gives.</summary>
    public ElementLayout Layout { get; }

    /// <summary>Opens a map's elements; 0 or an errno: ENOENT, EOPNOTSUPP for a type whose elements cannot be read, EFBIG for elements over 64 MiB.</summary>
    public static int Open(IteratorSet set, uint mapId, out ElementReader? reader)
    {
        reader = null;
        Fd map = OneObject.OpenMap(mapId);
        int errno = set.One.ReadMap(map, out one_map_record record);
        if (errno == 0 && !MapElements.CanLookUp(record.map.type)) errno = LibC.EOPNOTSUPP;
        if (errno == 0 && set.Elements.LayoutOf(record.map).Size > LargestElement) errno = LibC.EFBIG;
        if (errno == 0)
        {
            reader = new ElementReader(set.Elements, map.Disown(), record.map);
            errno = reader.Restart();
        }
        map.Dispose();
        if (errno == 0) return 0;
        reader?.Dispose();
        reader = null;
        return errno;
    }

    /// <summary>Goes back to the first element; 0 or an errno.</summary>
    public int Restart()
    {
        _start = _end = 0;
        _hasKey = false;
        if (!_iterates) return 0;
        CloseIterator();
        var map = new Fd(_map);
        Fd fd = _elements.Create(map);
        if (fd.Errno != 0) return fd.Errno;
        _iterator = fd.Disown();
        return 0;
    }

    /// <summary>The next element; 1, 0 at the end, or a negative errno. The span is valid until the next call.</summary>
    public int ReadNext(out ReadOnlySpan<byte> element)
    {
        element = default;
        while (true)
        {
            int got = _iterates ? FromIterator() : FromLookup();
            if (got <= 0) return got;
            Span<byte> found = new(_buffer + _start, _size);
            if (_iterates) _start += _size;
            if (_iterates && MemoryMarshal.Read<element_end_record>(found[(int)Layout.EndOffset..]).torn == 0)
            {
                element = found;
                return 1;
            }
            int errno = ReadAgain(found);
            if (errno == LibC.ENOENT) continue; // deleted meanwhile
            if (errno != 0) return -errno;
            element = found;
            return 1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_map < 0) return;
        CloseIterator();
        LibC.close(_map);
        _map = -1;
        NativeMemory.Free(_buffer);
        NativeMemory.Free(_second);
    }

    private int FromIterator()
    {
        if (_end - _start >= _size) return 1;
        int left = _end - _start;
        new Span<byte>(_buffer + _start, left).CopyTo(new Span<byte>(_buffer, left));
        _start = 0;
        _end = left;
        while (_end < _size)
        {
            int got = IteratorFd.Read(_iterator, new Span<byte>(_buffer + _end, _capacity - _end));
            if (got <= 0) return got < 0 || _end == 0 ? got : -LibC.EPROTO;
            _end += got;
        }
        return 1;
    }

    /// <summary>Elements too large for an iterator: by bpf(2), key after key. A key deleted meanwhile makes the kernel start over: the end is then the walk's.</summary>
    private int FromLookup()
    {
        if (Layout.KeySize == 0)
        {
            // queue and stack: bpf(2) shows the next element that would be taken, and no other
            bool isFirst = !_hasKey;
            _hasKey = true;
            return isFirst ? 1 : 0;
        }
        byte* previous = _buffer + _size;
        int error = LibBpf.bpf_map_get_next_key(_map, _hasKey ? previous : null, _buffer);
        if (error < 0) return error == -LibC.ENOENT ? 0 : error;
        Buffer.MemoryCopy(_buffer, previous, Layout.ValueOffset, Layout.KeySize);
        _hasKey = true;
        return 1;
    }

    /// <summary>
    /// Reads an element's value by bpf(2) until two readings agree: it changed while the iterator read it, or was not read by it. ENOENT: it is
    /// gone; EBUSY: it changed in every one of many readings.
    /// </summary>
    private int ReadAgain(Span<byte> element)
    {
        // bpf_percpu_hash_copy and bpf_percpu_array_copy give all CPUs' values, each filled up to 8 bytes; others give just the value.
        int size = (int)(Layout.EndOffset - Layout.ValueOffset);
        if (_second is null) _second = (byte*)NativeMemory.AllocZeroed((nuint)size);
        fixed (byte* key = element)
        {
            byte* first = key + Layout.ValueOffset;
            for (int attempt = 0; attempt < 1000; attempt++)
            {
                int error = LibBpf.bpf_map_lookup_elem(_map, Layout.KeySize == 0 ? null : key, attempt % 2 == 0 ? first : _second);
                if (error < 0) return -error;
                if (attempt > 0 && new ReadOnlySpan<byte>(first, size).SequenceEqual(new ReadOnlySpan<byte>(_second, size))) return 0;
            }
        }
        return LibC.EBUSY;
    }

    private void CloseIterator()
    {
        if (_iterator >= 0) LibC.close(_iterator);
        _iterator = -1;
    }
}
