namespace Fuse;

/// <summary>How to mount. What is not set here is decided by the kernel.</summary>
public sealed class FuseMountOptions
{
    /// <summary>The first column of /proc/mounts.</summary>
    public string Source { get; init; } = "fuse";

    /// <summary>Shown by findmnt and mount as <c>fuse.SUBTYPE</c>; empty for plain <c>fuse</c>.</summary>
    public string Subtype { get; init; } = "";

    /// <summary>Users other than the one who mounts may enter.</summary>
    public bool AllowOther { get; init; }

    /// <summary>The kernel checks the mode, owner and group that the file system reports.</summary>
    public bool DefaultPermissions { get; init; } = true;

    /// <summary>MS_RDONLY: the kernel refuses writes by itself.</summary>
    public bool ReadOnly { get; init; } = true;

    /// <summary>MS_NOSUID.</summary>
    public bool NoSuid { get; init; } = true;

    /// <summary>MS_NODEV.</summary>
    public bool NoDev { get; init; } = true;

    /// <summary>MS_NOEXEC.</summary>
    public bool NoExec { get; init; }

    /// <summary>MS_NOATIME.</summary>
    public bool NoAtime { get; init; }

    /// <summary>Mount over a directory that has entries; they are hidden until the unmount.</summary>
    public bool NonEmpty { get; init; }

    /// <summary>The kernel remembers the targets of symbolic links (FUSE_CACHE_SYMLINKS) until the inode is invalidated.</summary>
    public bool CacheSymlinks { get; init; }

    /// <summary>Whether requests may come over io_uring.</summary>
    public IoUring IoUring { get; init; }

    /// <summary>How much room a ring entry claims to have for contents: less than the kernel wants makes it refuse. For tests.</summary>
    internal int RingPayload { get; init; } = ControlHandlers.MaxRead;

    /// <summary>Threads on /dev/fuse that always stand ready; 0 = one more than processors, at most 17. A user who is not root has one fewer at a time.</summary>
    public int Workers { get; init; }

    /// <summary>
    /// The most threads there may be while all others wait inside the file system; 0 = four times the workers that stand ready (over io_uring: the processors),
    /// at least 16.
    /// </summary>
    public int MaxWorkers { get; init; }

    /// <summary>How long a request may wait inside the file system before a further worker is started in its stead.</summary>
    public TimeSpan WorkerPatience { get; init; } = TimeSpan.FromMilliseconds(20);
}
