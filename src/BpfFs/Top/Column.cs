namespace BpfFs.Top;

/// <summary>A column: what it is called, how wide it is, what it shows and goes by.</summary>
/// <param name="Name">As <c>--sort</c> has it.</param>
/// <param name="Head">Above it.</param>
/// <param name="Width">0: what the others leave.</param>
/// <param name="FromWidth">It is shown on terminals of at least this width.</param>
/// <param name="Show">The text.</param>
/// <param name="Key">What rows are sorted by, the largest first; null: by text, the smallest first.</param>
internal sealed record Column<T>(string Name, string Head, int Width, int FromWidth, Func<T, string> Show, Func<T, double>? Key);

/// <summary>Every column of both tables.</summary>
internal static class Columns
{
    private const int SparkWidth = 20;

    private static readonly bool s_isUtf8 = ScreenText.IsUtf8(); // before the columns, which look at it

    public static IReadOnlyList<Column<ProgRow>> Progs { get; } =
    [
        new("id", "ID", 7, 0, r => $"{r.Now.Id}", r => -(double)r.Now.Id),
        new("name", "NAME", 0, 0, r => ScreenText.Safe(r.Now.Name), null),
        new("type", "TYPE", 14, 0, r => ScreenText.Safe(r.Now.Type), null),
        new("cpu", "CPU%", 6, 0, r => ScreenText.Percent(r.Cpu), r => r.Cpu),
        new("runs", "RUNS/S", 7, 0, r => ScreenText.Count(r.Runs), r => r.Runs),
        new("ns", "NS/RUN", 7, 0, r => ScreenText.Count(r.NsPerRun), r => r.NsPerRun),
        new("misses", "MISS/S", 7, 0, r => ScreenText.Count(r.Misses), r => r.Misses),
        new("total", "RUNS", 7, 100, r => ScreenText.Count(r.Now.RunCount), r => r.Now.RunCount),
        new("memory", "MEM", 6, 100, r => ScreenText.Bytes(r.Now.Memory), r => r.Now.Memory),
        new("history", "CPU HISTORY", SparkWidth, 120, r => ScreenText.Sparkline(r.History, SparkWidth, s_isUtf8), r => r.History.Sum()),
    ];

    public static IReadOnlyList<Column<MapSample>> Maps { get; } =
    [
        new("id", "ID", 7, 0, m => $"{m.Id}", m => -(double)m.Id),
        new("name", "NAME", 0, 0, m => ScreenText.Safe(m.Name), null),
        new("type", "TYPE", 17, 0, m => ScreenText.Safe(m.Type), null),
        new("entries", "ENTRIES", 8, 0, m => m.Entries < 0 ? "-" : ScreenText.Count(m.Entries), m => m.Entries),
        new("max", "MAX", 7, 0, m => ScreenText.Count(m.MaxEntries), m => m.MaxEntries),
        new("fill", "FILL%", 6, 0, m => ScreenText.Percent(m.Fill), m => m.Fill),
        new("memory", "MEM", 6, 0, m => ScreenText.Bytes(m.Memory), m => m.Memory),
    ];

    /// <summary>Rows in order; what is equal stays by id.</summary>
    public static IEnumerable<T> Sort<T>(IEnumerable<T> rows, Column<T> by, bool isReversed) =>
        by.Key is { } key
            ? isReversed ? rows.OrderBy(key) : rows.OrderByDescending(key)
            : isReversed ? rows.OrderByDescending(by.Show, StringComparer.Ordinal) : rows.OrderBy(by.Show, StringComparer.Ordinal);

    /// <summary>Its line: the heads, or a row.</summary>
    public static string Line<T>(IReadOnlyList<Column<T>> columns, int width, Func<Column<T>, string> text)
    {
        Column<T>[] shown = [.. columns.Where(column => width >= column.FromWidth)];
        int rest = Math.Max(width - shown.Sum(column => column.Width) - (shown.Length - 1), 4);
        return string.Join(' ', shown.Select(column => ScreenText.Fit(text(column), column.Width == 0 ? rest : column.Width, isRight: column.Key is not null)));
    }
}
