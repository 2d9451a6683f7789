using Fuse;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Command;

/// <summary>Ends the command: the message is <c>operation object: cause</c>, the code is the process's.</summary>
internal sealed class CommandException(ExitCode code, string message, string detail = "") : Exception(message)
{
    public ExitCode Code { get; } = code;

    /// <summary>More lines for a person: what the verifier said.</summary>
    public string Detail { get; } = detail;

    /// <summary>A program could not be loaded or attached.</summary>
    public static CommandException Load(BpfException e) => e.Errno == EPERM
        ? new CommandException(ExitCode.NotPermitted, e.Message)
        : new CommandException(ExitCode.KernelLacks, e.Message, e.Detail);

    /// <summary>The pins could not be made or removed.</summary>
    public static CommandException Pin(BpfException e) => new(ExitCode.PinFailed, e.Message);

    /// <summary>The mount was refused.</summary>
    public static CommandException Mount(FuseException e)
    {
        bool isDevice = e.Object == "/dev/fuse";
        ExitCode code = e.Errno == EPERM || (isDevice && e.Errno == EACCES) ? ExitCode.NotPermitted
            : isDevice || e.Errno == EPROTO || e.Errno == ENODEV || e.Errno == EOPNOTSUPP ? ExitCode.KernelLacks
            : ExitCode.MountFailed;
        return new CommandException(code, e.Message);
    }
}
