using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>Mounts: as the one who starts the server, or as the server.</summary>
internal static class MountCommand
{
    public static int Run(MountSettings settings, ILogger logger)
    {
        if (Launcher.Own == Launcher.Part.Starter) return Start(settings, logger);
        using var signals = new StopSignals();
        new Server(settings, logger).RunAsync(signals).GetAwaiter().GetResult();
        return (int)ExitCode.Ok;
    }

    private static int Start(MountSettings settings, ILogger logger)
    {
        PinCommands.RequirePrivileges("mount", settings.Directory);
        int errno = Privileges.Reduce(settings.Directory);
        if (errno != 0) Log.BoundingSet(logger, Marshal.GetPInvokeErrorMessage(errno));
        Launcher.RestoreSignals();
        if (!settings.Foreground) return Launcher.StartInBackground();
        Launcher.BecomeServer();
        return (int)ExitCode.Failed;
    }
}
