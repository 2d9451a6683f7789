using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// The elements of a map by BPF_MAP_LOOKUP_BATCH. Each batch is read twice from the same place, and an element on which the readings differ is asked for by its key.
/// A hash hands out whole buckets, each under its lock, and its cursor is the number of the next bucket: an element that stays is read once, whatever else changes. Other types go on
/// from a key, as BPF_MAP_GET_NEXT_KEY does. Where the kernel has no batch, or one bucket is too large for it, the rest is read key after key. Memory: 128 KiB, or two readings of the
/// largest bucket.
/// </summary>
internal sealed unsafe class BatchElements : IElementSource
{
    private const int UsualElements = 1024; // more are not faster, fewer are closer to the second reading
    private const int UsualBytes = 64 * 1024; // of one reading
    private const int MostBytes = 4 * 1024 * 1024;
    private const int Window = 16; // how much further on the second reading may have the same key: others came into the bucket

    private readonly ElementLookup _lookup;
    private readonly WalkBound _bound;
    private readonly int _keySize, _valueSize;
    private Reading _first, _again;
    private byte* _element; // what is handed out
    private byte* _cursors; // all four
    private byte* _here, _next; // where this batch begins, and the next
    private readonly byte* _unused; // where the second reading ended
    private readonly byte* _lastKey;
    private bool _hasCursor, _isEnd, _isEqual;
    private long _left;
    private KeyedElements? _rest;
    /// <param name="lookup">Of the map.</param>
    /// <param name="bound">When the walk has to end.</param>
    public BatchElements(ElementLookup lookup, WalkBound bound)
    {
        (_lookup, _bound, _left) = (lookup, bound, bound.Keys);
        ElementLayout layout = lookup.Layout;
        _keySize = layout.KeySize;
        _valueSize = lookup.IsPercpu ? layout.ValueStride * layout.Cpus : layout.ValueSize;
        _element = (byte*)NativeMemory.AllocZeroed((nuint)layout.Size);
        int cursor = Math.Max(_keySize, sizeof(ulong)); // a key, or the number of a bucket
        _cursors = (byte*)NativeMemory.AllocZeroed(4, (nuint)cursor);
        _here = _cursors;
        _next = _here + cursor;
        _unused = _next + cursor;
        _lastKey = _unused + cursor;
        Allocate(Math.Clamp(UsualBytes / (_keySize + _valueSize), 1, UsualElements));
    }

    /// <summary>How many elements a reading has room for.</summary>
    internal int Capacity { get; private set; }

    /// <summary>Whether the walk goes on key after key.</summary>
    internal bool IsInRest { get; private set; }

    /// <inheritdoc/>
    public int Restart()
    {
        _first.Count = _first.Index = 0;
        _hasCursor = _isEnd = IsInRest = false;
        _left = _bound.Keys;
        return 0;
    }

    /// <inheritdoc/>
    public int ReadNext(out ReadOnlySpan<byte> element)
    {
        element = default;
        while (!IsInRest)
        {
            if (_first.Index == _first.Count)
            {
                int got = ReadBatch();
                if (got <= 0) return got;
                continue;
            }
            int errno = Take();
            if (errno == LibC.ENOENT) continue; // deleted meanwhile
            if (errno != 0) return -errno;
            element = new ReadOnlySpan<byte>(_element, (int)_lookup.Layout.Size);
            return 1;
        }
        return _rest!.ReadNext(out element);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rest?.Dispose();
        Free();
        NativeMemory.Free(_element);
        NativeMemory.Free(_cursors);
        _element = _cursors = null;
    }

    /// <summary>Copies the next element of the batch to where it is handed out; 0 or an errno.</summary>
    private int Take()
    {
        int at = _first.Index++;
        byte* key = _first.Keys + ((nint)at * _keySize);
        var value = new ReadOnlySpan<byte>(_first.Values + ((nint)at * _valueSize), _valueSize);
        new ReadOnlySpan<byte>(key, _keySize).CopyTo(new Span<byte>(_element, _keySize));
        value.CopyTo(new Span<byte>(_element + _lookup.Layout.ValueOffset, _valueSize));
        if (_isEqual) return 0;
        ReadOnlySpan<byte> again = FindAgain(key);
        return again.Length > 0 && again.SequenceEqual(value) ? 0 : _lookup.Confirm(_element, again);
    }

