using System.Globalization;
using Fuse;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>One option, as mount(8) passes it and as the command line has it.</summary>
/// <param name="MountName">After <c>-o</c>.</param>
/// <param name="LongName">With two hyphens; null: only after <c>-o</c>.</param>
/// <param name="Value">What its value is called; null: it takes none.</param>
/// <param name="Help">One line; empty: not shown.</param>
/// <param name="Apply">Takes the value (empty if there is none); gives what is wrong with it, or null.</param>
internal sealed record OptionRow(string MountName, string? LongName, string? Value, string Help, Func<MountSettings, string, string?> Apply)
{
    /// <summary>The values there are, for completion; null: any.</summary>
    public IReadOnlyList<string>? Choices { get; init; }
}

/// <summary>Every option that says how to mount.</summary>
internal static class OptionTable
{
    /// <summary>The levels of <c>--log-level</c>.</summary>
    private static readonly (string Name, LogLevel Level)[] s_levels =
    [
        ("trace", LogLevel.Trace), ("debug", LogLevel.Debug), ("info", LogLevel.Information), ("warning", LogLevel.Warning),
        ("error", LogLevel.Error), ("none", LogLevel.None),
    ];

    private const string Subset = "subset";

    private static string LevelNames => string.Join(", ", s_levels.Select(l => l.Name));

    public static IReadOnlyList<OptionRow> Rows { get; } =
    [
        new("gid", "--gid", "GROUP", "group (name or number) that may read what names processes; default: 0", ApplyGroup),
        new("hidepids", "--hide-pids", null, "what names processes is for root alone, and not there for others", (s, _) => Done(s.HidesPids = true)),
        new("pin_dir", "--pin-dir", "DIR", $"where on a bpffs to pin; default: {MountSettings.DefaultPinDirectory}", ApplyPinDirectory),
        new("keep_pins", "--keep-pins", null, "leave the pins when the view ends", (s, _) => Done(s.KeepPins = true)),
        new("nopin", "--no-pins", null, "pin nothing", (s, _) => Done(s.WithPins = false)),
        new("iterators", "--iterators", "DIR", $"where compiled iterators are that become files in iter/; default: {MountSettings.DefaultIteratorDirectory}", ApplyIteratorDirectory),
        new(Subset, "--subset", "PARTS", "only these parts: names in the root, separated by commas", ApplySubset),
        new("stats", "--stats", null, "have the kernel count runs and run time as long as the view is mounted", (s, _) => Done(s.WithStats = true)),
        new("metrics_limit", "--metrics-limit", "N", $"objects of each kind in metrics/bpf.prom; default: {Metrics.MetricsFile.DefaultLimit}", ApplyMetricsLimit),
        new("workers", "--workers", "N", "threads that serve requests of /dev/fuse, of which a user has one fewer at a time; default: one more than processors, at most 17", ApplyWorkers),
        new("io_uring", "--io-uring", "WHEN", "requests over io_uring: on (or fail), off, auto: if the kernel offers it; default: auto", ApplyIoUring) { Choices = ["auto", "on", "off"] },
        new("keeper", "--keeper", "WHEN", "a second process that starts the server anew if it is killed, readers unharmed: on, off, auto: in the background; default: auto", ApplyKeeper) { Choices = ["auto", "on", "off"] },
        new("seccomp", "--seccomp", "WHEN", "refuse the server every system call that it does not need: on (or fail), off, auto: if the kernel can; default: auto", ApplySeccomp) { Choices = ["auto", "on", "off"] },
        new("log_level", "--log-level", "LEVEL", $"{LevelNames}; default: info with -f, else warning", ApplyLogLevel) { Choices = [.. s_levels.Select(l => l.Name)] },
        new("kernel_btf", "--kernel-btf", "FILE", "", (s, value) => Done(s.KernelBtf = value)), // for tests: a kernel without BTF
        new("fsname", null, "NAME", "source to show in /proc/mounts; default: bpffs-view, or SOURCE", (s, value) => Done(s.Source = value)),
        new("noexec", null, null, "no execution", (s, _) => Done(s.NoExec = true)),
        new("noatime", null, null, "no times of access", (s, _) => Done(s.NoAtime = true)),
    ];

    /// <summary>
    /// What mount(8), mount.fuse and fstab may say and what changes nothing: it holds in any case (ro, nosuid, nodev: mount(8) passes rw, and
    /// mount.fuse dev and suid, when nobody asked), or is for the one who calls us.
    /// </summary>
    private static readonly HashSet<string> s_ignored =
    [
        "ro", "rw", "suid", "nosuid", "dev", "nodev", "exec", "allow_other", "default_permissions", "subtype",
        "atime", "diratime", "nodiratime", "relatime", "norelatime", "strictatime", "nostrictatime", "lazytime", "nolazytime",
        "sync", "async", "dirsync", "silent", "loud", "mand", "nomand", "iversion", "noiversion",
        "defaults", "auto", "noauto", "user", "users", "nouser", "owner", "noowner", "group", "nogroup", "nofail", "_netdev", "comment",
    ];

