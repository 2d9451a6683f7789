using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Reads the elements of one map, one after the other, none of them torn: by iter/bpf_map_elem where the kernel has it for this type of map and lets it be loaded, else by
/// BPF_MAP_LOOKUP_BATCH, else key after key. Memory: 64 KiB by the iterator, 128 KiB or twice the largest bucket by batches, else two elements. Not thread-safe. It holds the map,
/// as any descriptor does, until it is disposed.
/// </summary>
public sealed class ElementReader : IDisposable
{
    private const int KernelBuffer = 32 * 1024; // bpf_seq_read's: an element that fills it is E2BIG already (seq_write, fs/seq_file.c)
    private const int LargestInBatch = 256 * 1024; // the kernel takes memory for five elements before it knows how many there are
    private const long LargestElement = 64 * 1024 * 1024;
    private readonly ElementLookup _lookup;
    private readonly IteratorElements? _iterated;
    private readonly int _map;
    private IElementSource? _other; // made when first needed
    private IElementSource _source = null!;
    private bool _isDisposed;

    private ElementReader(MapElements elements, int map, in map_record record, bool isPercpu)
    {
        _map = map;
        Map = record;
        HasValues = MapElements.GivesValues(record);
        Layout = elements.LayoutOf(record, isPercpu);
        _lookup = new ElementLookup(map, Layout, isPercpu, elements.RoomOf(record)) { IsReference = MapElements.AreReferences(record.type) };
        if (Layout.Size < KernelBuffer && elements.CanIterate(record.type)) _iterated = new IteratorElements(elements, _lookup);
    }

    /// <summary>The map as it was when it was opened.</summary>
    public map_record Map { get; }

    /// <summary>Whether an element has a value for each possible CPU.</summary>
    public bool IsPercpu => _lookup.IsPercpu;

    /// <summary>How each element lies in what <see cref="ReadNext"/> gives.</summary>
    public ElementLayout Layout { get; }

    /// <summary>False: the map gives out its keys alone, and values are zero.</summary>
    public bool HasValues { get; }

    /// <summary>Opens a map's elements; 0 or an errno: ENOENT, EOPNOTSUPP for a map whose elements cannot be read, EFBIG for elements over 64 MiB.</summary>
    public static int Open(IteratorSet set, uint mapId, out ElementReader? reader) => Open(set.One, set.Elements, mapId, out reader);

    /// <summary>The same with what is loaded.</summary>
    internal static int Open(OneObject one, MapElements elements, uint mapId, out ElementReader? reader)
    {
        reader = null;
        using Fd map = OneObject.OpenMap(mapId);
        int errno = one.ReadMap(map, out one_map_record record);
        if (errno == 0 && !(MapElements.CanLookUp(record.map.type) && MapElements.GivesKeys(record.map))) errno = LibC.EOPNOTSUPP;
        return errno != 0 ? errno : Open(elements, map.Disown(), record.map, out reader);
    }

    /// <summary>The same of a map whose descriptor is then the reader's.</summary>
    internal static int Open(MapElements elements, int map, in map_record record, out ElementReader? reader)
    {
        reader = null;
        using Fd own = new(map);
        if (elements.RoomOf(record) > LargestElement) return LibC.EFBIG;
        bool isPercpu = elements.IsPercpu(own, record);
        if (elements.LayoutOf(record, isPercpu).Size > LargestElement) return LibC.EFBIG;
        reader = new ElementReader(elements, own.Disown(), record, isPercpu);
        int errno = reader.Restart();
        if (errno == 0) return 0;
        reader.Dispose();
        reader = null;
        return errno;
    }

    /// <summary>Goes back to the first element; 0 or an errno.</summary>
    public int Restart()
    {
        // what keeps an iterator from being made, a limit of descriptors or a security module, does not stop bpf(2)
        if (_iterated is not null && _iterated.Restart() == 0)
        {
            _source = _iterated;
            return 0;
        }
        if (_other is null) _other = MakeOther();
        _source = _other;
        return _other.Restart();
    }

    /// <summary>The next element; 1, 0 at the end, or a negative errno. The span is valid until the next call. EBUSY: it, or the whole map, changed all the time.</summary>
    public int ReadNext(out ReadOnlySpan<byte> element) => _source.ReadNext(out element);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        _iterated?.Dispose();
        _other?.Dispose();
        _lookup.Dispose();
        LibC.close(_map);
    }

    private IElementSource MakeOther()
    {
        var bound = WalkBound.Of(Map);
        return HasValues && MapType.IsKnown(Map.type) && Layout.KeySize > 0 && Layout.Size <= LargestInBatch ? new BatchElements(_lookup, bound) : new KeyedElements(_lookup, bound, HasValues);
    }
}
