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

    /// <summary>Programs that the kernel is given broken, so that it refuses them: for tests.</summary>
    public IReadOnlyCollection<string> Broken { get; init; } = [];
}

/// <summary>
/// The view's BPF programs and what stands in for those that the kernel refuses. Each property is null where there is neither. Everything is thread-safe after <see cref="Load"/>.
/// Disposing it detaches and unloads all that is not pinned.
/// </summary>
public sealed class IteratorSet : IDisposable
{
    private readonly BpfLoadOptions _options;
    private readonly ILogger _logger;
    private readonly ProgramObject _view;
    private readonly List<ProgramObject> _objects = [];

    private IteratorSet(IteratorSetOptions options, ILogger logger)
    {
        ReadsMemory = KernelMemory.IsReadable();
        setup_record setup = new() { possible_cpus = (uint)PossibleCpus(), possible_nodes = NumaNodes.Possible(), reads_memory = ReadsMemory ? 1u : 0 };
        _options = new BpfLoadOptions { Targets = new IteratorTargets(), KernelBtf = options.KernelBtf, Setup = setup, Broken = options.Broken };
        _logger = logger;
        IEnumerable<ProgramRow> notWanted = options.PinsOnly ? BpfPrograms.Rows.Except(Pins.Programs) : options.WithoutHolders ? [BpfPrograms.Holders, BpfPrograms.WalkPins] : [];
        _view = Object(BpfPrograms.View, notWanted);
    }

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

    /// <summary>Why <see cref="Pinned"/> is null though its program is there; 0: it is not null, or its program is missing.</summary>
    public int PinWalkErrno { get; private set; }

    /// <summary>The records of single objects.</summary>
    public OneObject One { get; private set; } = null!;

    /// <summary>The elements of maps.</summary>
    public MapElements Elements { get; private set; } = null!;

    /// <summary>The code of programs.</summary>
    public CodeReader Code { get; private set; } = null!;

    /// <summary><see cref="task_record"/> of every process, or of one by its thread.</summary>
    public LazyIterator Tasks { get; private set; } = null!;

    /// <summary>Single threads.</summary>
    public OneTask OneTask { get; private set; } = null!;

    /// <summary><see cref="task_file_record"/> of every open file, each followed by its path; by thread.</summary>
    public LazyIterator TaskFiles { get; private set; } = null!;

    /// <summary><see cref="task_vma_record"/> of every mapping, each followed by its name; by thread.</summary>
    public LazyIterator TaskVmas { get; private set; } = null!;

    /// <summary><see cref="cgroup_row_record"/> of every cgroup.</summary>
    public LazyIterator Cgroups { get; private set; } = null!;

    /// <summary>Text: a line per symbol.</summary>
    public LazyIterator Ksyms { get; private set; } = null!;

    /// <summary><see cref="kmem_cache_record"/> of every slab cache.</summary>
    public LazyIterator KmemCaches { get; private set; } = null!;

    /// <summary><see cref="dmabuf_record"/> of every DMA buffer.</summary>
    public LazyIterator Dmabufs { get; private set; } = null!;

    /// <summary><see cref="map_socket_record"/>, value and end mark of every socket that has an element in a socket storage.</summary>
    public LazyIterator SkStorages { get; private set; } = null!;

    /// <summary><see cref="map_socket_record"/> and key of every socket in a sockmap or sockhash.</summary>
    public LazyIterator Sockmaps { get; private set; } = null!;

    /// <summary>What is attached without a link.</summary>
    public AttachReader Attach { get; private set; } = null!;

    /// <summary>Sockets and routes.</summary>
    public NetIterators Net { get; private set; } = null!;

    /// <summary>What became of every program, in the order of <see cref="BpfPrograms.Rows"/>. It loads nothing.</summary>
    public IEnumerable<ProgramState> Programs => _objects.SelectMany(o => o.States);

    /// <summary>Tells the log which programs are missing that the view lacks something for.</summary>
    public void ReportMissing()
    {
        string[] names = [.. Programs.Where(program => program.Refusal is not null && program.Row.Lacks.Length > 0).Select(program => program.Row.Name)];
        if (names.Length == 0) return;
        string missing = string.Join(' ', names);
        Log.ProgramsMissing(_logger, LogLevel.Warning, missing);
    }

    /// <summary>Whether programs may read the kernel's memory by address. If not (lockdown=confidentiality), the kernel refuses nearly all.</summary>
    public bool ReadsMemory { get; }