    /// <summary>Applies the argument of one <c>-o</c>: names and values, separated by commas.</summary>
    /// <param name="settings">To change.</param>
    /// <param name="text">As given.</param>
    /// <param name="sloppy">mount -s: unknown options are ignored.</param>
    /// <exception cref="CommandException">An option is unknown, or its value is wrong.</exception>
    public static void ApplyMountOptions(MountSettings settings, string text, bool sloppy)
    {
        bool inSubset = false;
        foreach (string option in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            int equals = option.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? option : option[..equals];
            if (Rows.FirstOrDefault(row => row.MountName == name) is { } row)
            {
                inSubset = name == Subset;
                Apply(settings, row, $"-o {name}", equals < 0 ? null : option[(equals + 1)..]);
            }
            else if (inSubset && equals < 0 && !s_ignored.Contains(name))
            {
                ApplySubset(settings, name); // subset=progs,maps: the comma separates options, too
            }
            else if (!sloppy && !s_ignored.Contains(name) && !name.StartsWith("x-", StringComparison.OrdinalIgnoreCase))
            {
                throw new CommandException(ExitCode.Usage, $"-o {name}: unknown option");
            }
        }
    }

    /// <summary>Applies one option.</summary>
    /// <param name="settings">To change.</param>
    /// <param name="row">The option.</param>
    /// <param name="shown">Its name, as it was given.</param>
    /// <param name="value">Null: without one.</param>
    /// <exception cref="CommandException">The value is wrong.</exception>
    public static void Apply(MountSettings settings, OptionRow row, string shown, string? value)
    {
        string? wrong = row.Value is null
            ? value is null ? row.Apply(settings, "") : "takes no value"
            : string.IsNullOrEmpty(value) ? $"needs a value: {row.Value}" : row.Apply(settings, value);
        if (wrong is not null) throw new CommandException(ExitCode.Usage, $"{shown}{(string.IsNullOrEmpty(value) ? "" : " " + value)}: {wrong}");
    }

    private static string? Done(object? _) => null;

    private static string? ApplyGroup(MountSettings settings, string value)
    {
        if (uint.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out uint gid) && gid != uint.MaxValue)
        {
            settings.Gid = gid;
            return null;
        }
        if (Groups.Find(value) is not { } found) return "no such group";
        settings.Gid = found;
        return null;
    }

    private static string? ApplyPinDirectory(MountSettings settings, string value)
    {
        if (!Path.IsPathFullyQualified(value)) return "the path must be absolute";
        settings.PinDirectory = value.Length > 1 ? value.TrimEnd('/') : value;
        return null;
    }

    private static string? ApplyIteratorDirectory(MountSettings settings, string value)
    {
        if (!Path.IsPathFullyQualified(value)) return "the path must be absolute";
        settings.IteratorDirectory = value.Length > 1 ? value.TrimEnd('/') : value;
        return null;
    }

    /// <summary>Which names there are, the table tells when it is made.</summary>
    private static string? ApplySubset(MountSettings settings, string value)
    {
        settings.Subset.AddRange(value.Trim('"').Split([',', ':'], StringSplitOptions.RemoveEmptyEntries));
        return null;
    }

    private static string? ApplyMetricsLimit(MountSettings settings, string value)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) || limit > 1_000_000) return "not a number from 0 to 1000000";
        settings.MetricsLimit = limit;
        return null;
    }

    private static string? ApplyWorkers(MountSettings settings, string value)
    {
        if (!int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int workers)) workers = 0;
        if (workers is < 1 or > 256) return "not a number from 1 to 256";
        settings.Workers = workers;
        return null;
    }

    private static string? ApplyIoUring(MountSettings settings, string value)
    {
        IoUring? found = value switch { "auto" => IoUring.Auto, "on" => IoUring.On, "off" => IoUring.Off, _ => null };
        settings.IoUring = found ?? settings.IoUring;
        return found is null ? "not one of auto, on, off" : null;
    }

    private static string? ApplyKeeper(MountSettings settings, string value)
    {
        Keeping? found = value switch { "auto" => Keeping.Auto, "on" => Keeping.On, "off" => Keeping.Off, _ => null };
        settings.Keeper = found ?? settings.Keeper;
        return found is null ? "not one of auto, on, off" : null;
    }

    private static string? ApplySeccomp(MountSettings settings, string value)
    {
        Filtering? found = value switch { "auto" => Filtering.Auto, "on" => Filtering.On, "off" => Filtering.Off, _ => null };
        settings.Seccomp = found ?? settings.Seccomp;
        return found is null ? "not one of auto, on, off" : null;
    }

    private static string? ApplyLogLevel(MountSettings settings, string value)
    {
        foreach ((string name, LogLevel level) in s_levels)
        {
            if (name != value) continue;
            settings.LogLevel = level;
            return null;
        }
        return $"not one of {LevelNames}";
    }
}
