using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;

namespace BpfFs.Metrics;

/// <summary>What <c>metrics/bpf.prom</c> says of the view itself. Unlike the objects' part it allocates: a few lines, whatever the number of objects.</summary>
internal sealed class ViewFamilies : IDisposable
{
    private const string StatsSysctl = "/proc/sys/kernel/bpf_stats_enabled";

    private readonly Family _info = new("bpffs_view_info", MetricType.Gauge, "the view; always 1");
    private readonly Family _started = new("bpffs_view_start_time_seconds", MetricType.Gauge, "when the view began, since 1970");
    private readonly Family _counting = new("bpffs_view_counting_runs", MetricType.Gauge, "1: the kernel counts runs and run time, for the view or by sysctl; else the programs' counters stand still");
    private readonly Family _requests = new("bpffs_view_requests_total", MetricType.Counter, "FUSE requests answered");
    private readonly Family _refused = new("bpffs_view_refused_requests_total", MetricType.Counter, "FUSE requests answered with an errno, also for names that do not exist");
    private readonly Family _errors = new("bpffs_view_errors_total", MetricType.Counter, "reads that failed though the object is there; the status file has the last");
    private readonly Family _openFiles = new("bpffs_view_open_files", MetricType.Gauge, "files of the view that are open");
    private readonly Family _openDirectories = new("bpffs_view_open_directories", MetricType.Gauge, "directories of the view that are open");
    private readonly Family _memory = new("bpffs_view_resident_memory_bytes", MetricType.Gauge, "memory of the server");
    private readonly Family _cpu = new("bpffs_view_cpu_seconds_total", MetricType.Counter, "processor time of the server");
    private readonly TextBuffer _labels = new();
    private Family[]? _all;

    public Family[] All => _all ??= [_info, _started, _counting, _requests, _refused, _errors, _openFiles, _openDirectories, _memory, _cpu];

    public void Add(ViewContext context)
    {
        _labels.Clear();
        _labels.Append((byte)'{');
        Label.Append("version"u8, System.Text.Encoding.UTF8.GetBytes(Readme.Version), _labels);
        _info.Add(1, _labels.Written);
        _started.Add(context.StartTime / 1_000_000_000);
        _counting.Add(context.RunStats.IsHeld || IsSysctlSet() ? 1 : 0);
        _errors.Add(context.Errors.Count);
        _memory.Add(Environment.WorkingSet);
        Append(_cpu, (ulong)Environment.CpuUsage.TotalTime.Ticks, decimals: 7);
        if (context.Server?.Invoke() is not { } server) return;
        _openFiles.Add(server.OpenFiles);
        _openDirectories.Add(server.OpenDirectories);
        foreach ((string name, long requests, long errors) in server.Counts)
        {
            _labels.Clear();
            _labels.Append((byte)'{');
            Label.Append("op"u8, System.Text.Encoding.UTF8.GetBytes(name.ToLowerInvariant()), _labels);
            _requests.Add(requests, _labels.Written);
            _refused.Add(errors, _labels.Written);
        }
    }

    public void MoveTo(TextBuffer to)
    {
        foreach (Family family in All) family.MoveTo(to);
    }

    public void Dispose()
    {
        foreach (Family family in All) family.Dispose();
        ((IDisposable)_labels).Dispose();
    }

    private static void Append(Family family, ulong value, int decimals)
    {
        TextBuffer to = family.Begin();
        to.AppendDecimal(value, decimals);
        to.Append((byte)'\n');
    }

    /// <summary>The kernel tells the sysctl only, not who else holds BPF_ENABLE_STATS.</summary>
    private static bool IsSysctlSet()
    {
        try
        {
            return File.ReadAllText(StatsSysctl).AsSpan().Trim() is not "0";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
