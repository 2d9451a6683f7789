using Microsoft.Extensions.Logging;

namespace Iterators;

/// <summary>Every message of this library.</summary>
internal static partial class Log
{
    // libbpf's warnings are Debug here: the exception carries them, and most are about features that are probed for.
    [LoggerMessage(EventId = 1, Message = "{Line}")]
    public static partial void LibBpf(ILogger logger, LogLevel level, string line);

    [LoggerMessage(4, LogLevel.Information, "mounted a bpffs at {Path}")]
    public static partial void MountedBpffs(ILogger logger, string path);

    [LoggerMessage(5, LogLevel.Debug, "pinned {Name} at {Path}")]
    public static partial void Pinned(ILogger logger, string name, string path);

    [LoggerMessage(6, LogLevel.Warning, "unlink {Path}: {Error}")]
    public static partial void UnpinFailed(ILogger logger, string path, string error);

    [LoggerMessage(2, LogLevel.Debug, "loaded {Programs} programs of {Object} in {Milliseconds} ms")]
    public static partial void LoadedObject(ILogger logger, string @object, int programs, long milliseconds);

    [LoggerMessage(EventId = 3, Message = "BPF programs that this kernel refuses: {Programs} (causes: status, bpffs-view check)")]
    public static partial void ProgramsMissing(ILogger logger, LogLevel level, string programs);

    [LoggerMessage(22, LogLevel.Warning, "{Cause}")]
    public static partial void ObjectNotLoaded(ILogger logger, string cause);

    [LoggerMessage(23, LogLevel.Information, "loaded iterators of {Path}: {Programs}")]
    public static partial void LoadedUserObject(ILogger logger, string path, string programs);

    [LoggerMessage(24, LogLevel.Warning, "{Path}: {Cause}")]
    public static partial void UserObjectRefused(ILogger logger, string path, string cause);

    [LoggerMessage(25, LogLevel.Information, "unloaded iterators of {Path}")]
    public static partial void UnloadedUserObject(ILogger logger, string path);
}
