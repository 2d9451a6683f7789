using System.Globalization;

namespace BpfFs.Top;

/// <summary>What is on the screen, and what keys do to it. Knows nothing of terminals: lines go out, keys come in.</summary>
internal sealed class TopScreen(MountedFiles files, TimeSpan interval)
{
    private const string Help = "q quit  arrows move, sort  r reverse  / filter  space pause  tab maps  enter";
    private readonly bool _isUtf8 = ScreenText.IsUtf8();
    private int _scroll;
    private bool _isTyping;
    private uint _pageOf;

    public Table<ProgRow> Progs { get; } = new(Columns.Progs, row => row.Now.Id, row => $"{row.Now.Id} {row.Now.Name} {row.Now.Type}", "cpu");

    public Table<MapSample> Maps { get; } = new(Columns.Maps, map => map.Id, map => $"{map.Id} {map.Name} {map.Type}", "fill");

    /// <summary>Maps instead of programs.</summary>
    public bool ShowsMaps { get; set; }

    public bool IsPaused { get; private set; }

    /// <summary>Between the last two readings.</summary>
    public double Seconds => Rates.Seconds;

    /// <summary>Whether runs are counted, whoever has it done.</summary>
    public bool AnyRuns => Rates.AnyRuns;

    private Rates Rates { get; } = new();

    /// <summary>A new reading.</summary>
    public void Add(Sample sample)
    {
        Rates.Add(sample);
        Refresh();
    }

    /// <summary>The whole screen.</summary>
    public IReadOnlyList<string> Draw(int width, int height)
    {
        List<string> lines = [Head(width)];
        if (files.NotCounting is { } cause && !Rates.AnyRuns)
        {
            lines.Add("\x1b[1m" + ScreenText.Fit($"Run times are shown if somebody counts them: {ScreenText.Safe(cause)}.", width));
        }
        int room = Math.Max(height - lines.Count - 1, 2);
        if (_pageOf != 0) lines.AddRange(PageLines(width).Skip(_scroll).Take(room));
        else if (ShowsMaps) lines.AddRange(Maps.Lines(width, room));
        else lines.AddRange(Progs.Lines(width, room));
        while (lines.Count < height - 1) lines.Add("");
        lines.Add(ScreenText.Fit(Foot(), width));
        return lines;
    }

    /// <summary>A key; false: it ends.</summary>
    public bool Press(Key key, int width, int height)
    {
        if (_isTyping) return Type(key);
        if (key is { Name: KeyName.Char, Char: 'q' or '\x3' }) return key.Char == 'q' && ClosePage(); // ^C ends wherever it is
        if (key.Name is KeyName.Escape or KeyName.Backspace)
        {
            if (!ClosePage()) SetFilter("");
        }
        else if (key is { Name: KeyName.Char, Char: ' ' })
        {
            IsPaused = !IsPaused;
        }
        else if (_pageOf != 0)
        {
            _scroll = Math.Clamp(_scroll + StepOf(key, height), 0, Math.Max(PageLines(width).Count() - 3, 0));
        }
        else if (ShowsMaps)
        {
            PressIn(Maps, key, width, height);
        }
        else
        {
            PressIn(Progs, key, width, height);
        }
        Refresh();
        return true;
    }

    private string Filter => ShowsMaps ? Maps.Filter : Progs.Filter;

    private void Refresh()
    {
        Progs.Take(Rates.Progs);
        Maps.Take(Rates.Maps);
    }

    private void SetFilter(string text)
    {
        if (ShowsMaps) Maps.Filter = text;
        else Progs.Filter = text;
    }

    private bool ClosePage()
    {
        bool wasOpen = _pageOf != 0;
        _pageOf = 0;
        _scroll = 0;
        return wasOpen;
    }

    private bool Type(Key key)
    {
        switch (key.Name)
        {
            case KeyName.Enter: _isTyping = false; break;
            case KeyName.Escape:
                _isTyping = false;
                SetFilter("");
                break;
            case KeyName.Backspace: SetFilter(Filter[..Math.Max(Filter.Length - 1, 0)]); break;
            case KeyName.Char when key.Char == '\x3': return false;
            case KeyName.Char when key.Char >= ' ': SetFilter(Filter + key.Char); break;
        }
        Refresh();
        return true;
    }

