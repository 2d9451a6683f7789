using Fuse;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>Whether a server that is killed gets a successor.</summary>
internal enum Keeping
{
    /// <summary>In the background, and as a service.</summary>
    Auto,
    On,
    Off,
}

/// <summary>Whether the server refuses itself system calls.</summary>
internal enum Filtering
{
    /// <summary>If the kernel can.</summary>
    Auto,
    On,
    Off,
}

/// <summary>What the command line asks for.</summary>
internal sealed class MountSettings
{
    public const string DefaultPinDirectory = "/sys/fs/bpf/bpffs-view";

    public const string DefaultIteratorDirectory = "/etc/bpffs-view/iterators.d";

    /// <summary>Shown by findmnt as <c>fuse.SUBTYPE</c>; a mount of this type counts as ours.</summary>
    public const string Subtype = "bpffs-view";

    private string? _source;

    /// <summary>As it was given; the mount makes it absolute.</summary>
    public string Directory { get; set; } = "";

    /// <summary>The first column of /proc/mounts.</summary>
    public string Source
    {
        get => _source ?? "bpffs-view";
        set => _source = value;
    }

    /// <summary>Whether <see cref="Source"/> was given.</summary>
    public bool HasSource => _source is not null;

    /// <summary>The group that reads what names processes.</summary>
    public uint Gid { get; set; }

    /// <summary>What names processes is for root alone.</summary>
    public bool HidesPids { get; set; }

    public string PinDirectory { get; set; } = DefaultPinDirectory;

    public bool WithPins { get; set; } = true;

    public bool KeepPins { get; set; }

    /// <summary>Runs are counted as long as it is mounted; else only while somebody has a file open that shows them.</summary>
    public bool WithStats { get; set; }

    /// <summary>How many objects of a kind metrics/bpf.prom has at most.</summary>
    public int MetricsLimit { get; set; } = Metrics.MetricsFile.DefaultLimit;

    /// <summary>0: the FUSE server decides.</summary>
    public int Workers { get; set; }

    /// <summary>Whether requests may come over io_uring.</summary>
    public IoUring IoUring { get; set; }

    public bool NoExec { get; set; }

    public bool NoAtime { get; set; }

    public bool Foreground { get; set; }

    /// <summary>Where compiled iterators are that become files.</summary>
    public string IteratorDirectory { get; set; } = DefaultIteratorDirectory;

    /// <summary>The parts of the view to show; empty: all.</summary>
    public List<string> Subset { get; } = [];

    /// <summary>Whether a process of its own holds the connection to the kernel.</summary>
    public Keeping Keeper { get; set; }

    /// <summary>
    /// A keeper, as far as this is ours to decide: by default in the background and as a service; not where io_uring was asked for.
    /// </summary>
    public bool WantsKeeper => Keeper == Keeping.On || (Keeper == Keeping.Auto && (!Foreground || ServiceManager.IsThere) && IoUring != IoUring.On);

    public Filtering Seccomp { get; set; }

    /// <summary>A BTF file to take for the kernel's; null: the kernel's.</summary>
    public string? KernelBtf { get; set; }

    /// <summary>
    /// For tests: programs that the kernel is given broken, so that it refuses them, by their names, or <c>all</c>. From the environment, as no user has a reason to want it.
    /// </summary>
    public static IReadOnlyCollection<string> Broken { get; } = Environment.GetEnvironmentVariable("BPFFS_VIEW_BREAK") switch
    {
        null or "" => [],
        "all" => [.. Iterators.BpfPrograms.Rows.Select(row => row.Name)],
        string names => names.Split(','),
    };

    /// <summary>Null: not given.</summary>
    public LogLevel? LogLevel { get; set; }
}
