using System.Globalization;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>A thread's directory in /proc, and what it tells to everybody. Nothing is allocated.</summary>
public static unsafe class ProcDirectory
{
    /// <summary>A descriptor of it, which anybody may have; else ESRCH: there is no such thread, or the errno of open(2).</summary>
    internal static Fd Open(uint tid) => Open(tid, default, LibC.O_DIRECTORY);

    /// <summary>Whether a thread has a capability in the initial user namespace; false where that cannot be told.</summary>
    public static bool HasCapability(uint tid, int capability)
    {
        Span<byte> text = stackalloc byte[4096];
        if (!text[..Math.Max(0, Read(tid, "/uid_map"u8, text))].SequenceEqual("         0          0 4294967295\n"u8)) return false; // uid_m_show(), kernel/user_namespace.c
        ReadOnlySpan<byte> status = text[..Math.Max(0, Read(tid, "/status"u8, text))];
        int at = status.IndexOf("CapEff:\t"u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(status[(at + 8)..], out ulong effective, out _, 'x') && (effective >> capability & 1) != 0;
    }

    /// <summary>
    /// Whether no security module that goes by labels has a say in what a thread may look at: there is none, or its label is the one that AppArmor and the targeted policy of SELinux have for who
    /// is left alone. What another label may do only the module knows.
    /// </summary>
    public static bool IsUnconfined(uint tid)
    {
        Span<byte> text = stackalloc byte[512];
        int length = Read(tid, "/attr/current"u8, text);
        if (length == -LibC.EINVAL || length == -LibC.ENOENT) return true; // no module has labels: proc_pid_attr_read(), fs/proc/base.c
        if (length <= 0) return false;
        ReadOnlySpan<byte> label = text[..length];
        return label.TrimEnd("\n\0"u8).SequenceEqual("unconfined"u8) || label.IndexOf(":unconfined_t:"u8) >= 0;
    }

    /// <summary>How many bytes of a file, at most a page; or a negative errno.</summary>
    private static int Read(uint tid, ReadOnlySpan<byte> file, Span<byte> to)
    {
        using Fd fd = Open(tid, file, 0);
        if (fd.Errno != 0) return -fd.Errno;
        fixed (byte* p = to)
        {
            int count = (int)LibC.read(fd.Value, p, to.Length);
            return count < 0 ? -LibC.errno : count;
        }
    }

    private static Fd Open(uint tid, ReadOnlySpan<byte> file, int flags)
    {
        if (tid == 0) return new Fd(-LibC.ESRCH); // the kernel does not name who it is: not of the mount's pid namespace
        Span<byte> path = stackalloc byte[64];
        "/proc/"u8.CopyTo(path);
        tid.TryFormat(path[6..], out int length, provider: CultureInfo.InvariantCulture);
        file.CopyTo(path[(6 + length)..]);
        path[6 + length + file.Length] = 0;
        fixed (byte* p = path)
        {
            int opened = LibC.open(p, LibC.O_RDONLY | LibC.O_CLOEXEC | flags);
            int errno = opened < 0 ? LibC.errno : 0;
            return new Fd(errno == LibC.ENOENT && file.IsEmpty ? -LibC.ESRCH : errno != 0 ? -errno : opened);
        }
    }
}
