namespace BpfFs.Command;

/// <summary>What the process ends with; each has its line in <c>--help</c>.</summary>
internal enum ExitCode
{
    /// <summary>Mounted (in the background), ended cleanly (in the foreground), or done.</summary>
    Ok = 0,

    /// <summary>None of the others: a failure that was not foreseen.</summary>
    Failed = 1,

    /// <summary>The command line is wrong.</summary>
    Usage = 2,

    /// <summary>Root's privileges are missing.</summary>
    NotPermitted = 3,

    /// <summary>The kernel lacks something, or refused a BPF program.</summary>
    KernelLacks = 4,

    /// <summary>The directory cannot be mounted on.</summary>
    MountFailed = 5,

    /// <summary>The pins cannot be made or removed.</summary>
    PinFailed = 6,

    /// <summary>check: the view works, but the kernel lacks or refuses something that it would show.</summary>
    Incomplete = 7,
}

/// <summary>The texts of <see cref="ExitCode"/>.</summary>
internal static class ExitCodes
{
    public static IReadOnlyList<(ExitCode Code, string Meaning)> Rows { get; } =
    [
        (ExitCode.Ok, "mounted, or ended cleanly, or done; check: everything works"),
        (ExitCode.Failed, "failed for a reason not listed here"),
        (ExitCode.Usage, "wrong usage: unknown option, bad value"),
        (ExitCode.NotPermitted, "not permitted: needs root (CAP_SYS_ADMIN)"),
        (ExitCode.KernelLacks, "the kernel lacks something (BTF, FUSE, an iterator) or refused a program"),
        (ExitCode.MountFailed, "the directory is missing, not empty, or already mounted on"),
        (ExitCode.PinFailed, "the pin directory is not on a bpffs or not writable"),
        (ExitCode.Incomplete, "check: the view works, but this kernel lacks or refuses a part of it"),
    ];
}
