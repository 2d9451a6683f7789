using System.Runtime.InteropServices;
using System.Text;

namespace Support;

/// <summary>Makes a link of each type that can be made without a trampoline or a kprobe.</summary>
public static unsafe partial class Links
{
    public const uint BPF_CGROUP_INET_EGRESS = 1;
    public const uint BPF_SK_LOOKUP = 36;
    public const uint BPF_XDP = 37;
    public const uint BPF_SK_SKB_VERDICT = 38;
    public const uint BPF_PERF_EVENT = 41;
    public const uint BPF_NETFILTER = 45;
    public const uint BPF_TCX_INGRESS = 46;
    public const uint BPF_TRACE_UPROBE_MULTI = 48;
    private const uint XDP_FLAGS_SKB_MODE = 2;

    // struct { ... } link_create of union bpf_attr: what follows flags depends on the type
    [StructLayout(LayoutKind.Explicit, Size = 64)]
    private struct link_create_attr
    {
        [FieldOffset(0)] public uint prog_fd;
        [FieldOffset(4)] public uint target_fd;
        [FieldOffset(8)] public uint attach_type;
        [FieldOffset(12)] public uint flags;
        [FieldOffset(16)] public uint netfilter_pf;
        [FieldOffset(20)] public uint netfilter_hooknum;
        [FieldOffset(24)] public int netfilter_priority;
        [FieldOffset(16)] public ulong perf_event_cookie;
        [FieldOffset(16)] public byte* uprobe_path;
        [FieldOffset(24)] public ulong* uprobe_offsets;
        [FieldOffset(48)] public uint uprobe_count;
    }

    public static BpfLink Cgroup(BpfProgram program, string directory) => OnDirectory(program, directory, BPF_CGROUP_INET_EGRESS);

    public static BpfLink Netns(BpfProgram program) => OnDirectory(program, "/proc/self/ns/net", BPF_SK_LOOKUP);

    public static BpfLink Xdp(BpfProgram program, int device) =>
        Create(new link_create_attr { prog_fd = (uint)program.Fd, target_fd = (uint)device, attach_type = BPF_XDP, flags = XDP_FLAGS_SKB_MODE });

    public static BpfLink Tcx(BpfProgram program, int device) =>
        Create(new link_create_attr { prog_fd = (uint)program.Fd, target_fd = (uint)device, attach_type = BPF_TCX_INGRESS });

    /// <summary>NFPROTO_IPV4, NF_INET_LOCAL_IN.</summary>
    public static BpfLink Netfilter(BpfProgram program, int priority) =>
        Create(new link_create_attr { prog_fd = (uint)program.Fd, attach_type = BPF_NETFILTER, netfilter_pf = 2, netfilter_hooknum = 1, netfilter_priority = priority });

    public static BpfLink Sockmap(BpfProgram program, BpfMap map) =>
        Create(new link_create_attr { prog_fd = (uint)program.Fd, target_fd = (uint)map.Fd, attach_type = BPF_SK_SKB_VERDICT });

    /// <summary>A software clock of this process.</summary>
    public static BpfLink PerfEvent(BpfProgram program, ulong cookie)
    {
        Span<ulong> attr = stackalloc ulong[16]; // struct perf_event_attr: type and size, config, ...
        attr.Clear();
        attr[0] = 1 | (128UL << 32); // PERF_TYPE_SOFTWARE; PERF_COUNT_SW_CPU_CLOCK is 0
        attr[2] = 1_000_000_000; // sample_period
        const long perfEventOpen = 298; // x86-64
        long fd;
        fixed (ulong* a = attr) fd = syscall(perfEventOpen, a, 0, -1, -1, 8 /* PERF_FLAG_FD_CLOEXEC */);
        if (fd < 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), "perf_event_open");
        using var held = new Descriptor((int)fd);
        return Create(new link_create_attr { prog_fd = (uint)program.Fd, target_fd = (uint)fd, attach_type = BPF_PERF_EVENT, perf_event_cookie = cookie });
    }

    /// <summary>At an offset of a file.</summary>
    public static BpfLink Uprobe(BpfProgram program, string path, ulong offset)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        {
            return Create(new link_create_attr
            {
                prog_fd = (uint)program.Fd,
                attach_type = BPF_TRACE_UPROBE_MULTI,
                uprobe_path = p,
                uprobe_offsets = &offset,
                uprobe_count = 1,
            });
        }
    }

    private static BpfLink OnDirectory(BpfProgram program, string path, uint attachType)
    {
        int fd;
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0')) fd = open(p, 0x80000 /* O_CLOEXEC */);
        if (fd < 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), $"open {path}");
        using var held = new Descriptor(fd);
        return Create(new link_create_attr { prog_fd = (uint)program.Fd, target_fd = (uint)fd, attach_type = attachType });
    }

    private static BpfLink Create(link_create_attr attr) =>
        new(Bpf.Call(Bpf.BPF_LINK_CREATE, ref attr, $"create a link of attach type {attr.attach_type}"));

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int open(byte* path, int flags);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial long syscall(long number, void* attr, int pid, int cpu, int group, ulong flags);
}
