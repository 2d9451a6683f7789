using Microsoft.Extensions.Logging;

namespace Iterators;

/// <summary>Every message of this library.</summary>
internal static partial class Log
{
    // libbpf's warnings are Debug here: the exception carries them, and most are about features that are probed for.
    [LoggerMessage(EventId = 1, Message = "{Line}")]
    public static partial void LibBpf(ILogger logger, LogLevel level, string line);

    [LoggerMessage(2, LogLevel.Debug, "loaded {Programs} programs in {Milliseconds} ms with libbpf {Version}")]
    public static partial void Loaded(ILogger logger, int programs, long milliseconds, string version);

    [LoggerMessage(3, LogLevel.Warning, "iterator {Program} left out: this kernel has no target {Target} (since Linux {Since})")]
    public static partial void TargetMissing(ILogger logger, string program, string target, string since);

    [LoggerMessage(26, LogLevel.Warning, "{Restriction}: objects are what bpf(2) tells of them, and what it does not tell is missing")]
    public static partial void Forbidden(ILogger logger, string restriction);

    [LoggerMessage(4, LogLevel.Information, "mounted a bpffs at {Path}")]
    public static partial void MountedBpffs(ILogger logger, string path);

    [LoggerMessage(5, LogLevel.Debug, "pinned {Name} at {Path}")]
    public static partial void Pinned(ILogger logger, string name, string path);

    [LoggerMessage(6, LogLevel.Warning, "unlink {Path}: {Error}")]
    public static partial void UnpinFailed(ILogger logger, string path, string error);

    [LoggerMessage(21, LogLevel.Warning, "attachments are shown without what only the kernel's structures tell: {Cause}")]
    public static partial void AttachNotLoaded(ILogger logger, string cause);

    [LoggerMessage(30, LogLevel.Information, "net/{File} left out: this kernel has no target {Target} (since Linux {Since}, where it is configured)")]
    public static partial void NetMissing(ILogger logger, string file, string target, string since);

    [LoggerMessage(31, LogLevel.Warning, "sockets are not shown: {Cause}")]
    public static partial void NetNotLoaded(ILogger logger, string cause);

    [LoggerMessage(20, LogLevel.Warning, "programs' code is shown without machine code and names of calls: {Cause}")]
    public static partial void CodeNotLoaded(ILogger logger, string cause);

    [LoggerMessage(21, LogLevel.Debug, "loaded {Object} in {Milliseconds} ms")]
    public static partial void LoadedObject(ILogger logger, string @object, long milliseconds);

    [LoggerMessage(22, LogLevel.Warning, "{Cause}")]
    public static partial void ObjectNotLoaded(ILogger logger, string cause);

    [LoggerMessage(23, LogLevel.Information, "loaded iterators of {Path}: {Programs}")]
    public static partial void LoadedUserObject(ILogger logger, string path, string programs);

    [LoggerMessage(24, LogLevel.Warning, "{Path}: {Cause}")]
    public static partial void UserObjectRefused(ILogger logger, string path, string cause);

    [LoggerMessage(25, LogLevel.Information, "unloaded iterators of {Path}")]
    public static partial void UnloadedUserObject(ILogger logger, string path);
}
