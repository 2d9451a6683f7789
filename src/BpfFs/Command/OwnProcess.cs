using System.Runtime.InteropServices;
using BpfFs.Native;
using BpfFs.View.Kept;

namespace BpfFs.Command;

/// <summary>
/// A process that a view's status file names, before it is signalled: held by a descriptor, so that its number cannot become another's between a look and the signal.
/// </summary>
internal sealed class OwnProcess : IDisposable
{
    private readonly int _pidFd;

    private OwnProcess(int pidFd) => _pidFd = pidFd;

    /// <summary>Opens one that keeps a view, as the user who calls; null: <paramref name="reason"/> says why it is none.</summary>
    public static OwnProcess? Open(int pid, out string? reason)
    {
        reason = null;
        int fd = LibC.PidFd(pid);
        if (fd < 0)
        {
            reason = Marshal.GetLastPInvokeErrorMessage();
            return null;
        }
        reason = WhyNotOurs(pid);
        if (reason is null) return new OwnProcess(fd);
        LibC.close(fd);
        return null;
    }

    /// <summary>0 or a positive errno.</summary>
    public int Signal(int signal) => LibC.PidFdSignal(_pidFd, signal) == 0 ? 0 : Marshal.GetLastPInvokeError();

    public void Dispose() => LibC.close(_pidFd);

    /// <summary>
    /// All four user ids must be the caller's: in the initial user namespace they are what no other user, and no root of his own namespace, can have. And it must hold what only a
    /// view's processes hold together, the connection and the memory file. Its path would not tell: an upgrade replaces that, and a view may run from anywhere.
    /// </summary>
    private static string? WhyNotOurs(int pid)
    {
        try
        {
            string uid = Tmds.Linux.LibC.geteuid().ToString()!;
            string? ids = File.ReadLines($"/proc/{pid}/status").FirstOrDefault(line => line.StartsWith("Uid:\t", StringComparison.Ordinal));
            if (ids != $"Uid:\t{uid}\t{uid}\t{uid}\t{uid}") return "it is another user's";
            string?[] files = [.. Directory.EnumerateFiles($"/proc/{pid}/fd").Select(fd => new FileInfo(fd).LinkTarget)];
            bool isView = files.Contains("/dev/fuse") && files.Contains(KeptMemory.Link);
            return isView ? null : "it keeps no view";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }
}
