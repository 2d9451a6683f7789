using System.Buffers.Text;
using System.Globalization;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>What a thread will see of signals when it comes back from the kernel: /proc/TID/status, proc_pid_status(5).</summary>
internal static class PendingSignals
{
    /// <summary>
    /// Whether a signal that is not blocked waits for thread <paramref name="pid"/>. False also where that cannot be seen: no /proc, hidepid, a thread of
    /// another namespace (0).
    /// </summary>
    internal static unsafe bool AreThere(uint pid)
    {
        if (pid == 0) return false;
        Span<byte> path = stackalloc byte[32];
        if (!System.Text.Unicode.Utf8.TryWrite(path, CultureInfo.InvariantCulture, $"/proc/{pid}/status\0", out _)) return false;
        int descriptor;
        fixed (byte* name = path) descriptor = open(name, O_RDONLY | O_CLOEXEC, default);
        if (descriptor < 0) return false;
        Span<byte> text = stackalloc byte[4096]; // seq_file gives it whole to one read
        nint length;
        fixed (byte* buffer = text) length = (nint)read(descriptor, buffer, text.Length);
        close(descriptor);
        return length > 0 && AreIn(text[..(int)length]);
    }

    /// <summary>The same, of the file's text.</summary>
    internal static bool AreIn(ReadOnlySpan<byte> status) =>
        ((Set(status, "\nSigPnd:\t"u8) | Set(status, "\nShdPnd:\t"u8)) & ~Set(status, "\nSigBlk:\t"u8)) != 0;

    private static ulong Set(ReadOnlySpan<byte> status, ReadOnlySpan<byte> name)
    {
        int at = status.IndexOf(name);
        return at >= 0 && Utf8Parser.TryParse(status[(at + name.Length)..], out ulong set, out _, 'x') ? set : 0;
    }
}
