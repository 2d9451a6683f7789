using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

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
    private const ulong BPF_F_CPU = 8; // <linux/bpf.h>
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

    /// <summary>Whether bpf(2) gives the values of a map that has elements. Of sockets it gives the cookies, where values have 8 bytes (sock_map_lookup_sys, bpf_fd_reuseport_array_lookup_elem). A type that is not known has to have keys.</summary>
    public static bool GivesValues(in map_record map) =>
        (MapType.IsKnown(map.type) || map.key_size > 0) && (map.type is not (MapType.Sockmap or MapType.Sockhash or MapType.ReuseportSockarray) || map.value_size == sizeof(ulong));

    /// <summary>Whether bpf(2) tells which keys a map has, if not their values. An array has all, with or without an element.</summary>
    public static bool GivesKeys(in map_record map) => GivesValues(map) || map.type == MapType.Sockhash;

    /// <summary>
    /// Whether bpf(2) gives a number for each value, the id of a program or map or the cookie of a socket. To read one twice shows nothing, and before Linux 6.8 each reading of a map of
    /// maps waits until all CPUs have left RCU (maybe_wait_bpf_programs).
    /// </summary>
    public static bool AreReferences(uint mapType) => mapType is
        MapType.ProgArray or MapType.ArrayOfMaps or MapType.HashOfMaps or MapType.Sockmap or MapType.Sockhash or MapType.ReuseportSockarray;

    /// <summary>How the elements of a map lie on the wire.</summary>
    /// <param name="map">Of it.</param>
    /// <param name="isPercpu">Whether an element has a value for each possible CPU.</param>
    public ElementLayout LayoutOf(in map_record map, bool isPercpu) => new((int)map.key_size, (int)map.value_size, isPercpu ? _cpus : 1);

    /// <summary>
    /// Whether an element of a map has a value for each possible CPU. Of a type that is not known the kernel is asked: it refuses to look up one CPU's value where there are not
    /// several (bpf_map_check_op_flags, Linux 7.0, before which there is no such type).
    /// </summary>
    public bool IsPercpu(in Fd fd, in map_record map)
    {
        if (MapType.IsKnown(map.type)) return map.type is MapType.PercpuHash or MapType.PercpuArray or MapType.LruPercpuHash or MapType.PercpuCgroupStorage;
        if (map.key_size == 0) return false;
        byte* room = (byte*)NativeMemory.AllocZeroed(map.key_size + (nuint)RoomOf(map));
        int error = LibBpf.bpf_map_lookup_elem_flags(fd.Value, room, room + map.key_size, BPF_F_CPU); // of the first CPU, and any key: what matters is EINVAL
        NativeMemory.Free(room);
        return error == 0 || error == -LibC.ENOENT;
    }

    /// <summary>How many bytes a lookup may write: of a type that is not known the most that any does.</summary>
    public long RoomOf(in map_record map)
    {
        var each = new ElementLayout(0, (int)map.value_size, _cpus);
        return MapType.IsKnown(map.type) ? 0 : each.EndOffset;
    }

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
