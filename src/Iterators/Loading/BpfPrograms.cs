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

/// <summary>One BPF program: a source of the view, which the kernel has or has not.</summary>
public sealed class ProgramRow
{
    internal ProgramRow(string @object, string name, Target target, string lacks) => (Object, Name, Target, Lacks) = (@object, name, target, lacks);

    /// <summary>The compiled object that it is in.</summary>
    public string Object { get; }

    /// <summary>The C function.</summary>
    public string Name { get; }

    /// <summary>What it iterates over.</summary>
    public Target Target { get; }

    /// <summary>What is not in the view without it. Where bpf(2), fdinfo or procfs stand in for it: what those do not tell. Empty: they tell all, if slower.</summary>
    public string Lacks { get; }

    /// <summary>The program without which this one is of no use; null: it needs none.</summary>
    public ProgramRow? Needs { get; internal init; }
}

/// <summary>Every program of <c>bpf/*.bpf.c</c>.</summary>
public static class BpfPrograms
{
    /// <summary>The object that is loaded at the start. All others are loaded when something of them is first wanted.</summary>
    public const string View = "view.bpf.o";

    internal const string Code = "code.bpf.o";
    internal const string Attach = "attach.bpf.o";
    internal const string Net = "net.bpf.o";
    internal const string Tasks = "tasks.bpf.o";
    internal const string KernelTables = "kernel_tables.bpf.o";

    internal static readonly ProgramRow DumpProgs = new(View, "dump_bpf_prog", Target.BpfProg, "the pin progs");
    internal static readonly ProgramRow DumpMaps = new(View, "dump_bpf_map", Target.BpfMap, "the pin maps");
    internal static readonly ProgramRow DumpLinks = new(View, "dump_bpf_link", Target.BpfLink, "the pin links");
    internal static readonly ProgramRow Progs = new(View, "prog_records", Target.BpfProg, "fields of programs in listings that bpf(2) does not tell");
    internal static readonly ProgramRow ProgRows = new(View, "prog_row_records", Target.BpfProg, "targets of programs that bpf(2) does not tell");
    internal static readonly ProgramRow ProgMaps = new(View, "prog_map_records", Target.BpfProg, "");
    internal static readonly ProgramRow Maps = new(View, "map_records", Target.BpfMap, "fields of maps in listings that bpf(2) does not tell");
    internal static readonly ProgramRow Links = new(View, "link_records", Target.BpfLink, "fields of links in listings that bpf(2) does not tell");
    internal static readonly ProgramRow MapElements = new(View, "map_elements", Target.BpfMapElem, "");
    internal static readonly ProgramRow Holders = new(View, "holder_records", Target.TaskFile, "pids, graph.holders.dot");
    internal static readonly ProgramRow OneProg = new(View, "one_prog", Target.Syscall, "fields of a program that bpf(2) does not tell");
    internal static readonly ProgramRow OneProgMaps = new(View, "one_prog_maps", Target.Syscall, "");
    internal static readonly ProgramRow OneProgFunc = new(View, "one_prog_func", Target.Syscall, "names of a program's functions");
    internal static readonly ProgramRow OneMap = new(View, "one_map", Target.Syscall, "fields of a map that bpf(2) does not tell");
    internal static readonly ProgramRow OneLink = new(View, "one_link", Target.Syscall, "fields of a link that bpf(2) does not tell");
    internal static readonly ProgramRow LinkFunc = new(View, "link_func", Target.Syscall, "functions of kprobe_multi and uprobe_multi links");
    internal static readonly ProgramRow BtfFunc = new(View, "btf_func", Target.Syscall, "names of the functions of tracing_multi links");
    internal static readonly ProgramRow WalkPins = new(View, "walk_pins", Target.Syscall, "pinned");

    internal static readonly ProgramRow OneTask = new(View, "one_task", Target.Syscall, "tasks of other readers than privileged ones");
    internal static readonly ProgramRow CredWords = new(View, "cred_words", Target.Syscall, "tasks, where there is Landlock") { Needs = OneTask };

    internal static readonly ProgramRow CodeFunc = new(Code, "code_func", Target.Syscall, "jited");
    internal static readonly ProgramRow CodeBytes = new(Code, "code_bytes", Target.Syscall, "jited, kfuncs, names of calls in xlated");
    internal static readonly ProgramRow CodeLines = new(Code, "code_lines", Target.Syscall, "source lines in jited");
    internal static readonly ProgramRow CodeName = new(Code, "code_name", Target.Syscall, "kfuncs, names in jited and of calls in xlated");
    internal static readonly ProgramRow FindCallBase = new(Code, "find_call_base", Target.Ksym, "names of helpers in xlated");

