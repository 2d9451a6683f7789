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

    [LoggerMessage(5, LogLevel.Error, "while the view ended")]
    public static partial void EndFailed(ILogger logger, Exception exception);
}
