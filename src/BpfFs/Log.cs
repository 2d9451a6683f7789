using Microsoft.Extensions.Logging;

namespace BpfFs;

/// <summary>Every message of the view and the command line.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "{Path}: {Cause}")]
    public static partial void ReadFailed(ILogger logger, string path, string cause);

    [LoggerMessage(2, LogLevel.Information, "mounted at {MountPoint}, pins in {PinDirectory}")]
    public static partial void Mounted(ILogger logger, string mountPoint, string pinDirectory);

    [LoggerMessage(3, LogLevel.Information, "unmounted {MountPoint}")]
    public static partial void Unmounted(ILogger logger, string mountPoint);

    [LoggerMessage(4, LogLevel.Information, "{Signal}: unmounting {MountPoint}")]
    public static partial void Signalled(ILogger logger, string signal, string mountPoint);
}
