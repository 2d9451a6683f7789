using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>The one table of opcodes.</summary>
internal static unsafe class OpcodeTable
{
    /// <summary>Numbers below this have a row of their own in the counters; anything above is counted as <see cref="Unknown"/>.</summary>
    internal const int Size = 64;

    internal const int OpenCode = 14;
    internal const int ReadCode = 15;
    internal const int InterruptCode = 36;

    private static readonly Handler s_readOnly = static (_, ref _) => EROFS;

    // fs/fuse takes ENOSYS as "never ask again": xattrs then read as EOPNOTSUPP, fsync as success, poll as always ready, locks as local.
    private static readonly Handler s_neverAskAgain = static (_, ref _) => ENOSYS;

    internal static readonly Opcode Unknown = new(0, "UNKNOWN", 0, s_neverAskAgain);

    private static readonly Opcode[] s_all =
    [
        new(1, "LOOKUP", 2, NodeHandlers.Lookup, TakesTurns: true),
        new(2, "FORGET", sizeof(fuse_forget_in), NodeHandlers.Forget, HasReply: false),
        new(3, "GETATTR", sizeof(fuse_getattr_in), NodeHandlers.GetAttr, TakesTurns: true),
        new(4, "SETATTR", 0, s_readOnly),
        new(5, "READLINK", 0, NodeHandlers.ReadLink, TakesTurns: true),
        new(6, "SYMLINK", 0, s_readOnly),
        new(8, "MKNOD", 0, s_readOnly),
        new(9, "MKDIR", 0, s_readOnly),
        new(10, "UNLINK", 0, s_readOnly),
        new(11, "RMDIR", 0, s_readOnly),
        new(12, "RENAME", 0, s_readOnly),
        new(13, "LINK", 0, s_readOnly),
        new(OpenCode, "OPEN", sizeof(fuse_open_in), FileHandlers.Open, TakesTurns: true),
        new(ReadCode, "READ", sizeof(fuse_read_in), FileHandlers.Read, TakesTurns: true),
        new(16, "WRITE", 0, s_readOnly),
        new(17, "STATFS", 0, NodeHandlers.StatFs, TakesTurns: true),
        new(18, "RELEASE", sizeof(fuse_release_in), FileHandlers.Release),
        new(20, "FSYNC", 0, s_neverAskAgain),
        new(21, "SETXATTR", 0, s_readOnly),
        new(22, "GETXATTR", 0, s_neverAskAgain),
        new(23, "LISTXATTR", 0, s_neverAskAgain),
        new(24, "REMOVEXATTR", 0, s_readOnly),
        new(25, "FLUSH", sizeof(fuse_flush_in), FileHandlers.Flush),
        new(26, "INIT", 2 * sizeof(uint), ControlHandlers.Init),
        new(27, "OPENDIR", sizeof(fuse_open_in), DirectoryHandlers.OpenDir, TakesTurns: true),
        new(28, "READDIR", sizeof(fuse_read_in), DirectoryHandlers.ReadDir, TakesTurns: true),
        new(29, "RELEASEDIR", sizeof(fuse_release_in), DirectoryHandlers.ReleaseDir),
        new(30, "FSYNCDIR", 0, s_neverAskAgain),
        new(31, "GETLK", 0, s_neverAskAgain),
        new(32, "SETLK", 0, s_neverAskAgain),
        new(33, "SETLKW", 0, s_neverAskAgain),
        new(34, "ACCESS", sizeof(fuse_access_in), NodeHandlers.Access),
        new(35, "CREATE", 0, s_readOnly),
        new(InterruptCode, "INTERRUPT", sizeof(fuse_interrupt_in), ControlHandlers.Interrupt),
        new(37, "BMAP", 0, s_neverAskAgain),
        new(38, "DESTROY", 0, ControlHandlers.Destroy),
        new(39, "IOCTL", 0, static (_, ref _) => ENOTTY),
        new(40, "POLL", 0, s_neverAskAgain),
        new(41, "NOTIFY_REPLY", 0, static (_, ref _) => 0, HasReply: false),
        new(42, "BATCH_FORGET", sizeof(fuse_batch_forget_in), NodeHandlers.BatchForget, HasReply: false),
        new(43, "FALLOCATE", 0, s_readOnly),
        new(44, "READDIRPLUS", sizeof(fuse_read_in), DirectoryHandlers.ReadDirPlus, TakesTurns: true),
        new(45, "RENAME2", 0, s_readOnly),
        new(46, "LSEEK", sizeof(fuse_lseek_in), FileHandlers.LSeek),
        new(47, "COPY_FILE_RANGE", 0, s_readOnly),
        new(48, "SETUPMAPPING", 0, s_readOnly),
        new(49, "REMOVEMAPPING", 0, s_neverAskAgain),
        new(50, "SYNCFS", 0, s_neverAskAgain),
        new(51, "TMPFILE", 0, s_readOnly),
        new(52, "STATX", sizeof(fuse_statx_in), NodeHandlers.StatX, TakesTurns: true), // Linux 6.6; asked when somebody wants a birth time
        new(53, "COPY_FILE_RANGE_64", 0, s_readOnly), // Linux 6.18
    ];

    private static readonly Opcode[] s_byCode = ByCode();

    internal static IReadOnlyList<Opcode> All => s_all;

    internal static Opcode Of(uint code) => code < Size ? s_byCode[code] : Unknown;

    private static Opcode[] ByCode()
    {
        Opcode[] byCode = new Opcode[Size];
        Array.Fill(byCode, Unknown);
        foreach (Opcode opcode in s_all) byCode[opcode.Code] = opcode;
        return byCode;
    }
}
