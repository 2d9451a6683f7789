using System.Text;

namespace Support;

/// <summary>enum bpf_prog_type: those that load without anything to attach to.</summary>
public enum ProgramType
{
    SocketFilter = 1,
    Kprobe = 2,
    SchedCls = 3,
    SchedAct = 4,
    Tracepoint = 5,
    Xdp = 6,
    PerfEvent = 7,
    CgroupSkb = 8,
    CgroupSock = 9,
    LwtIn = 10,
    LwtOut = 11,
    LwtXmit = 12,
    SockOps = 13,
    SkSkb = 14,
    CgroupDevice = 15,
    SkMsg = 16,
    RawTracepoint = 17,
    CgroupSockAddr = 18,
    LwtSeg6local = 19,
    SkReuseport = 21,
    FlowDissector = 22,
    CgroupSysctl = 23,
    RawTracepointWritable = 24,
    CgroupSockopt = 25,
    SkLookup = 30,
    Syscall = 31,
}

/// <summary>A loaded program; it goes when it is disposed, unless it is pinned or attached.</summary>
public sealed unsafe class BpfProgram : Descriptor
{
    private const uint BPF_F_SLEEPABLE = 1 << 4;

    private BpfProgram(int fd, string name, ProgramType type)
        : base(fd)
    {
        Id = Bpf.IdOf(fd);
        Name = name.Length > 15 ? name[..15] : name;
        Type = type;
    }

    public uint Id { get; }

    public string Name { get; }

    public ProgramType Type { get; }

    /// <summary>Every type that <see cref="Load"/> can load.</summary>
    public static IReadOnlyList<ProgramType> Types { get; } = Enum.GetValues<ProgramType>();

    /// <summary>Loads a program.</summary>
    /// <param name="name">Up to 15 letters, digits, '_' and '.'.</param>
    /// <param name="type">Its type.</param>
    /// <param name="instructions">null: return 0.</param>
    /// <param name="license">GPL or another.</param>
    /// <param name="attachType">enum bpf_attach_type; null: what the type needs to load.</param>
    /// <param name="attachBtfId">Of the kernel's function that it attaches to; 0: none.</param>
    public static BpfProgram Load(
        string name, ProgramType type = ProgramType.SocketFilter, ulong[]? instructions = null, string license = "GPL", uint? attachType = null, uint attachBtfId = 0)
    {
        instructions ??= Instructions.Return(DefaultResult(type));
        byte[] licenseBytes = Encoding.ASCII.GetBytes(license + "\0");
        byte[] log = new byte[64 * 1024];
        fixed (ulong* insns = instructions)
        fixed (byte* licensePointer = licenseBytes, logPointer = log)
        {
            Bpf.prog_load_attr attr = new()
            {
                prog_type = (uint)type,
                insn_cnt = (uint)instructions.Length,
                insns = insns,
                license = licensePointer,
                prog_flags = type == ProgramType.Syscall ? BPF_F_SLEEPABLE : 0,
                expected_attach_type = attachType ?? AttachType(type),
                attach_btf_id = attachBtfId,
            };
            Bpf.CopyName(name, attr.prog_name);
            int fd = Bpf.Try(Bpf.BPF_PROG_LOAD, ref attr);
            if (fd >= 0) return new BpfProgram(fd, name, type);

            attr.log_level = 1; // the same again, for the verifier's words
            attr.log_buf = logPointer;
            attr.log_size = (uint)log.Length;
            fd = Bpf.Try(Bpf.BPF_PROG_LOAD, ref attr);
            return fd >= 0
                ? new BpfProgram(fd, name, type)
                : throw Bpf.Failed(-fd, $"load {type} {name}\n{Encoding.ASCII.GetString(log).TrimEnd('\0')}");
        }
    }

    /// <summary>Loads many: PREFIX0, PREFIX1, ...</summary>
    public static Herd<BpfProgram> LoadMany(string prefix, int count)
    {
        Herd<BpfProgram> herd = new();
        try
        {
            for (int i = 0; i < count; i++) herd.Add(Load($"{prefix}{i}"));
            return herd;
        }
        catch
        {
            herd.Dispose();
            throw;
        }
    }

    /// <summary>Runs it by BPF_PROG_TEST_RUN on a packet (or, as a raw tracepoint, without arguments) and gives its result.</summary>
    public uint Run(int repeat = 1)
    {
        byte[] packet = new byte[64];
        ulong* arguments = stackalloc ulong[12];
        new Span<ulong>(arguments, 12).Clear();
        fixed (byte* p = packet)
        {
            Bpf.test_run_attr attr = new() { prog_fd = (uint)Fd };
            if (Type is ProgramType.RawTracepoint)
            {
                attr.ctx_in = arguments;
                attr.ctx_size_in = 12 * sizeof(ulong);
            }
            else
            {
                attr.data_in = p;
                attr.data_size_in = (uint)packet.Length;
                attr.repeat = (uint)repeat;
            }
            Bpf.Call(Bpf.BPF_PROG_TEST_RUN, ref attr, $"run {Name}");
            return attr.retval;
        }
    }

    /// <summary>Attaches it to a raw tracepoint until the result is disposed.</summary>
    public BpfLink AttachRawTracepoint(string tracepoint, ulong cookie = 0)
    {
        byte[] name = Encoding.ASCII.GetBytes(tracepoint + "\0");
        fixed (byte* p = name)
        {
            Bpf.named_attr attr = new() { name = p, fd = (uint)Fd, cookie = cookie };
            return new BpfLink(Bpf.Call(Bpf.BPF_RAW_TRACEPOINT_OPEN, ref attr, $"attach {Name} to {tracepoint}"));
        }
    }

    private static uint AttachType(ProgramType type) => type switch
    {
        ProgramType.CgroupSockAddr => 8, // BPF_CGROUP_INET4_BIND
        ProgramType.CgroupSockopt => 21, // BPF_CGROUP_GETSOCKOPT
        ProgramType.SkLookup => 36, // BPF_SK_LOOKUP
        _ => 0,
    };

    // The verifier holds these to 0..1, or 1..1.
    private static int DefaultResult(ProgramType type) => type is ProgramType.CgroupSockAddr or ProgramType.CgroupSockopt ? 1 : 0;
}

/// <summary>A link that is gone when it is disposed, unless it is pinned.</summary>
public sealed class BpfLink(int fd) : Descriptor(fd)
{
    public uint Id { get; } = Bpf.IdOf(fd);
}

/// <summary>Several that are disposed together, the last first.</summary>
public sealed class Herd<T> : List<T>, IDisposable
    where T : IDisposable
{
    public void Dispose()
    {
        for (int i = Count - 1; i >= 0; i--) this[i].Dispose();
        Clear();
    }
}