    /// <summary>A key's value in the second reading; empty: it is not there, or not near.</summary>
    private ReadOnlySpan<byte> FindAgain(byte* key)
    {
        var wanted = new ReadOnlySpan<byte>(key, _keySize);
        int end = Math.Min(_again.Count, _again.Index + Window);
        for (int at = _again.Index; at < end; at++)
        {
            if (!wanted.SequenceEqual(new ReadOnlySpan<byte>(_again.Keys + ((nint)at * _keySize), _keySize))) continue;
            _again.Index = at + 1;
            return new ReadOnlySpan<byte>(_again.Values + ((nint)at * _valueSize), _valueSize);
        }
        return default;
    }

    /// <summary>1: there are elements, or the rest has begun; 0: the end; or a negative errno.</summary>
    private int ReadBatch()
    {
        while (!_isEnd)
        {
            int error = Read(ref _first, _next);
            if (error == -LibC.ENOSPC && Grow()) continue;
            if (error == -LibC.EAGAIN && FindCursor()) continue;
            _isEnd = error == -LibC.ENOENT; // it may have elements all the same
            if (!_isEnd && _first.Count == 0) return StartRest();
            if (_first.Count == 0) return 0;
            if ((_left -= _first.Count) < 0) return -LibC.EBUSY;
            _isEqual = !_lookup.CanTear || ReadAgain();
            Buffer.MemoryCopy(_first.Keys + ((nint)(_first.Count - 1) * _keySize), _lastKey, _keySize, _keySize);
            byte* read = _here;
            _here = _next;
            _next = read;
            _hasCursor = true;
            return 1;
        }
        return 0;
    }

    /// <summary>0 or a negative errno; with ENOENT, the end, there may be elements, with others there are none.</summary>
    private int Read(ref Reading to, byte* end)
    {
        uint count = (uint)Capacity;
        int error = LibBpf.bpf_map_lookup_batch(_lookup.Map, _hasCursor ? _here : null, end, to.Keys, to.Values, &count, null);
        bool isRead = error == 0 || error == -LibC.ENOENT; // the count of a call that is refused stays as it was
        to.Count = isRead ? (int)Math.Min(count, (uint)Capacity) : 0;
        to.Index = 0;
        return error;
    }

    /// <summary>Whether both readings are the same.</summary>
    private bool ReadAgain()
    {
        Read(ref _again, _unused);
        return _first.Equals(_again, _keySize, _valueSize);
    }

    /// <summary>A bucket has more elements than there is room for.</summary>
    private bool Grow()
    {
        if (2L * Capacity * (_keySize + _valueSize) > MostBytes) return false;
        Free();
        Allocate(2 * Capacity);
        return true;
    }

    /// <summary>A resizable hash goes on at a key, and that was deleted: on with what follows the last one that was read.</summary>
    private bool FindCursor() => _hasCursor && _left-- > 0 && LibBpf.bpf_map_get_next_key(_lookup.Map, _lastKey, _here) == 0;

    private int StartRest()
    {
        _rest ??= new KeyedElements(_lookup, _bound, hasValues: true);
        if (_hasCursor) _rest.GoOn(new ReadOnlySpan<byte>(_lastKey, _keySize));
        else _rest.Restart();
        IsInRest = true;
        return 1;
    }

    private void Allocate(int capacity)
    {
        Capacity = capacity;
        nuint keys = (nuint)((long)capacity * _keySize), values = (nuint)((long)capacity * _valueSize);
        _first.Keys = (byte*)NativeMemory.Alloc(2 * (keys + values));
        _first.Values = _first.Keys + keys;
        _again.Keys = _first.Values + values;
        _again.Values = _again.Keys + keys;
    }

    private void Free()
    {
        NativeMemory.Free(_first.Keys);
        _first = _again = default;
    }

    private struct Reading
    {
        public byte* Keys, Values;
        public int Count, Index;

        public readonly bool Equals(in Reading other, int keySize, int valueSize) =>
            Count == other.Count
            && new ReadOnlySpan<byte>(Keys, Count * keySize).SequenceEqual(new ReadOnlySpan<byte>(other.Keys, Count * keySize))
            && new ReadOnlySpan<byte>(Values, Count * valueSize).SequenceEqual(new ReadOnlySpan<byte>(other.Values, Count * valueSize));
    }
}
