using System.Runtime.InteropServices;
using System.Text;

namespace Support;

/// <summary>Attaches programs without links, each until the result is disposed.</summary>
public static unsafe partial class Attach
{
    public const uint BPF_TCX_INGRESS = 46;
    public const uint BPF_SK_SKB_VERDICT = 38;
    public const uint BPF_SK_MSG_VERDICT = 7;
    private const int BPF_PROG_ATTACH = 8;
    private const int BPF_PROG_DETACH = 9;
    private const int BPF_PROG_QUERY = 16;
    private const nuint PERF_EVENT_IOC_SET_BPF = 0x40042408;

    // struct { target; prog_fd; attach_type; flags; replace_bpf_fd; relative; expected_revision }
    [StructLayout(LayoutKind.Sequential)]
    private struct attach_attr
    {
        public uint target, prog_fd, attach_type, flags, replace_fd, relative;
        public ulong revision;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct query_attr
    {
        public uint target, attach_type, query_flags, attach_flags;
        public uint* prog_ids;
        public uint count, padding;
        public ulong prog_attach_flags, link_ids, link_attach_flags, revision;
    }

    /// <summary>To a sockmap or sockhash.</summary>
    public static IDisposable ToMap(BpfProgram program, BpfMap map, uint attachType) => To((uint)map.Fd, program, attachType);

    /// <summary>To a device of the namespace of the calling thread; it goes with the device.</summary>
    public static void ToDevice(BpfProgram program, int device, uint attachType) => _ = To((uint)device, program, attachType);

    /// <summary>What bpf(2) says of a device in the namespace of the calling thread: program ids in the order of running.</summary>
    public static uint[] OnDevice(int device, uint attachType)
    {
        uint[] ids = new uint[64];
        fixed (uint* p = ids)
        {
            query_attr attr = new() { target = (uint)device, attach_type = attachType, prog_ids = p, count = (uint)ids.Length };
            Bpf.Call(BPF_PROG_QUERY, ref attr, "query");
            return ids[..(int)attr.count];
        }
    }

    /// <summary>A clock of this process, on one CPU.</summary>
    public static PerfEvent ToClock(BpfProgram program, int cpu = -1) => ToEvent(program, 1, 0, "", 0, cpu);

    /// <summary>A tracepoint, given its number in tracefs; on CPU 0, for all processes.</summary>
    public static PerfEvent ToTracepoint(BpfProgram program, ulong number) => ToEvent(program, 2, number, "", 0, 0, pid: -1);

    /// <summary>A place in a file.</summary>
    public static PerfEvent ToUprobe(BpfProgram program, string path, ulong offset) =>
        ToEvent(program, uint.Parse(File.ReadAllText("/sys/bus/event_source/devices/uprobe/type"), System.Globalization.CultureInfo.InvariantCulture), 0, path, offset, 0, pid: -1);

    private static Attached To(uint target, BpfProgram program, uint attachType)
    {
        attach_attr attr = new() { target = target, prog_fd = (uint)program.Fd, attach_type = attachType };
        Bpf.Call(BPF_PROG_ATTACH, ref attr, $"attach {program.Name}");
        return new Attached(() =>
        {
            attach_attr detach = new() { target = target, prog_fd = (uint)program.Fd, attach_type = attachType };
            Bpf.Try(BPF_PROG_DETACH, ref detach);
        });
    }

    private static PerfEvent ToEvent(BpfProgram program, uint type, ulong config, string path, ulong offset, int cpu, int pid = 0)
    {
        Span<ulong> attr = stackalloc ulong[16]; // struct perf_event_attr: type and size, config, sample_period, ..., config1, config2
        attr.Clear();
        attr[0] = type | (128UL << 32);
        attr[1] = config;
        attr[2] = type == 1 ? 1_000_000_000UL : 1;
        long fd;
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        fixed (ulong* a = attr)
        {
            if (path.Length > 0)
            {
                a[7] = (ulong)p; // uprobe_path
                a[8] = offset; // probe_offset
            }
            const long perfEventOpen = 298; // x86-64
            fd = syscall(perfEventOpen, a, pid, cpu, -1, 8 /* PERF_FLAG_FD_CLOEXEC */);
        }
        if (fd < 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), "perf_event_open");
        var made = new PerfEvent((int)fd);
        if (ioctl((int)fd, PERF_EVENT_IOC_SET_BPF, program.Fd) == 0) return made;
        int errno = Marshal.GetLastPInvokeError();
        made.Dispose();
        throw Bpf.Failed(errno, "PERF_EVENT_IOC_SET_BPF");
    }

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial long syscall(long number, void* attr, int pid, int cpu, int group, ulong flags);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int ioctl(int fd, nuint request, int argument);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int dup(int fd);

    private sealed class Attached(Action detach) : IDisposable
    {
        public void Dispose() => detach();
    }

    /// <summary>A perf event; its program is detached when the last descriptor goes.</summary>
    public sealed class PerfEvent(int fd) : Descriptor(fd)
    {
        /// <summary>Another descriptor of the same event.</summary>
        public Descriptor Duplicate() => new(dup(Fd));
    }
}
