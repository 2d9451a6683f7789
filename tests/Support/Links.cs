using System.Runtime.InteropServices;
using System.Text;

namespace Support;

/// <summary>Makes a link of each type that can be made without a trampoline or a kprobe.</summary>
public static unsafe partial class Links
{
    public const uint BPF_CGROUP_INET_EGRESS = 1;
    public const uint BPF_TRACE_ITER = 28;
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
        [FieldOffset(40)] public ulong* uprobe_cookies;
        [FieldOffset(48)] public uint uprobe_count;
        [FieldOffset(52)] public uint uprobe_flags;
        [FieldOffset(16)] public IterTarget* iter_info;
        [FieldOffset(24)] public uint iter_info_len;
    }

    /// <summary>union bpf_iter_link_info: what an iterator is confined to.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 16)]
    public struct IterTarget
    {
        [FieldOffset(0)] public uint map_fd;
        [FieldOffset(0)] public uint cgroup_order;
        [FieldOffset(4)] public uint cgroup_fd;
        [FieldOffset(8)] public ulong cgroup_id;
        [FieldOffset(0)] public uint tid;
        [FieldOffset(4)] public uint pid;
    }

    /// <summary>The BTF type id of a function of the kernel.</summary>
    public static uint KernelFunction(string name)
    {
        string line = Tool.Shell("bpftool btf dump file /sys/kernel/btf/vmlinux | grep -F \"FUNC '$1' \"", name).Succeeded().Output;
        return uint.Parse(line[1..line.IndexOf(']')], null);
    }

    /// <summary>A program that an iterator over a target runs.</summary>
    public static BpfProgram IterProgram(string name, string target) =>
        BpfProgram.Load(name, (ProgramType)26 /* tracing */, attachType: BPF_TRACE_ITER, attachBtfId: KernelFunction($"bpf_iter_{target}"));

    public static BpfLink Iter(BpfProgram program, IterTarget target) =>
        Create(new link_create_attr { prog_fd = (uint)program.Fd, attach_type = BPF_TRACE_ITER, iter_info = &target, iter_info_len = (uint)sizeof(IterTarget) });

    public static BpfLink Iter(BpfProgram program) => Create(new link_create_attr { prog_fd = (uint)program.Fd, attach_type = BPF_TRACE_ITER });

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
    public static BpfLink PerfEvent(BpfProgram program, ulong cookie) => PerfEvent(program, cookie, type: 1, config: 0);

    /// <summary>A tracepoint of tracefs, <c>sched/sched_switch</c>.</summary>
    public static BpfLink Tracepoint(BpfProgram program, string name, ulong cookie)
    {
        string directory = Directory.CreateTempSubdirectory("bpffs-view-tracefs-").FullName;
        try
        {
            Tool.Run("mount", "-t", "tracefs", "tracefs", directory).Succeeded();
            return PerfEvent(program, cookie, type: 2, ulong.Parse(File.ReadAllText(Path.Combine(directory, "events", name, "id")), null));
        }
        finally
        {
            Mounts.Detach(directory);
            Directory.Delete(directory);
        }
    }

    /// <summary>A uprobe of the old kind: a perf event. perf_event_open(2), kernel/events/core.c perf_uprobe_event_init().</summary>
    public static BpfLink PerfUprobe(BpfProgram program, ulong cookie, string path, ulong offset, bool isReturn)
    {
        uint type = uint.Parse(File.ReadAllText("/sys/bus/event_source/devices/uprobe/type"), null);
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0')) return PerfEvent(program, cookie, type, isReturn ? 1u : 0, (ulong)p, offset);
    }

    /// <summary>Type, config, config1 and config2 are those of struct perf_event_attr.</summary>
    private static BpfLink PerfEvent(BpfProgram program, ulong cookie, uint type, ulong config, ulong config1 = 0, ulong config2 = 0)
    {
        Span<ulong> attr = stackalloc ulong[16]; // struct perf_event_attr
        attr.Clear();
        attr[0] = type | (128UL << 32); // and size
        attr[1] = config;
        attr[2] = type == 1 ? 1_000_000_000u : 0; // sample_period
        attr[7] = config1;
        attr[8] = config2;
        const long perfEventOpen = 298; // x86-64
        bool isOfProcess = type == 1;
        long fd;
        fixed (ulong* a = attr) fd = syscall(perfEventOpen, a, isOfProcess ? 0 : -1, isOfProcess ? -1 : 0, -1, 8 /* PERF_FLAG_FD_CLOEXEC */);
        if (fd < 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), "perf_event_open");
        using var held = new Descriptor((int)fd);
        return Create(new link_create_attr { prog_fd = (uint)program.Fd, target_fd = (uint)fd, attach_type = BPF_PERF_EVENT, perf_event_cookie = cookie });
    }

    /// <summary>At offsets of a file, each with a cookie.</summary>
    public static BpfLink Uprobe(BpfProgram program, string path, ulong[] offsets, ulong[] cookies, bool isReturn = false)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        fixed (ulong* o = offsets, c = cookies)
        {
            return Create(new link_create_attr
            {
                prog_fd = (uint)program.Fd,
                attach_type = BPF_TRACE_UPROBE_MULTI,
                uprobe_path = p,
                uprobe_offsets = o,
                uprobe_cookies = c,
                uprobe_count = (uint)offsets.Length,
                uprobe_flags = isReturn ? 1u : 0,
            });
        }
    }

    /// <summary>Makes a link in a network namespace of ip-netns(8).</summary>
    public static BpfLink Inside(string netns, Func<BpfLink> make)
    {
        BpfLink? link = null;
        Exception? failure = null;
        var thread = new Thread(() => // it ends with the namespace it entered
        {
            try
            {
                Enter(netns);
                link = make();
            }
            catch (Exception e) when (e is System.ComponentModel.Win32Exception)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        return link ?? throw failure!;
    }

    private static void Enter(string netns)
    {
        int fd;
        fixed (byte* p = Encoding.UTF8.GetBytes($"/run/netns/{netns}\0")) fd = open(p, 0x80000 /* O_CLOEXEC */);
        if (fd < 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), $"open {netns}");
        using var held = new Descriptor(fd);
        if (setns(fd, 0) != 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), $"enter {netns}");
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
    private static partial int setns(int fd, int type);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial long syscall(long number, void* attr, int pid, int cpu, int group, ulong flags);
}
