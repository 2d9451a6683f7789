using System.Globalization;
using System.Runtime.InteropServices;

namespace Support;

/// <summary>enum bpf_map_type: those the tests make.</summary>
public enum MapType
{
    Hash = 1,
    Array = 2,
    ProgArray = 3,
    PerfEventArray = 4,
    PercpuHash = 5,
    PercpuArray = 6,
    StackTrace = 7,
    CgroupArray = 8,
    LruHash = 9,
    LruPercpuHash = 10,
    LpmTrie = 11,
    ArrayOfMaps = 12,
    HashOfMaps = 13,
    Devmap = 14,
    Sockmap = 15,
    Cpumap = 16,
    Sockhash = 18,
    Queue = 22,
    Stack = 23,
    SkStorage = 24,
    DevmapHash = 25,
    Ringbuf = 27,
    BloomFilter = 30,
}

/// <summary>A map; it goes when it is disposed and no program or pin holds it.</summary>
public sealed unsafe class BpfMap : Descriptor
{
    /// <summary>BPF_F_NO_PREALLOC: a hash allocates each element when it is put in.</summary>
    public const uint NoPrealloc = 1;

    private BpfMap(int fd, string name, MapType type, int keySize, int valueSize)
        : base(fd)
    {
        Id = Bpf.IdOf(fd);
        (Name, Type, KeySize, ValueSize) = (name, type, keySize, valueSize);
    }

    public uint Id { get; }

    public string Name { get; }

    public MapType Type { get; }

    public int KeySize { get; }

    public int ValueSize { get; }

    /// <summary>A value has a copy for each possible CPU, each in a multiple of 8 bytes.</summary>
    public bool IsPerCpu => Type is MapType.PercpuHash or MapType.PercpuArray or MapType.LruPercpuHash;

    /// <summary>How many CPUs the machine may ever have; "0-3" or "0".</summary>
    public static int PossibleCpus { get; } =
        int.Parse(File.ReadAllText("/sys/devices/system/cpu/possible").Trim().Split('-', ',')[^1], CultureInfo.InvariantCulture) + 1;

    /// <summary>Makes a map of any type; sizes must suit it.</summary>
    public static BpfMap Create(string name, MapType type, int keySize, int valueSize, int maxEntries, uint flags = 0, BpfMap? inner = null, ulong extra = 0)
    {
        Bpf.map_create_attr attr = new()
        {
            map_type = (uint)type,
            key_size = (uint)keySize,
            value_size = (uint)valueSize,
            max_entries = (uint)maxEntries,
            map_flags = flags,
            inner_map_fd = inner is null ? 0 : (uint)inner.Fd,
            map_extra = extra,
        };
        Bpf.CopyName(name, attr.map_name);
        return new BpfMap(Bpf.Call(Bpf.BPF_MAP_CREATE, ref attr, $"create {type} {name}"), name, type, keySize, valueSize);
    }

    /// <summary>Owns a descriptor that someone else opened.</summary>
    public static BpfMap Adopt(int fd, string name, MapType type, int keySize, int valueSize) => new(fd, name, type, keySize, valueSize);

    /// <summary>Puts an element in; of a per-CPU map the value is every CPU's, one after the other, each padded to 8 bytes.</summary>
    public void Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int result = TryUpdate(key, value);
        if (result < 0) throw Bpf.Failed(-result, $"update {Name}");
    }

    /// <summary>As <see cref="Update(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, for a numeric key and a numeric value.</summary>
    public void Update(uint key, ulong value) =>
        Update(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key)), MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in value))[..ValueSize]);

    /// <summary>Puts many in at once: keys one after the other, and so the values.</summary>
    public void UpdateMany(ReadOnlySpan<byte> keys, ReadOnlySpan<byte> values)
    {
        fixed (byte* k = keys, v = values)
        {
            Bpf.map_batch_attr attr = new() { keys = k, values = v, count = (uint)(keys.Length / KeySize), map_fd = (uint)Fd };
            Bpf.Call(Bpf.BPF_MAP_UPDATE_BATCH, ref attr, $"update many in {Name}");
        }
    }

    /// <summary>0 or a negative errno.</summary>
    public int TryUpdate(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = key, v = value)
        {
            Bpf.map_elem_attr attr = new() { map_fd = (uint)Fd, key = k, value = v };
            return Bpf.Try(Bpf.BPF_MAP_UPDATE_ELEM, ref attr);
        }
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        fixed (byte* k = key)
        {
            Bpf.map_elem_attr attr = new() { map_fd = (uint)Fd, key = k };
            Bpf.Try(Bpf.BPF_MAP_DELETE_ELEM, ref attr);
        }
    }

    /// <summary>The value of a key; of a per-CPU map all of them.</summary>
    public byte[] Lookup(ReadOnlySpan<byte> key)
    {
        byte[] value = new byte[IsPerCpu ? (ValueSize + 7) / 8 * 8 * PossibleCpus : ValueSize];
        Lookup(key, value);
        return value;
    }

    /// <summary>The same, to where there is room for it.</summary>
    public void Lookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        fixed (byte* k = key, v = value)
        {
            Bpf.map_elem_attr attr = new() { map_fd = (uint)Fd, key = k, value = v };
            Bpf.Call(Bpf.BPF_MAP_LOOKUP_ELEM, ref attr, $"look up in {Name}");
        }
    }

    /// <summary>Takes the next element out of a queue or stack.</summary>
    public byte[] TakeNext()
    {
        byte[] value = new byte[ValueSize];
        fixed (byte* v = value)
        {
            Bpf.map_elem_attr attr = new() { map_fd = (uint)Fd, value = v };
            Bpf.Call(Bpf.BPF_MAP_LOOKUP_AND_DELETE_ELEM, ref attr, $"take from {Name}");
        }
        return value;
    }

    /// <summary>User space can no longer change it.</summary>
    public void Freeze()
    {
        Bpf.words_attr attr = default;
        attr.words[0] = (uint)Fd;
        Bpf.Call(Bpf.BPF_MAP_FREEZE, ref attr, $"freeze {Name}");
    }
}
