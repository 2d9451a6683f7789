namespace Fuse;

/// <summary>Whether requests may come over io_uring (Linux 6.14) instead of through /dev/fuse.</summary>
public enum IoUring
{
    /// <summary>When the kernel offers it and it can be had.</summary>
    Auto,

    /// <summary>Mounting fails if it cannot be had.</summary>
    On,

    /// <summary>Never.</summary>
    Off,
}