    private void PressIn<T>(Table<T> table, Key key, int width, int height)
        where T : class
    {
        switch (key.Name)
        {
            case KeyName.Left: table.SortByNext(-1, width); break;
            case KeyName.Right: table.SortByNext(1, width); break;
            case KeyName.Tab: ShowsMaps = !ShowsMaps; break;
            case KeyName.Enter when table.Selected is ProgRow row: _pageOf = row.Now.Id; break;
            case KeyName.Char when key.Char == 'r': table.IsReversed = !table.IsReversed; break;
            case KeyName.Char when key.Char == '/': _isTyping = true; break;
            case KeyName.Char when key.Char == 'm': ShowsMaps = true; break;
            case KeyName.Char when key.Char == 'p': ShowsMaps = false; break;
            default: table.Move(StepOf(key, height)); break;
        }
    }

    private static int StepOf(Key key, int height) => key switch
    {
        { Name: KeyName.Up } or { Name: KeyName.Char, Char: 'k' } => -1,
        { Name: KeyName.Down } or { Name: KeyName.Char, Char: 'j' } => 1,
        { Name: KeyName.PageUp } => -Math.Max(height - 5, 1),
        { Name: KeyName.PageDown } => Math.Max(height - 5, 1),
        { Name: KeyName.Home } => -1_000_000_000,
        { Name: KeyName.End } => 1_000_000_000,
        _ => 0,
    };

    private string Head(int width)
    {
        string state = IsPaused ? "paused" : $"every {interval.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s";
        string text = $"bpffs-view top: {state}, {ScreenText.Percent(Rates.Cpu)}% cpu, {Rates.Progs.Count} programs, {Rates.Maps.Count} maps in {ScreenText.Safe(files.Root)}";
        return "\x1b[1m" + ScreenText.Fit(text, width);
    }

    private string Foot()
    {
        if (_isTyping) return $"filter: {Filter}_";
        if (_pageOf != 0) return "q back  arrows scroll  space pause";
        return Filter.Length > 0 ? $"filter: {Filter} (esc clears)  {Help}" : Help;
    }

    /// <summary>Everything of one program: what it does, what is known of it, where it is attached.</summary>
    private IEnumerable<string> PageLines(int width)
    {
        ProgRow? row = Rates.Progs.FirstOrDefault(r => r.Now.Id == _pageOf);
        yield return "\x1b[7m" + ScreenText.Fit(row is null ? $"program {_pageOf}: gone" : $"program {_pageOf} {ScreenText.Safe(row.Now.Name)} ({ScreenText.Safe(row.Now.Type)})", width);
        if (row is not null)
        {
            yield return ScreenText.Fit($"{ScreenText.Percent(row.Cpu)}% cpu, {ScreenText.Count(row.Runs)} runs/s, {ScreenText.Count(row.NsPerRun)} ns/run, {ScreenText.Count(row.Misses)} recursion misses/s", width);
            yield return ScreenText.Sparkline(row.History, width, _isUtf8);
            yield return ScreenText.Fit($"highest {ScreenText.Percent(row.History.DefaultIfEmpty(0).Max())}% cpu of {row.History.Count} readings", width);
        }
        yield return "\x1b[7m" + ScreenText.Fit("attached", width);
        string[] attached = files.Lines(_pageOf, "attached");
        foreach (string line in attached.DefaultIfEmpty("nowhere")) yield return ScreenText.Fit(ScreenText.Safe(line), width);
        yield return "\x1b[7m" + ScreenText.Fit("info", width);
        foreach (string line in files.Lines(_pageOf, "info")) yield return ScreenText.Fit(ScreenText.Safe(Spaced(line)), width);
    }

    /// <summary>The value behind its name, in a column.</summary>
    private static string Spaced(string line)
    {
        int tab = line.IndexOf('\t', StringComparison.Ordinal);
        return tab < 0 ? line : line[..tab].PadRight(22) + line[(tab + 1)..];
    }
}
