using Microsoft.Extensions.Logging;

namespace BpfFs;

/// <summary>Every message of the view and the command line.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "{Path}: {Cause}")]
    public static partial void ReadFailed(ILogger logger, string path, string cause);

    [LoggerMessage(2, LogLevel.Information, "pins are in {PinDirectory}")]
    public static partial void Pinned(ILogger logger, string pinDirectory);

    [LoggerMessage(3, LogLevel.Information, "{Signal}: unmounting {MountPoint}")]
    public static partial void Signalled(ILogger logger, string signal, string mountPoint);

    [LoggerMessage(4, LogLevel.Debug, "the bounding set stays as it is: {Cause}")]
    public static partial void BoundingSet(ILogger logger, string cause);

    [LoggerMessage(6, LogLevel.Warning, "{MountPoint}: the server {Cause}; a new one starts")]
    public static partial void ServerEnded(ILogger logger, string mountPoint, string cause);

    [LoggerMessage(7, LogLevel.Error, "{MountPoint}: the server {Cause}, {Times} times in a row; the next one starts in {Seconds} s")]
    public static partial void ServerKeepsEnding(ILogger logger, string mountPoint, string cause, int times, double seconds);

    [LoggerMessage(8, LogLevel.Error, "start server: {Cause}")]
    public static partial void StartFailed(ILogger logger, string cause);

    [LoggerMessage(9, LogLevel.Information, "{MountPoint}: a new server takes over")]
    public static partial void Reloaded(ILogger logger, string mountPoint);

    [LoggerMessage(10, LogLevel.Error, "{MountPoint}: reload: the new server {Cause}; the old one goes on")]
    public static partial void ReloadFailed(ILogger logger, string mountPoint, string cause);

    [LoggerMessage(11, LogLevel.Error, "{MountPoint}: mounted anew, and open files fail: what the server before left cannot be taken over: {Cause}")]
    public static partial void NotAdopted(ILogger logger, string mountPoint, string cause);

    [LoggerMessage(12, LogLevel.Warning, "if the server is killed, its readers fail: no memory file: {Cause}")]
    public static partial void NoMemory(ILogger logger, string cause);

    [LoggerMessage(13, LogLevel.Error, "the view is without pins: {Cause}")]
    public static partial void NotPinned(ILogger logger, string cause);

    [LoggerMessage(5, LogLevel.Error, "while the view ended")]
    public static partial void EndFailed(ILogger logger, Exception exception);

    [LoggerMessage(14, LogLevel.Warning, "systemd is not told that the view is ready: {Cause}")]
    public static partial void NotifyFailed(ILogger logger, string cause);

    [LoggerMessage(15, LogLevel.Error, "{MountPoint}: the server lives and does not answer; it is killed, and another one goes on")]
    public static partial void ServerStuck(ILogger logger, string mountPoint);
}