    /// <summary>Loads what is loaded at the start, and attaches it.</summary>
    /// <exception cref="BpfException">The kernel has no BTF, or forbids BPF.</exception>
    public static IteratorSet Load(IteratorSetOptions options, ILogger logger)
    {
        LibBpfLog.SendTo(logger);
        var set = new IteratorSet(options, logger);
        try
        {
            set._view.LoadOrThrow();
            set.AttachPins();
            if (!options.PinsOnly) set.AttachAll();
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    /// <summary>Loads every object that is not loaded yet, so that <see cref="Programs"/> knows of each program.</summary>
    public void LoadAll()
    {
        foreach (ProgramObject programs in _objects) _ = programs.Has(programs.Rows[0]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Pinned?.Dispose();
        Attach?.Dispose();
        Net?.Dispose();
        foreach (ProgramObject programs in _objects) programs.Dispose();
        _options.Targets.Dispose();
    }

    private static int PossibleCpus()
    {
        int cpus = LibBpf.libbpf_num_possible_cpus();
        return cpus < 0 ? throw new BpfException("read", "/sys/devices/system/cpu/possible", -cpus) : cpus;
    }

    private ProgramObject Object(string name, IEnumerable<ProgramRow> notWanted, IReadOnlyDictionary<ProgramRow, Refusal>? known = null)
    {
        var programs = new ProgramObject(name, _options, notWanted, _logger, known);
        _objects.Add(programs);
        return programs;
    }

    private void AttachPins()
    {
        DumpProgs = _view.Link(BpfPrograms.DumpProgs);
        DumpMaps = _view.Link(BpfPrograms.DumpMaps);
        DumpLinks = _view.Link(BpfPrograms.DumpLinks);
    }

    /// <summary>Each source: a BPF program, else what stands in for it.</summary>
    private void AttachAll()
    {
        Progs = Source(BpfPrograms.Progs, SyscallRecords.Progs);
        ProgRows = Source(BpfPrograms.ProgRows, SyscallRecords.ProgRows);
        ProgMaps = Source(BpfPrograms.ProgMaps, SyscallRecords.ProgMaps);
        Maps = Source(BpfPrograms.Maps, SyscallRecords.Maps);
        Links = Source(BpfPrograms.Links, SyscallRecords.Links);
        Holders = _view.Link(BpfPrograms.Holders);
        One = new OneObject(_view.ProgramFd);
        OneTask = new OneTask(_view.ProgramFd);
        Elements = new MapElements(_view.ProgramFd(BpfPrograms.MapElements), PossibleCpus());
        FindPins();

        Code = new CodeReader(Object(BpfPrograms.Code, []));
        Attach = new AttachReader(Object(BpfPrograms.Attach, []));
        Net = new NetIterators(known => Object(BpfPrograms.Net, [], known));
        ProgramObject tasks = Object(BpfPrograms.Tasks, []), tables = Object(BpfPrograms.KernelTables, []);
        Tasks = new LazyIterator(tasks, BpfPrograms.Processes);
        TaskFiles = new LazyIterator(tasks, BpfPrograms.TaskFiles);
        TaskVmas = new LazyIterator(tasks, BpfPrograms.TaskVmas);
        Cgroups = new LazyIterator(tables, BpfPrograms.Cgroups);
        Ksyms = new LazyIterator(tables, BpfPrograms.Ksyms);
        KmemCaches = new LazyIterator(tables, BpfPrograms.KmemCaches);
        Dmabufs = new LazyIterator(tables, BpfPrograms.Dmabufs);
        SkStorages = new LazyIterator(tables, BpfPrograms.SkStorages);
        Sockmaps = new LazyIterator(tables, BpfPrograms.Sockmaps);
    }

    private IRecordSource Source(ProgramRow program, IRecordSource other)
    {
        IRecordSource? link = _view.Link(program);
        return link ?? other;
    }

    private void FindPins()
    {
        int program = _view.ProgramFd(BpfPrograms.WalkPins);
        IteratorLink? any = DumpProgs ?? DumpMaps ?? DumpLinks ?? Holders ?? Progs as IteratorLink ?? Maps as IteratorLink;
        if (program < 0 || any is null) return;
        PinWalkErrno = PinWalk.Open(program, _view.MapFd("pin_output"), any.Descriptor, out PinWalk? pinned);
        Pinned = pinned;
    }
}
