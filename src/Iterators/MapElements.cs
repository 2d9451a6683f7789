using Iterators.Native;

namespace Iterators;

/// <summary>How the elements of one map lie on the wire (bpf/elements.h). Sizes in bytes.</summary>
/// <param name="KeySize">Of the key.</param>
/// <param name="ValueSize">Of one value.</param>
/// <param name="Cpus">How many values an element has: 1, or the possible CPUs.</param>
public readonly record struct ElementLayout(int KeySize, int ValueSize, int Cpus)
{
    /// <summary>Where the first value starts.</summary>
    public int ValueOffset => (int)RoundUp8(KeySize);

    /// <summary>From one CPU's value to the next.</summary>
    public int ValueStride => (int)RoundUp8(ValueSize);

    /// <summary>Where the end mark lies.</summary>
    public long EndOffset => RoundUp8(KeySize) + (RoundUp8(ValueSize) * Cpus);

    /// <summary>All of an element.</summary>
    public long Size => EndOffset + sizeof(ulong);

    private static long RoundUp8(int size) => (size + 7L) & ~7L;
}

/// <summary>The elements of maps: which can be read, and iter/bpf_map_elem, attached to a map for each reader.</summary>
public sealed unsafe class MapElements
{
    private readonly int _program;
    private readonly int _cpus;

    internal MapElements(int program, int cpus)
    {
        _program = program;
        _cpus = cpus;
    }

    /// <summary>How many elements' worth of values a per-CPU map has: the possible CPUs.</summary>
    public int PossibleCpus => _cpus;

    /// <summary>Whether the kernel iterates the elements of this type of map (kernel/bpf/map_iter.c, bpf_iter_attach_map).</summary>
    public bool CanIterate(uint mapType) => _program >= 0 && mapType is
        MapType.Hash or MapType.Array or MapType.PercpuHash or MapType.PercpuArray or MapType.LruHash or MapType.LruPercpuHash or MapType.Rhash;

    /// <summary>Whether bpf(2) gives the elements of this type of map, key by key, without taking anything out of it: each does, but for those that are known not to.</summary>
    public static bool CanLookUp(uint mapType) => mapType switch
    {
        MapType.PerfEventArray or MapType.CgroupArray or MapType.Xskmap => false, // no way back from what is in it to user space
        MapType.StackTrace => false, // kernel addresses, and no key is one that user space chose
        MapType.SkStorage or MapType.InodeStorage or MapType.TaskStorage or MapType.CgrpStorage => false, // the key is a descriptor of what it belongs to
        MapType.Ringbuf or MapType.UserRingbuf or MapType.Arena => false, // memory without elements
        MapType.BloomFilter => false, // a lookup asks whether a value is in it
        _ => true, // queues and stacks too: without a key, a lookup shows what would be taken next
    };

    /// <summary>Whether bpf(2) gives the values of a map that has elements. Of sockets it gives the cookies, where values have 8 bytes (sock_map_lookup_sys, bpf_fd_reuseport_array_lookup_elem).</summary>
    public static bool GivesValues(in map_record map) =>
        map.type is not (MapType.Sockmap or MapType.Sockhash or MapType.ReuseportSockarray) || map.value_size == sizeof(ulong);

    /// <summary>Whether bpf(2) tells which keys a map has, if not their values. An array has all, with or without an element.</summary>
    public static bool GivesKeys(in map_record map) => GivesValues(map) || map.type == MapType.Sockhash;

    /// <summary>How the elements of a map lie on the wire.</summary>
    public ElementLayout LayoutOf(in map_record map) => new(
        (int)map.key_size, (int)map.value_size,
        IsPercpu(map.type) ? _cpus : 1);

    /// <summary>Whether an element has a value for each possible CPU.</summary>
    public static bool IsPercpu(uint mapType) =>
        mapType is MapType.PercpuHash or MapType.PercpuArray or MapType.LruPercpuHash or MapType.PercpuCgroupStorage;

    /// <summary>A new iterator over a map's elements; it holds the map. Fails with EINVAL for a type that cannot be iterated.</summary>
    public Fd Create(in Fd map)
    {
        // union bpf_iter_link_info { struct { __u32 map_fd; } map; ... }; 16 bytes since 6.1, of which the rest is zero
        uint* info = stackalloc uint[4] { (uint)map.Value, 0, 0, 0 };
        var opts = new LibBpf.bpf_link_create_opts { sz = (nuint)sizeof(LibBpf.bpf_link_create_opts), iter_info = info, iter_info_len = 4 * sizeof(uint) };
        using Fd link = new(LibBpf.bpf_link_create(_program, 0, LibBpf.BPF_TRACE_ITER, &opts));
        return new Fd(link.Errno != 0 ? -link.Errno : LibBpf.bpf_iter_create(link.Value));
    }
}
