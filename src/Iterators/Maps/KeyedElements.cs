using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// The elements of a map key after key (BPF_MAP_GET_NEXT_KEY, BPF_MAP_LOOKUP_ELEM): what every map with elements has. Where the last key was deleted meanwhile, most types start over,
/// so a walk may repeat elements. Memory: two elements.
/// </summary>
internal sealed unsafe class KeyedElements : IElementSource
{
    private readonly ElementLookup _lookup;
    private readonly bool _hasValues;
    private readonly WalkBound _bound;
    private byte* _element, _previous;
    private bool _hasPrevious;
    private long _left;

    /// <param name="lookup">Of the map.</param>
    /// <param name="bound">When the walk has to end.</param>
    /// <param name="hasValues">False: the map gives out its keys and no more.</param>
    public KeyedElements(ElementLookup lookup, WalkBound bound, bool hasValues)
    {
        (_lookup, _bound, _hasValues) = (lookup, bound, hasValues);
        _element = (byte*)NativeMemory.AllocZeroed((nuint)lookup.Layout.Size);
        _previous = (byte*)NativeMemory.AllocZeroed((nuint)Math.Max(lookup.Layout.KeySize, 1));
        _left = bound.Keys;
    }

    /// <inheritdoc/>
    public int Restart()
    {
        _hasPrevious = false;
        _left = _bound.Keys;
        return 0;
    }

    /// <summary>The next element is the one after this key.</summary>
    public void GoOn(ReadOnlySpan<byte> key)
    {
        key.CopyTo(new Span<byte>(_previous, _lookup.Layout.KeySize));
        _hasPrevious = true;
        _left = _bound.Keys;
    }

    /// <inheritdoc/>
    public int ReadNext(out ReadOnlySpan<byte> element)
    {
        element = default;
        while (true)
        {
            int got = NextKey();
            if (got <= 0) return got;
            int errno = _hasValues ? _lookup.Read(_element) : 0;
            if (errno == LibC.ENOENT) continue; // deleted meanwhile, or an index of an array without an element
            if (errno != 0) return -errno;
            element = new ReadOnlySpan<byte>(_element, (int)_lookup.Layout.Size);
            return 1;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_element);
        NativeMemory.Free(_previous);
        _element = _previous = null;
    }

    private int NextKey()
    {
        int keySize = _lookup.Layout.KeySize;
        if (keySize == 0)
        {
            // queue and stack: bpf(2) shows the next element that would be taken, and no other
            bool isFirst = !_hasPrevious;
            _hasPrevious = true;
            return isFirst ? 1 : 0;
        }
        int error = LibBpf.bpf_map_get_next_key(_lookup.Map, _hasPrevious ? _previous : null, _element);
        if (error < 0) return error == -LibC.ENOENT ? 0 : error;
        if (_left-- == 0) return -LibC.EBUSY;
        Buffer.MemoryCopy(_element, _previous, keySize, keySize);
        _hasPrevious = true;
        return 1;
    }
}

/// <summary>How many keys a walk takes from the kernel at most. A map whose keys are deleted as fast as they are read can make the kernel start over each time: such a walk ends with EBUSY.</summary>
/// <param name="Keys">The number.</param>
internal readonly record struct WalkBound(long Keys)
{
    private const long Walks = 4, AtLeast = 1024;

    /// <summary>That of a map. Cgroup storage, which has no limit of its own, does not start over.</summary>
    public static WalkBound Of(in map_record map) => new(map.max_entries == 0 ? long.MaxValue : (map.max_entries * Walks) + AtLeast);
}
