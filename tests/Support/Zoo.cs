using System.Runtime.InteropServices;
using static Support.Instructions;

namespace Support;

/// <summary>
/// A program of every type that loads here and a map of every kind, some used by each other, pinned, frozen, with an owner: what a listing has
/// to show. Names start with "zoo_".
/// </summary>
public sealed class Zoo : IDisposable
{
    private readonly Herd<IDisposable> _all = [];
    private readonly string _pins = ViewBinary.NewPinDirectory();

    public Zoo()
    {
        try
        {
            foreach (ProgramType type in BpfProgram.Types) Keep(BpfProgram.Load($"zoo_{type}".ToLowerInvariant(), type));
            MakeMaps();
            Btf = Keep(new BtfObject("values"));

            User = Keep(BpfProgram.Load("zoo_user", ProgramType.SchedCls, Use(Map("zoo_hash"), Map("zoo_array"), Map("zoo_hash"), Map("zoo_lru"))));
            // A tail call makes its program the owner of the array: only such programs can be put in.
            Caller = Keep(BpfProgram.Load("zoo_caller", ProgramType.Xdp, [.. LoadMap(2, Map("zoo_tail")), Set(3, 0), Call(12), .. Return(2)]));
            Keep(BpfProgram.Load("zoo_not_gpl", license: "Proprietary"));
            Keep(BpfProgram.Load("", ProgramType.Xdp));
            Keep(BpfProgram.Load("zoo_twin", ProgramType.Xdp));
            Keep(BpfProgram.Load("zoo_twin", ProgramType.SchedCls));
            Keep(BpfProgram.Load("zoo.dotted_name", ProgramType.Xdp));
            // 16 maps, more than most programs have
            Many = Keep(BpfProgram.Load("zoo_many_maps", ProgramType.SocketFilter,
                Use([.. Enumerable.Range(0, 16).Select(i => Keep(BpfMap.Create($"zoo_used_{i}", MapType.Array, 4, 8, 1)))])));

            Directory.CreateDirectory(_pins);
            Pinned = Keep(BpfProgram.Load("zoo_pinned"));
            Bpf.Pin(Pinned.Fd, $"{_pins}/prog");
            Bpf.Pin(Map("zoo_lru").Fd, $"{_pins}/map");
            Link = Keep(AttachTraced());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Every program that this made, but those of <see cref="Btf"/>.</summary>
    public IEnumerable<BpfProgram> Programs => _all.OfType<BpfProgram>();

    public IEnumerable<BpfMap> Maps => _all.OfType<BpfMap>();

    /// <summary>Uses zoo_hash, zoo_array and zoo_lru.</summary>
    public BpfProgram User { get; }

    /// <summary>Tail-calls through zoo_tail.</summary>
    public BpfProgram Caller { get; }

    /// <summary>Uses zoo_used_0 to zoo_used_15.</summary>
    public BpfProgram Many { get; }

    public BpfProgram Pinned { get; }

    /// <summary>zoo_traced on the raw tracepoint sched_process_exec.</summary>
    public BpfLink Link { get; }

    public BtfObject Btf { get; }

    public BpfMap Map(string name) => Maps.First(m => m.Name == name);

    public BpfProgram Program(string name) => Programs.First(p => p.Name == name);

    public void Dispose()
    {
        _all.Dispose();
        ViewBinary.RemovePins(_pins);
    }

    private BpfLink AttachTraced() => Keep(BpfProgram.Load("zoo_traced", ProgramType.RawTracepoint)).AttachRawTracepoint("sched_process_exec");

    private void MakeMaps()
    {
        BpfMap hash = Make("zoo_hash", MapType.Hash, 4, 8, 100);
        for (uint i = 0; i < 10; i++) hash.Update(i, i);
        Make("zoo_hash_np", MapType.Hash, 7, 13, 100, BpfMap.NoPrealloc);
        Make("zoo_array", MapType.Array, 4, 8, 10);
        Make("zoo_array_mm", MapType.Array, 4, 100, 3, 1 << 10); // BPF_F_MMAPABLE
        Make("zoo_frozen", MapType.Array, 4, 4, 1).Freeze();
        Make("zoo_lru", MapType.LruHash, 4, 8, 100);
        Make("zoo_lru_cpu", MapType.LruPercpuHash, 4, 8, 100);
        Make("zoo_cpu_hash", MapType.PercpuHash, 4, 8, 100);
        Make("zoo_cpu_array", MapType.PercpuArray, 4, 12, 3);
        Make("zoo_tail", MapType.ProgArray, 4, 4, 4);
        Make("zoo_unowned", MapType.ProgArray, 4, 4, 4);
        Make("zoo_perf", MapType.PerfEventArray, 4, 4, 2);
        Make("zoo_stack", MapType.StackTrace, 4, 16, 8);
        Make("zoo_cgroup", MapType.CgroupArray, 4, 4, 2);
        Make("zoo_lpm", MapType.LpmTrie, 8, 8, 10, BpfMap.NoPrealloc);
        Make("zoo_dev", MapType.Devmap, 4, 4, 2);
        Make("zoo_dev_hash", MapType.DevmapHash, 4, 4, 2);
        Make("zoo_sock", MapType.Sockmap, 4, 4, 2);
        Make("zoo_sock_hash", MapType.Sockhash, 4, 4, 2);
        Make("zoo_cpu", MapType.Cpumap, 4, 4, 2);
        Make("zoo_queue", MapType.Queue, 0, 4, 2);
        Make("zoo_lifo", MapType.Stack, 0, 4, 2);
        Make("zoo_ring", MapType.Ringbuf, 0, 0, 4096);
        Make("zoo_bloom", MapType.BloomFilter, 0, 4, 100, extra: 3);
        BpfMap outer = Keep(BpfMap.Create("zoo_outer", MapType.ArrayOfMaps, 4, 4, 2, inner: Map("zoo_array")));
        int fd = Map("zoo_array").Fd;
        outer.Update(BitConverter.GetBytes(0), MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in fd)));
        Keep(BpfMap.Create("zoo_outer_hash", MapType.HashOfMaps, 4, 4, 2, inner: hash));
    }

    private BpfMap Make(string name, MapType type, int keySize, int valueSize, int maxEntries, uint flags = 0, ulong extra = 0) =>
        Keep(BpfMap.Create(name, type, keySize, valueSize, maxEntries, flags, extra: extra));

    private T Keep<T>(T made)
        where T : IDisposable
    {
        _all.Add(made);
        return made;
    }
}
