namespace Iterators;

/// <summary>A kind of thing the kernel can iterate over, or run one program on.</summary>
/// <param name="Name">As in <c>SEC("iter/NAME")</c>; <c>syscall</c> for programs that run by BPF_PROG_RUN.</param>
/// <param name="Since">The first Linux version that has it.</param>
public sealed record Target(string Name, string Since)
{
    /// <summary>iter/bpf_prog: kernel/bpf/prog_iter.c.</summary>
    public static readonly Target BpfProg = new("bpf_prog", "5.9");

    /// <summary>iter/bpf_map: kernel/bpf/map_iter.c.</summary>
    public static readonly Target BpfMap = new("bpf_map", "5.8");

    /// <summary>iter/bpf_map_elem: kernel/bpf/map_iter.c.</summary>
    public static readonly Target BpfMapElem = new("bpf_map_elem", "5.9");

    /// <summary>iter/bpf_link: kernel/bpf/link_iter.c.</summary>
    public static readonly Target BpfLink = new("bpf_link", "5.19");

    /// <summary>iter/task_file: kernel/bpf/task_iter.c.</summary>
    public static readonly Target TaskFile = new("task_file", "5.8");

    /// <summary>iter/task: kernel/bpf/task_iter.c.</summary>
    public static readonly Target Task = new("task", "5.8");

    /// <summary>iter/task_vma: kernel/bpf/task_iter.c.</summary>
    public static readonly Target TaskVma = new("task_vma", "5.12");

    /// <summary>iter/kmem_cache: kernel/bpf/kmem_cache_iter.c.</summary>
    public static readonly Target KmemCache = new("kmem_cache", "6.13");

    /// <summary>iter/dmabuf: kernel/bpf/dmabuf_iter.c.</summary>
    public static readonly Target Dmabuf = new("dmabuf", "6.16");

    /// <summary>iter/bpf_sk_storage_map: net/core/bpf_sk_storage.c.</summary>
    public static readonly Target SkStorageMap = new("bpf_sk_storage_map", "5.9");

    /// <summary>iter/sockmap: net/core/sock_map.c.</summary>
    public static readonly Target Sockmap = new("sockmap", "5.10");

    /// <summary>iter/tcp: net/ipv4/tcp_ipv4.c (52d87d5f6418).</summary>
    public static readonly Target Tcp = new("tcp", "5.9");

    /// <summary>iter/udp: net/ipv4/udp.c (5788b3a07fc5).</summary>
    public static readonly Target Udp = new("udp", "5.9");

    /// <summary>iter/unix: net/unix/af_unix.c (2c860a43dd77).</summary>
    public static readonly Target Unix = new("unix", "5.15");

    /// <summary>iter/netlink: net/netlink/af_netlink.c (138d0be35b14).</summary>
    public static readonly Target Netlink = new("netlink", "5.8");

    /// <summary>iter/ipv6_route: net/ipv6/route.c (138d0be35b14).</summary>
    public static readonly Target Ipv6Route = new("ipv6_route", "5.8");

    /// <summary>iter/ksym: kernel/kallsyms.c.</summary>
    public static readonly Target Ksym = new("ksym", "6.0");

    /// <summary>iter/cgroup: kernel/bpf/cgroup_iter.c.</summary>
    public static readonly Target Cgroup = new("cgroup", "6.1");

    /// <summary>Programs of type BPF_PROG_TYPE_SYSCALL, kernel/bpf/syscall.c.</summary>
    public static readonly Target Syscall = new("syscall", "5.14");
}

/// <summary>One program of the compiled object and what it needs of the kernel.</summary>
/// <param name="Name">The C function.</param>
/// <param name="Target">What it iterates over.</param>
public sealed record ProgramRow(string Name, Target Target)
{
    /// <summary>Whether it reads the kernel's memory by address (bpf_probe_read_kernel), which lockdown=confidentiality forbids.</summary>
    public bool ReadsMemory { get; init; } = true;
}

/// <summary>Every program of <c>bpf/view.bpf.c</c>.</summary>
public static class ProgramTable
{
    internal static readonly ProgramRow DumpProgs = new("dump_bpf_prog", Target.BpfProg);
    internal static readonly ProgramRow DumpMaps = new("dump_bpf_map", Target.BpfMap) { ReadsMemory = false };
    internal static readonly ProgramRow DumpLinks = new("dump_bpf_link", Target.BpfLink);
    internal static readonly ProgramRow Progs = new("prog_records", Target.BpfProg);
    internal static readonly ProgramRow ProgRows = new("prog_row_records", Target.BpfProg);
    internal static readonly ProgramRow ProgMaps = new("prog_map_records", Target.BpfProg);
    internal static readonly ProgramRow Maps = new("map_records", Target.BpfMap);
    internal static readonly ProgramRow Links = new("link_records", Target.BpfLink);
    internal static readonly ProgramRow MapElements = new("map_elements", Target.BpfMapElem);
    internal static readonly ProgramRow Holders = new("holder_records", Target.TaskFile);
    internal static readonly ProgramRow OneProg = new("one_prog", Target.Syscall);
    internal static readonly ProgramRow OneProgMaps = new("one_prog_maps", Target.Syscall);
    internal static readonly ProgramRow OneProgFunc = new("one_prog_func", Target.Syscall);
    internal static readonly ProgramRow OneMap = new("one_map", Target.Syscall);
    internal static readonly ProgramRow OneLink = new("one_link", Target.Syscall);
    internal static readonly ProgramRow LinkFunc = new("link_func", Target.Syscall);
    internal static readonly ProgramRow BtfFunc = new("btf_func", Target.Syscall);
    internal static readonly ProgramRow WalkPins = new("walk_pins", Target.Syscall);
    internal static readonly ProgramRow Setup = new("setup", Target.Syscall);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ProgramRow> Rows { get; } =
    [
        DumpProgs, DumpMaps, DumpLinks, Progs, ProgRows, ProgMaps, Maps, Links, MapElements, Holders,
        OneProg, OneProgMaps, OneProgFunc, OneMap, OneLink, LinkFunc, BtfFunc, WalkPins, Setup,
    ];
}

/// <summary>The programs of objects that are loaded when first wanted: <c>bpf/tasks.bpf.c</c>, <c>bpf/kernel_tables.bpf.c</c>.</summary>
public static class LazyPrograms
{
    internal static readonly ProgramRow Tasks = new("task_records", Target.Task);
    internal static readonly ProgramRow Threads = new("thread_records", Target.Task);
    internal static readonly ProgramRow TaskFiles = new("task_file_records", Target.TaskFile);
    internal static readonly ProgramRow TaskVmas = new("task_vma_records", Target.TaskVma);
    internal static readonly ProgramRow Cgroups = new("cgroup_row_records", Target.Cgroup);
    internal static readonly ProgramRow Ksyms = new("print_ksyms", Target.Ksym) { ReadsMemory = false };
    internal static readonly ProgramRow KmemCaches = new("kmem_cache_records", Target.KmemCache);
    internal static readonly ProgramRow Dmabufs = new("dmabuf_records", Target.Dmabuf);
    internal static readonly ProgramRow SkStorages = new("sk_storage_records", Target.SkStorageMap);
    internal static readonly ProgramRow Sockmaps = new("sockmap_records", Target.Sockmap);

    internal static readonly ProgramRow[] OfTasks = [Tasks, Threads, TaskFiles, TaskVmas];
    internal static readonly ProgramRow[] OfTables = [Cgroups, Ksyms, KmemCaches, Dmabufs, SkStorages, Sockmaps];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ProgramRow> Rows { get; } = [.. OfTasks, .. OfTables];
}