    internal static readonly ProgramRow WalkNets = new(Attach, "walk_nets", Target.Syscall, "attachments in other network namespaces than its own");
    internal static readonly ProgramRow PerfDescriptors = new(Attach, "perf_fd_records", Target.TaskFile, "attachments to perf events");
    internal static readonly ProgramRow PerfLinks = new(Attach, "perf_link_records", Target.BpfLink, "attachments to perf events that only a link holds");
    internal static readonly ProgramRow AttachedCgroups = new(Attach, "cgroup_records", Target.Cgroup, "");
    internal static readonly ProgramRow StructOps = new(Attach, "struct_ops_records", Target.BpfMap, "attachments of struct_ops");

    internal static readonly ProgramRow ReaderNetns = new(Net, "reader_netns", Target.Syscall, "net");
    internal static readonly ProgramRow Tcp = OfNet("tcp_records", Target.Tcp, "net/tcp");
    internal static readonly ProgramRow Tcp6 = OfNet("tcp6_records", Target.Tcp, "net/tcp6");
    internal static readonly ProgramRow Udp = OfNet("udp_records", Target.Udp, "net/udp");
    internal static readonly ProgramRow Udp6 = OfNet("udp6_records", Target.Udp, "net/udp6");
    internal static readonly ProgramRow Quic = OfNet("quic_records", Target.Udp, "net/quic");
    internal static readonly ProgramRow Unix = OfNet("unix_records", Target.Unix, "net/unix");
    internal static readonly ProgramRow Netlink = OfNet("netlink_records", Target.Netlink, "net/netlink");
    internal static readonly ProgramRow Ipv6Route = OfNet("route6_records", Target.Ipv6Route, "net/ipv6_route");
    internal static readonly ProgramRow SocketOwners = OfNet("sock_owner_records", Target.TaskFile, "net/pids");

    internal static readonly ProgramRow Processes = new(Tasks, "task_records", Target.Task, "tasks");
    internal static readonly ProgramRow TaskFiles = new(Tasks, "task_file_records", Target.TaskFile, "tasks/PID/files");
    internal static readonly ProgramRow TaskVmas = new(Tasks, "task_vma_records", Target.TaskVma, "tasks/PID/vmas");

    internal static readonly ProgramRow Cgroups = new(KernelTables, "cgroup_row_records", Target.Cgroup, "kernel/cgroups");
    internal static readonly ProgramRow Ksyms = new(KernelTables, "print_ksyms", Target.Ksym, "kernel/ksyms");
    internal static readonly ProgramRow KmemCaches = new(KernelTables, "kmem_cache_records", Target.KmemCache, "kernel/kmem_cache");
    internal static readonly ProgramRow Dmabufs = new(KernelTables, "dmabuf_records", Target.Dmabuf, "kernel/dmabuf");
    internal static readonly ProgramRow SkStorages = new(KernelTables, "sk_storage_records", Target.SkStorageMap, "entries of sk_storage maps");
    internal static readonly ProgramRow Sockmaps = new(KernelTables, "sockmap_records", Target.Sockmap, "what sockets are, but for their cookies, in entries of sockmaps");

    /// <summary>All of them, in the order of their objects.</summary>
    public static IReadOnlyList<ProgramRow> Rows { get; } =
    [
        DumpProgs, DumpMaps, DumpLinks, Progs, ProgRows, ProgMaps, Maps, Links, MapElements, Holders,
        OneProg, OneProgMaps, OneProgFunc, OneMap, OneLink, LinkFunc, BtfFunc, WalkPins, OneTask, CredWords,
        CodeFunc, CodeBytes, CodeLines, CodeName, FindCallBase,
        WalkNets, PerfDescriptors, PerfLinks, AttachedCgroups, StructOps,
        ReaderNetns, Tcp, Tcp6, Udp, Udp6, Quic, Unix, Netlink, Ipv6Route, SocketOwners,
        Processes, TaskFiles, TaskVmas,
        Cgroups, Ksyms, KmemCaches, Dmabufs, SkStorages, Sockmaps,
    ];

    private static ProgramRow OfNet(string name, Target target, string file) => new(Net, name, target, file) { Needs = ReaderNetns };
}
