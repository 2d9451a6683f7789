using System.Runtime.InteropServices;
using Fuse;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>Mounts: as the one who starts the server, or as the server.</summary>
internal static class MountCommand
{
    public static int Run(MountSettings settings, ILogger logger)
    {
        Privileges.RaiseDescriptorLimit();
        switch (Launcher.Own)
        {
            case Launcher.Part.Starter:
                return Start(settings, logger);
            case Launcher.Part.BackgroundKeeper or Launcher.Part.ForegroundKeeper:
                return new Keeper(settings.Directory, logger).Run();
        }
        using var signals = new StopSignals();
        new Server(settings, logger).RunAsync(signals).GetAwaiter().GetResult();
        return (int)ExitCode.Ok;
    }

    private static int Start(MountSettings settings, ILogger logger)
    {
        if (settings is { Keeper: Keeping.On, IoUring: IoUring.On })
        {
            throw new CommandException(ExitCode.Usage, "--keeper on, --io-uring on: requests over io_uring cannot be sent again, so no keeper can save them");
        }
        PinCommands.RequirePrivileges("mount", settings.Directory);
        Privileges.LiftMemoryLimit();
        int errno = Privileges.Reduce(settings.Directory);
        if (errno != 0) Log.BoundingSet(logger, Marshal.GetPInvokeErrorMessage(errno));
        Launcher.RestoreSignals();
        if (!settings.Foreground) return Launcher.StartInBackground(settings.WantsKeeper);
        Launcher.BecomeServer(settings.WantsKeeper);
        return (int)ExitCode.Failed;
    }
}
