using System.Diagnostics;
using System.Globalization;
using Fuse;

namespace BpfFs.Command;

/// <summary>Replaces the server of a view by one of the program as it is now on disk, while it is read.</summary>
internal static class ReloadCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private const int FailedReloads = 2; // PID, N restarts, N failed reloads

    /// <exception cref="CommandException">There is no view, or it has no keeper, or the new server could not start: then the old one goes on.</exception>
    public static void Run(string directory)
    {
        PinCommands.RequirePrivileges("reload", directory);
        if (MountPoints.StateOf(directory, MountSettings.Subtype) != MountPointState.Live) throw new CommandException(ExitCode.Failed, $"reload {directory}: no view of root's is mounted there");
        int before = Number(directory, "server");
        int keeper = Number(directory, "keeper");
        int failed = Number(directory, "keeper", FailedReloads);
        if (keeper <= 0) throw new CommandException(ExitCode.Failed, $"reload {directory}: it has no keeper");
        if (failed < 0) throw new CommandException(ExitCode.Failed, $"reload {directory}: this kernel cannot send requests again (Linux 6.9 can): unmount and mount again");
        using (OwnProcess process = OwnProcess.Open(keeper, out string? reason) ?? throw new CommandException(ExitCode.Failed, $"reload {directory}: the keeper {keeper}: {reason}"))
        {
            int errno = process.Signal(KeeperSignals.Reload);
            if (errno != 0) throw new CommandException(ExitCode.Failed, $"reload {directory}: the keeper {keeper}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)}");
        }
        long start = Stopwatch.GetTimestamp();
        while (Number(directory, "server") == before)
        {
            bool hasFailed = Number(directory, "keeper", FailedReloads) != failed;
            if (hasFailed || Stopwatch.GetElapsedTime(start) > s_patience) throw new CommandException(ExitCode.Failed, $"reload {directory}: the new server did not start; the old one goes on");
            Thread.Sleep(20);
        }
    }

    /// <summary>A number of a line of the status file that has several with commas between; -1: there is none.</summary>
    private static int Number(string directory, string key, int place = 0)
    {
        foreach (string line in File.ReadLines(Path.Combine(directory, "status")))
        {
            if (!line.StartsWith(key + ":\t", StringComparison.Ordinal)) continue;
            string[] parts = line[(key.Length + 2)..].Split(',', StringSplitOptions.TrimEntries);
            string digits = place < parts.Length ? new([.. parts[place].TakeWhile(char.IsAsciiDigit)]) : "";
            return int.TryParse(digits, CultureInfo.InvariantCulture, out int number) ? number : -1;
        }
        return -1;
    }
}
