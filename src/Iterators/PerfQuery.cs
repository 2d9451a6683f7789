using Iterators.Native;

namespace Iterators;

/// <summary>What a perf event of a process is attached to.</summary>
public enum PerfEventKind : uint
{
    /// <summary>BPF_FD_TYPE_TRACEPOINT.</summary>
    Tracepoint = 1,

    /// <summary>BPF_FD_TYPE_KPROBE.</summary>
    Kprobe = 2,

    /// <summary>BPF_FD_TYPE_KRETPROBE.</summary>
    Kretprobe = 3,

    /// <summary>BPF_FD_TYPE_UPROBE.</summary>
    Uprobe = 4,

    /// <summary>BPF_FD_TYPE_URETPROBE.</summary>
    Uretprobe = 5,
}

/// <summary>BPF_TASK_FD_QUERY: tracepoint or probe behind a descriptor of a process.</summary>
public static unsafe class PerfQuery
{
    /// <summary>Asks; 0 or an errno: EOPNOTSUPP, it is an event of another kind; ENOENT or EBADF, process or descriptor are gone.</summary>
    /// <param name="tid">The thread, in our pid namespace.</param>
    /// <param name="fd">Its descriptor.</param>
    /// <param name="name">Takes tracepoint, function or path; what does not fit is cut.</param>
    /// <param name="length">Bytes in it.</param>
    /// <param name="progId">The program.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="offset">Of a probe, from the function or in the file.</param>
    public static int Query(uint tid, uint fd, Span<byte> name, out int length, out uint progId, out PerfEventKind kind, out ulong offset)
    {
        uint size = (uint)name.Length, prog = 0, type = 0;
        ulong at = 0, address = 0; // the address is not for anybody's eyes
        int errno;
        fixed (byte* buffer = name) errno = -LibBpf.bpf_task_fd_query((int)tid, (int)fd, 0, buffer, &size, &prog, &type, &at, &address);
        if (errno == Tmds.Linux.LibC.ENOSPC) errno = 0;
        int end = name.IndexOf((byte)0);
        length = errno != 0 ? 0 : end < 0 ? name.Length : end;
        (progId, kind, offset) = (prog, (PerfEventKind)type, at);
        return errno;
    }
}
