using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using Microsoft.Extensions.Logging;

namespace Iterators;

/// <summary>How to load the iterators.</summary>
public sealed record IteratorSetOptions
{
    /// <summary>A BTF file to take for the running kernel's instead of <c>/sys/kernel/btf/vmlinux</c>; null: the kernel's.</summary>
    public string? KernelBtf { get; init; }

    /// <summary>Not the programs that find out who holds an object: a tenth of the load.</summary>
    public bool WithoutHolders { get; init; }

    /// <summary>Only the programs that pins need.</summary>
    public bool PinsOnly { get; init; }
}

/// <summary>
/// The view's BPF programs, loaded and attached. Everything is thread-safe after <see cref="Load"/>. Disposing it detaches and
/// unloads all that is not pinned.
/// </summary>
public sealed unsafe class IteratorSet : IDisposable
{
    private readonly BpfObject _object;
    private readonly List<ProgramRow> _missing = [];
    private readonly List<ProgramRow> _forbidden = [];
    private readonly List<LazyObject> _lazy = [];

    private IteratorSet(BpfObject @object) => _object = @object;

    /// <summary>Text in the kernel: <c>id name pages attached</c>.</summary>
    public IteratorLink? DumpProgs { get; private set; }

    /// <summary>Text in the kernel: <c>id name max_entries</c>.</summary>
    public IteratorLink? DumpMaps { get; private set; }

    /// <summary>Text in the kernel: <c>id type prog target</c>.</summary>
    public IteratorLink? DumpLinks { get; private set; }

    /// <summary><see cref="prog_record"/> of every program, by id.</summary>
    public IRecordSource? Progs { get; private set; }

    /// <summary><see cref="prog_row_record"/> of every program, by id.</summary>
    public IRecordSource? ProgRows { get; private set; }

    /// <summary><see cref="prog_map_record"/>: every use of a map by a program, by the program's id.</summary>
    public IRecordSource? ProgMaps { get; private set; }

    /// <summary><see cref="map_record"/> of every map, by id.</summary>
    public IRecordSource? Maps { get; private set; }

    /// <summary><see cref="link_record"/> of every link, by id.</summary>
    public IRecordSource? Links { get; private set; }

    /// <summary><see cref="holder_record"/>: every file descriptor that holds an object, by process.</summary>
    public IteratorLink? Holders { get; private set; }

    /// <summary>The paths at which objects are pinned; null: <see cref="PinWalkErrno"/> says why they cannot be found.</summary>
    public PinWalk? Pinned { get; private set; }

    /// <summary>Why <see cref="Pinned"/> is null.</summary>
    public int PinWalkErrno { get; private set; }

    /// <summary>The records of single objects.</summary>
    public OneObject One { get; private set; } = null!;

    /// <summary>The elements of maps.</summary>
    public MapElements Elements { get; private set; } = null!;

    /// <summary>The code of programs; null: the kernel forbids it.</summary>
    public CodeReader? Code { get; private set; }

    /// <summary><see cref="task_record"/> of every process, or of one by its thread.</summary>
    public LazyIterator? Tasks { get; private set; }

    /// <summary><see cref="thread_record"/> of every thread.</summary>
    public LazyIterator? Threads { get; private set; }

    /// <summary><see cref="task_file_record"/> of every open file, each followed by its path; by thread.</summary>
    public LazyIterator? TaskFiles { get; private set; }

    /// <summary><see cref="task_vma_record"/> of every mapping, each followed by its name; by thread.</summary>
    public LazyIterator? TaskVmas { get; private set; }

    /// <summary><see cref="cgroup_row_record"/> of every cgroup.</summary>
    public LazyIterator? Cgroups { get; private set; }

    /// <summary>Text: a line per symbol.</summary>
    public LazyIterator? Ksyms { get; private set; }

    /// <summary><see cref="kmem_cache_record"/> of every slab cache.</summary>
    public LazyIterator? KmemCaches { get; private set; }

    /// <summary><see cref="dmabuf_record"/> of every DMA buffer.</summary>
    public LazyIterator? Dmabufs { get; private set; }

    /// <summary><see cref="map_socket_record"/>, value and end mark of every socket that has an element in a socket storage.</summary>
    public LazyIterator? SkStorages { get; private set; }

    /// <summary><see cref="map_socket_record"/> and key of every socket in a sockmap or sockhash.</summary>
    public LazyIterator? Sockmaps { get; private set; }
    /// <summary>What is attached without a link.</summary>
    public AttachReader Attach { get; private set; } = null!;

    /// <summary>Sockets and routes; null: not wanted.</summary>
    public NetIterators? Net { get; private set; }

    /// <summary>Programs that this kernel has no target for.</summary>
    public IReadOnlyList<ProgramRow> Missing => _missing;

    /// <summary>Programs that this kernel forbids.</summary>
    public IReadOnlyList<ProgramRow> Forbidden => _forbidden;

