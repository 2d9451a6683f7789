namespace BpfFs.Top;

/// <summary>A program's row: what it did between two samples.</summary>
/// <param name="Now">The later of them.</param>
/// <param name="Cpu">Percent of one processor.</param>
/// <param name="Runs">A second.</param>
/// <param name="NsPerRun">0: it did not run.</param>
/// <param name="Misses">Runs left out, a second.</param>
/// <param name="History">The last values of <paramref name="Cpu"/>, the newest last.</param>
internal sealed record ProgRow(ProgSample Now, double Cpu, double Runs, double NsPerRun, double Misses, IReadOnlyList<double> History);

/// <summary>Makes rows out of samples that follow each other.</summary>
internal sealed class Rates
{
    /// <summary>How many values a history has.</summary>
    public const int HistoryLength = 240;

    private readonly Dictionary<uint, List<double>> _histories = [];
    private Sample? _last;

    /// <summary>Seconds between the last two samples; 0: there was one only.</summary>
    public double Seconds { get; private set; }

    public IReadOnlyList<ProgRow> Progs { get; private set; } = [];

    public IReadOnlyList<MapSample> Maps { get; private set; } = [];

    /// <summary>Percent of one processor, all programs together.</summary>
    public double Cpu => Progs.Sum(row => row.Cpu);

    /// <summary>Whether any program was seen to be counted.</summary>
    public bool AnyRuns => Progs.Any(row => row.Runs > 0);

    public void Add(Sample sample)
    {
        Dictionary<uint, ProgSample> before = _last?.Progs.ToDictionary(prog => prog.Id) ?? [];
        Seconds = _last is null ? 0 : Math.Max((sample.Time - _last.Time) / 1e9, 1e-9);
        List<ProgRow> rows = new(sample.Progs.Count);
        foreach (ProgSample now in sample.Progs) rows.Add(RowOf(now, before.GetValueOrDefault(now.Id)));
        foreach (uint gone in _histories.Keys.Except(sample.Progs.Select(prog => prog.Id)).ToArray()) _histories.Remove(gone);
        Progs = rows;
        Maps = sample.Maps;
        _last = sample;
    }

    private ProgRow RowOf(ProgSample now, ProgSample? before)
    {
        if (!_histories.TryGetValue(now.Id, out List<double>? history)) _histories[now.Id] = history = [];
        if (before is null || Seconds == 0) return new ProgRow(now, 0, 0, 0, 0, history);
        double time = Grown(now.RunTimeNs, before.RunTimeNs), runs = Grown(now.RunCount, before.RunCount);
        double cpu = time / 1e9 / Seconds * 100;
        history.Add(cpu);
        if (history.Count > HistoryLength) history.RemoveAt(0);
        return new ProgRow(now, cpu, runs / Seconds, runs == 0 ? 0 : time / runs, Grown(now.RecursionMisses, before.RecursionMisses) / Seconds, history);
    }

    /// <summary>The sum over the processors is read while they count, and may seem to go back.</summary>
    private static double Grown(ulong now, ulong before) => now > before ? now - before : 0;
}
