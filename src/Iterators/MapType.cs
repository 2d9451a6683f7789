namespace Iterators;

/// <summary>enum bpf_map_type, <c>&lt;linux/bpf.h&gt;</c>: the types that are treated in a way of their own.</summary>
public static class MapType
{
    /// <summary>BPF_MAP_TYPE_HASH.</summary>
    public const uint Hash = 1;

    /// <summary>BPF_MAP_TYPE_ARRAY.</summary>
    public const uint Array = 2;

    /// <summary>BPF_MAP_TYPE_PROG_ARRAY.</summary>
    public const uint ProgArray = 3;

    /// <summary>BPF_MAP_TYPE_PERF_EVENT_ARRAY.</summary>
    public const uint PerfEventArray = 4;

    /// <summary>BPF_MAP_TYPE_PERCPU_HASH.</summary>
    public const uint PercpuHash = 5;

    /// <summary>BPF_MAP_TYPE_PERCPU_ARRAY.</summary>
    public const uint PercpuArray = 6;

    /// <summary>BPF_MAP_TYPE_STACK_TRACE.</summary>
    public const uint StackTrace = 7;

    /// <summary>BPF_MAP_TYPE_CGROUP_ARRAY.</summary>
    public const uint CgroupArray = 8;

    /// <summary>BPF_MAP_TYPE_LRU_HASH.</summary>
    public const uint LruHash = 9;

    /// <summary>BPF_MAP_TYPE_LRU_PERCPU_HASH.</summary>
    public const uint LruPercpuHash = 10;

    /// <summary>BPF_MAP_TYPE_LPM_TRIE.</summary>
    public const uint LpmTrie = 11;

    /// <summary>BPF_MAP_TYPE_ARRAY_OF_MAPS.</summary>
    public const uint ArrayOfMaps = 12;

    /// <summary>BPF_MAP_TYPE_HASH_OF_MAPS.</summary>
    public const uint HashOfMaps = 13;

    /// <summary>BPF_MAP_TYPE_DEVMAP.</summary>
    public const uint Devmap = 14;

    /// <summary>BPF_MAP_TYPE_SOCKMAP.</summary>
    public const uint Sockmap = 15;

    /// <summary>BPF_MAP_TYPE_CPUMAP.</summary>
    public const uint Cpumap = 16;

    /// <summary>BPF_MAP_TYPE_XSKMAP.</summary>
    public const uint Xskmap = 17;

    /// <summary>BPF_MAP_TYPE_SOCKHASH.</summary>
    public const uint Sockhash = 18;

    /// <summary>BPF_MAP_TYPE_CGROUP_STORAGE.</summary>
    public const uint CgroupStorage = 19;

    /// <summary>BPF_MAP_TYPE_REUSEPORT_SOCKARRAY.</summary>
    public const uint ReuseportSockarray = 20;

    /// <summary>BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE.</summary>
    public const uint PercpuCgroupStorage = 21;

    /// <summary>BPF_MAP_TYPE_QUEUE.</summary>
    public const uint Queue = 22;

    /// <summary>BPF_MAP_TYPE_STACK.</summary>
    public const uint Stack = 23;

    /// <summary>BPF_MAP_TYPE_SK_STORAGE.</summary>
    public const uint SkStorage = 24;

    /// <summary>BPF_MAP_TYPE_DEVMAP_HASH.</summary>
    public const uint DevmapHash = 25;

    /// <summary>BPF_MAP_TYPE_STRUCT_OPS.</summary>
    public const uint StructOps = 26;

    /// <summary>BPF_MAP_TYPE_RINGBUF.</summary>
    public const uint Ringbuf = 27;

    /// <summary>BPF_MAP_TYPE_INODE_STORAGE.</summary>
    public const uint InodeStorage = 28;

    /// <summary>BPF_MAP_TYPE_TASK_STORAGE.</summary>
    public const uint TaskStorage = 29;

    /// <summary>BPF_MAP_TYPE_BLOOM_FILTER.</summary>
    public const uint BloomFilter = 30;

    /// <summary>BPF_MAP_TYPE_USER_RINGBUF.</summary>
    public const uint UserRingbuf = 31;

    /// <summary>BPF_MAP_TYPE_CGRP_STORAGE.</summary>
    public const uint CgrpStorage = 32;

    /// <summary>BPF_MAP_TYPE_ARENA.</summary>
    public const uint Arena = 33;

    /// <summary>BPF_MAP_TYPE_INSN_ARRAY.</summary>
    public const uint InsnArray = 34;

    /// <summary>BPF_MAP_TYPE_RHASH.</summary>
    public const uint Rhash = 35;

    /// <summary>Whether this version knows what the kernel does with a type's elements.</summary>
    public static bool IsKnown(uint type) => type <= Rhash;
}