    /// <summary>Whether programs may read the kernel's memory. If not, objects are what bpf(2) tells of them (<see cref="SyscallRecords"/>), and what only the kernel's memory has is not there.</summary>
    public bool ReadsMemory => _forbidden.Count == 0;

    /// <summary>Programs that were left out because nobody wants them.</summary>
    public IReadOnlyList<ProgramRow> NotNeeded { get; private set; } = [];

    /// <summary>Loads and attaches everything the kernel has a target for.</summary>
    /// <exception cref="BpfException">The kernel has no BTF, forbids BPF, or refuses a program (the detail is the verifier's).</exception>
    public static IteratorSet Load(IteratorSetOptions options, ILogger logger)
    {
        LibBpfLog.SendTo(logger);
        var watch = Stopwatch.StartNew();
        ProgramRow[] notNeeded = options.PinsOnly ? [.. ProgramTable.Rows.Except(Pins.Programs)]
            : options.WithoutHolders ? [ProgramTable.Holders, ProgramTable.WalkPins] : [];
        List<ProgramRow> leftOut = [.. notNeeded];
        BpfObject? loaded = null;
        IteratorSet? set = null;
        try
        {
            List<ProgramRow> forbidden = [];
            loaded = OpenAndLoad(options, leftOut, forbidden);
            set = new IteratorSet(loaded) { Code = forbidden.Count == 0 ? new CodeReader(options.KernelBtf, logger) : null, Attach = new AttachReader(options.KernelBtf, logger) };
            set.NotNeeded = notNeeded;
            set._forbidden.AddRange(forbidden);
            if (!set.ReadsMemory) Log.Forbidden(logger, KernelMemory.Forbidden);
            foreach (ProgramRow row in leftOut.Except(notNeeded).Except(forbidden))
            {
                set._missing.Add(row);
                Log.TargetMissing(logger, row.Name, row.Target.Name, row.Target.Since);
            }
            if (!options.PinsOnly && set.ReadsMemory) set.Net = new NetIterators(options.KernelBtf, logger);
            set.AttachAll(leftOut, options.PinsOnly);
            if (!options.PinsOnly) set.FindLazy(options.KernelBtf, logger);
            Log.Loaded(logger, ProgramTable.Rows.Count - leftOut.Count, watch.ElapsedMilliseconds, Marshal.PtrToStringUTF8((nint)LibBpf.libbpf_version_string()) ?? "");
            return set;
        }
        catch
        {
            set?.Dispose();
            loaded?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IteratorLink? link in (ReadOnlySpan<IteratorLink?>)[DumpProgs, DumpMaps, DumpLinks, Progs as IteratorLink, ProgRows as IteratorLink, ProgMaps as IteratorLink, Maps as IteratorLink, Links as IteratorLink, Holders]) link?.Dispose();
        Pinned?.Dispose();
        _object.Dispose();
        Code?.Dispose();
        foreach (LazyObject lazy in _lazy) lazy.Dispose();
        Attach.Dispose();
        Net?.Dispose();
    }

    /// <summary>
    /// Loads all at once, as most kernels can. Where that fails, asks which targets the kernel lacks, adds them to
    /// <paramref name="leftOut"/> and tries the rest; asking first would cost a search of the kernel's BTF per program. The same with what it forbids.
    /// </summary>
    private static BpfObject OpenAndLoad(IteratorSetOptions options, List<ProgramRow> leftOut, List<ProgramRow> forbidden)
    {
        for (bool retry = false; ; retry = true)
        {
            BpfObject opened = BpfObject.Open("view.bpf.o", options.KernelBtf);
            try
            {
                foreach (ProgramRow row in leftOut) opened.LeaveOut(row.Name);
                opened.Load();
                return opened;
            }
            catch (BpfException)
            {
                opened.Dispose();
                if (retry) throw;
                int before = leftOut.Count;
                leftOut.AddRange(ProgramTable.Rows.Except(leftOut).Where(row => !IsKnown(row.Target)).ToList());
                if (!KernelMemory.IsReadable())
                {
                    forbidden.AddRange(ProgramTable.Rows.Except(leftOut).Where(row => row.ReadsMemory));
                    leftOut.AddRange(forbidden);
                }
                if (leftOut.Count == before || leftOut.Count == ProgramTable.Rows.Count) throw;
            }
        }
    }

    /// <summary>Whether the kernel's BTF has the target's function <c>bpf_iter_NAME</c>.</summary>
    internal static bool IsKnown(Target target)
    {
        if (target == Target.Syscall) return true;
        fixed (byte* name = Encoding.UTF8.GetBytes(target.Name + '\0')) return LibBpf.libbpf_find_vmlinux_btf_id(name, LibBpf.BPF_TRACE_ITER) > 0;
    }

