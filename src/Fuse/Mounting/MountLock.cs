using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// Of several that start on one directory at the same instant, one looks and mounts while the others wait: without it all could see an empty directory, and
/// mount(2) would stack them. A flock(2) on the directory above, which is there whatever is mounted, needs no file of its own and ends with its owner.
/// </summary>
internal readonly ref struct MountLock
{
    /// <summary>Anybody who may list the directory above can lock it. So the lock is waited for only as long as a start that hangs on a hung server takes.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(3);

    private const int LOCK_EX = 2, LOCK_NB = 4; // sys/file.h

    private readonly int _descriptor;

    private MountLock(int descriptor) => _descriptor = descriptor;

    /// <summary>Takes it. A directory that cannot be opened or locked is gone on without: the lock keeps order among servers, it protects nothing.</summary>
    internal static unsafe MountLock Take(string mountPoint, ILogger logger)
    {
        string above = Path.GetDirectoryName(MountPoints.Resolve(mountPoint, out _)) ?? "/";
        int fd;
        fixed (byte* path = Encoding.UTF8.GetBytes(above + '\0')) fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, default);
        if (fd < 0) return new MountLock(-1);
        long start = Stopwatch.GetTimestamp();
        while (MissingLibC.flock(fd, LOCK_EX | LOCK_NB) != 0)
        {
            if (Stopwatch.GetElapsedTime(start) > s_patience)
            {
                Log.NotLocked(logger, above);
                break;
            }
            Thread.Sleep(5);
        }
        return new MountLock(fd);
    }

    public void Dispose()
    {
        if (_descriptor >= 0) close(_descriptor);
    }
}
