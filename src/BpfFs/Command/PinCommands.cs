using Iterators;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>The seed's way: pinned iterators that need no process. <c>rm</c> does what <c>unpin</c> does.</summary>
internal static class PinCommands
{
    public static void Pin(MountSettings settings, TextWriter output, ILogger logger)
    {
        RequirePrivileges("pin", settings.PinDirectory);
        KernelBtf.Require(settings.KernelBtf);
        try
        {
            using IteratorSet iterators = IteratorSet.Load(new IteratorSetOptions { KernelBtf = settings.KernelBtf, PinsOnly = true }, logger);
            Pin(iterators, settings.PinDirectory, output, logger);
            iterators.ReportMissing();
        }
        catch (BpfException e)
        {
            throw CommandException.Load(e);
        }
    }

    public static void Unpin(MountSettings settings, TextWriter output, ILogger logger)
    {
        try
        {
            foreach (string path in Pins.RemoveFrom(settings.PinDirectory, logger)) output.WriteLine(path);
        }
        catch (BpfException e)
        {
            throw CommandException.Pin(e);
        }
    }

    /// <exception cref="CommandException">Neither root nor given what it needs.</exception>
    public static void RequirePrivileges(string operation, string @object)
    {
        if (Privileges.Has(Privileges.CAP_SYS_ADMIN)) return;
        throw new CommandException(ExitCode.NotPermitted, $"{operation} {@object}: not permitted without CAP_SYS_ADMIN (run it as root)");
    }

    private static void Pin(IteratorSet iterators, string directory, TextWriter output, ILogger logger)
    {
        try
        {
            foreach (string path in Pins.Create(iterators, directory, logger).Paths) output.WriteLine(path);
        }
        catch (BpfException e)
        {
            throw CommandException.Pin(e);
        }
    }
}
