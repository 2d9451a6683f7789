using Microsoft.Extensions.Logging;

namespace Fuse;

/// <summary>Every message this library logs.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Debug, "FUSE 7.{Minor} agreed (the kernel speaks 7.{KernelMinor}), flags {Flags:x}")]
    internal static partial void Initialized(ILogger logger, int kernelMinor, int minor, ulong flags);

    [LoggerMessage(2, LogLevel.Error, "the kernel speaks FUSE {Major}.{Minor}, at least 7.{OldestMinor} is needed (Linux 5.4)")]
    internal static partial void ProtocolTooOld(ILogger logger, uint major, uint minor, uint oldestMinor);

    [LoggerMessage(3, LogLevel.Error, "{Opcode} of node {Node:x} failed (request {Unique})")]
    internal static partial void HandlerFailed(ILogger logger, Exception exception, string opcode, ulong node, ulong unique);

    [LoggerMessage(4, LogLevel.Error, "{Opcode} of node {Node:x} returned {Errno}, which is no errno")]
    internal static partial void BadErrno(ILogger logger, string opcode, ulong node, int errno);

    [LoggerMessage(5, LogLevel.Error, "a request of {Length} bytes is shorter than its header")]
    internal static partial void TruncatedHeader(ILogger logger, int length);

    [LoggerMessage(6, LogLevel.Error, "reply to request {Unique} ({Length} bytes, errno {Errno}): {Reason}")]
    internal static partial void ReplyRefused(ILogger logger, ulong unique, int length, int errno, string reason);

    [LoggerMessage(7, LogLevel.Error, "read /dev/fuse: {Reason}")]
    internal static partial void ReadFailed(ILogger logger, string reason);

    [LoggerMessage(8, LogLevel.Information, "mounted on {MountPoint}, requests through {Transport}")]
    internal static partial void Mounted(ILogger logger, string mountPoint, string transport);

    [LoggerMessage(9, LogLevel.Information, "{MountPoint} is unmounted")]
    internal static partial void Unmounted(ILogger logger, string mountPoint);

    [LoggerMessage(10, LogLevel.Warning, "a dead mount stood on {MountPoint}; detached")]
    internal static partial void DetachedDead(ILogger logger, string mountPoint);

    [LoggerMessage(11, LogLevel.Debug, "all {Busy} workers wait inside the file system; one more started")]
    internal static partial void WorkerAdded(ILogger logger, int busy);

    [LoggerMessage(12, LogLevel.Warning, "all {Busy} workers wait inside the file system, and there may be no more")]
    internal static partial void WorkersExhausted(ILogger logger, int busy);

    [LoggerMessage(13, LogLevel.Warning, "{MountPoint}: still served after the unmount; it ends with its last user or this process")]
    internal static partial void StillServed(ILogger logger, string mountPoint);

    [LoggerMessage(14, LogLevel.Error, "no further worker thread")]
    internal static partial void NoThread(ILogger logger, Exception exception);

    [LoggerMessage(15, LogLevel.Warning, "{MountPoint} is busy; detached, and those still using it get errors")]
    internal static partial void Forced(ILogger logger, string mountPoint);

    [LoggerMessage(17, LogLevel.Error, "queue {Queue}: the kernel refuses an answer: {Reason}")]
    internal static partial void CommitRefused(ILogger logger, int queue, string reason);

    [LoggerMessage(18, LogLevel.Error, "queue {Queue} cannot be served any more: {Reason}; the connection ends")]
    internal static partial void QueueBroken(ILogger logger, int queue, string reason);

    [LoggerMessage(19, LogLevel.Warning, "no FUSE over io_uring, so through /dev/fuse: {Reason}")]
    internal static partial void NoRing(ILogger logger, string reason);

    [LoggerMessage(20, LogLevel.Warning, "{Directory} is locked by somebody else for long; mounting without waiting any longer")]
    internal static partial void NotLocked(ILogger logger, string directory);

    [LoggerMessage(21, LogLevel.Information, "went on with the mount on {MountPoint}")]
    internal static partial void Adopted(ILogger logger, string mountPoint);

    [LoggerMessage(16, LogLevel.Warning, "{MountPoint}: cannot abort the connection: {Reason}")]
    internal static partial void NoAbort(ILogger logger, string mountPoint, string reason);
}
