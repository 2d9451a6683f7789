#pragma warning disable CS1591 // names and meanings are those of <linux/fuse.h>
namespace Fuse;

/// <summary>The constants of <c>&lt;linux/fuse.h&gt;</c> that a file system or this library uses, under their native names.</summary>
public static class FuseProtocol
{
    public const uint FUSE_KERNEL_VERSION = 7;

    /// <summary>The newest minor this library knows (Linux 6.14). A lower one of the kernel wins.</summary>
    public const uint FUSE_KERNEL_MINOR_VERSION = 42;

    public const ulong FUSE_ROOT_ID = 1;

    public const uint STATX_BASIC_STATS = 0x7ff; // linux/stat.h
    public const uint STATX_BTIME = 0x800;

    public const uint FOPEN_DIRECT_IO = 1 << 0;
    public const uint FOPEN_KEEP_CACHE = 1 << 1;
    public const uint FOPEN_NONSEEKABLE = 1 << 2;
    public const uint FOPEN_CACHE_DIR = 1 << 3;
    public const uint FOPEN_STREAM = 1 << 4;
    public const uint FOPEN_NOFLUSH = 1 << 5; // 7.35, Linux 5.16

    internal const uint FUSE_ASYNC_READ = 1 << 0;
    internal const uint FUSE_AUTO_INVAL_DATA = 1 << 12;
    internal const uint FUSE_DO_READDIRPLUS = 1 << 13;
    internal const uint FUSE_READDIRPLUS_AUTO = 1 << 14;
    internal const uint FUSE_PARALLEL_DIROPS = 1 << 18;
    internal const uint FUSE_MAX_PAGES = 1 << 22;
    internal const uint FUSE_CACHE_SYMLINKS = 1 << 23;
    internal const uint FUSE_INIT_EXT = 1 << 30;

    internal const ulong FUSE_HAS_RESEND = 1UL << 39; // in flags2; 7.40, Linux 6.9
    internal const ulong FUSE_UNIQUE_RESEND = 1UL << 63; // in fuse_in_header.unique
    internal const ulong FUSE_OVER_IO_URING = 1UL << 41; // in flags2

    internal const uint FUSE_GETATTR_FH = 1 << 0;

    internal const int FUSE_NOTIFY_RETRIEVE = 5;
    internal const int FUSE_NOTIFY_RESEND = 7;

    internal const uint FUSE_IO_URING_CMD_REGISTER = 1;
    internal const uint FUSE_IO_URING_CMD_COMMIT_AND_FETCH = 2;

    internal const int FUSE_MIN_READ_BUFFER = 8192;

    internal const uint FUSE_DEV_IOC_CLONE = 0x8004E500; // _IOR(229, 0, uint32_t), Linux 4.2
}