    /// <summary>The iterators that are loaded when they are first read: those whose targets the kernel has.</summary>
    private void FindLazy(string? kernelBtf, ILogger logger)
    {
        HashSet<Target> known = KernelTypes.KnownTargets(kernelBtf, [.. LazyPrograms.Rows.Select(row => row.Target).Distinct()]);
        ProgramRow[] missing = [.. LazyPrograms.Rows.Where(row => !known.Contains(row.Target))];
        _missing.AddRange(missing);
        if (!ReadsMemory)
        {
            _forbidden.AddRange(LazyPrograms.Rows.Except(missing).Where(row => row.ReadsMemory));
            missing = [.. missing, .. _forbidden];
        }
        var tasks = new LazyObject("tasks.bpf.o", [.. LazyPrograms.OfTasks.Intersect(missing)], kernelBtf, logger);
        var tables = new LazyObject("kernel_tables.bpf.o", [.. LazyPrograms.OfTables.Intersect(missing)], kernelBtf, logger, SetUpTables);
        _lazy.AddRange([tasks, tables]);
        LazyIterator? of(LazyObject from, ProgramRow row) => missing.Contains(row) ? null : new LazyIterator(from, row);
        Tasks = of(tasks, LazyPrograms.Tasks);
        Threads = of(tasks, LazyPrograms.Threads);
        TaskFiles = of(tasks, LazyPrograms.TaskFiles);
        TaskVmas = of(tasks, LazyPrograms.TaskVmas);
        Cgroups = of(tables, LazyPrograms.Cgroups);
        Ksyms = of(tables, LazyPrograms.Ksyms);
        KmemCaches = of(tables, LazyPrograms.KmemCaches);
        Dmabufs = of(tables, LazyPrograms.Dmabufs);
        SkStorages = of(tables, LazyPrograms.SkStorages);
        Sockmaps = of(tables, LazyPrograms.Sockmaps);
    }

    private static void SetUpTables(BpfObject loaded)
    {
        setup_tables_record setup = new() { nodes = NumaNodes.Possible() };
        int errno = OneObject.Run(loaded.ProgramFd("setup_tables"), ref setup);
        if (errno != 0) throw new BpfException("run", "setup_tables", errno);
    }

    private void AttachAll(List<ProgramRow> leftOut, bool pinsOnly)
    {
        IteratorLink? attach(ProgramRow row) => leftOut.Contains(row) ? null : IteratorLink.Attach(row.Name, _object.ProgramFd(row.Name));
        DumpProgs = attach(ProgramTable.DumpProgs);
        DumpMaps = attach(ProgramTable.DumpMaps);
        DumpLinks = attach(ProgramTable.DumpLinks);
        int cpus = LibBpf.libbpf_num_possible_cpus();
        if (cpus < 0) throw new BpfException("read", "/sys/devices/system/cpu/possible", -cpus);
        if (!ReadsMemory)
        {
            (Progs, ProgRows, ProgMaps, Maps, Links) = (SyscallRecords.Progs, SyscallRecords.ProgRows, SyscallRecords.ProgMaps, SyscallRecords.Maps, SyscallRecords.Links);
            One = OneObject.BySyscalls;
            Elements = new MapElements(-1, cpus);
            return;
        }
        IteratorLink? progs = attach(ProgramTable.Progs);
        Progs = progs;
        ProgRows = attach(ProgramTable.ProgRows);
        ProgMaps = attach(ProgramTable.ProgMaps);
        Maps = attach(ProgramTable.Maps);
        Links = attach(ProgramTable.Links);
        if (pinsOnly) return;
        Holders = attach(ProgramTable.Holders);
        One = new OneObject(
            _object.ProgramFd(ProgramTable.OneProg.Name), _object.ProgramFd(ProgramTable.OneProgMaps.Name),
            _object.ProgramFd(ProgramTable.OneProgFunc.Name), _object.ProgramFd(ProgramTable.OneMap.Name),
            leftOut.Contains(ProgramTable.OneLink) ? -1 : _object.ProgramFd(ProgramTable.OneLink.Name),
            _object.ProgramFd(ProgramTable.LinkFunc.Name), _object.ProgramFd(ProgramTable.BtfFunc.Name));
        setup_record setup = new() { possible_cpus = (uint)cpus };
        int result = OneObject.Run(_object.ProgramFd(ProgramTable.Setup.Name), ref setup);
        if (result != 0) throw new BpfException("run", ProgramTable.Setup.Name, result);
        Elements = new MapElements(leftOut.Contains(ProgramTable.MapElements) ? -1 : _object.ProgramFd(ProgramTable.MapElements.Name), cpus);
        if (leftOut.Contains(ProgramTable.WalkPins)) return;
        PinWalkErrno = PinWalk.Open(_object.ProgramFd(ProgramTable.WalkPins.Name), _object.MapFd("pin_output"), progs!.Descriptor, out PinWalk? pinned);
        Pinned = pinned;
    }
}
