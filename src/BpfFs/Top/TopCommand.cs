using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using BpfFs.Command;

namespace BpfFs.Top;

/// <summary><c>bpffs-view top</c>: programs by run time, maps by fill, live. It reads the files of a mounted view, and has no privileges of its own.</summary>
internal sealed class TopCommand
{
    /// <summary>Every column; a constant, so that a server that parses its command line does not make the columns (a test compares).</summary>
    public const string SortHelp = "one of id, name, type, cpu, runs, ns, misses, total, memory, history; with --maps id, name, type, entries, max, fill, memory";

    private static readonly TimeSpan s_default = TimeSpan.FromSeconds(2);

    private readonly Argument<string?> _directory = new("DIR") { Arity = ArgumentArity.ZeroOrOne, Description = "where a view is mounted; default: the one that was mounted last" };
    private readonly Option<bool> _once = new("--once") { Description = "print one reading and end" };
    private readonly Option<bool> _json = new("--json") { Description = "with --once: as JSON, for scripts" };
    private readonly Option<bool> _maps = new("--maps") { Description = "begin with maps" };
    private readonly Option<string?> _sort = new("--sort") { HelpName = "COLUMN", Description = SortHelp };
    private readonly Option<string?> _filter = new("--filter") { HelpName = "TEXT", Description = "only what has it in its id, name or type" };
    private readonly Option<string?> _interval = new("--interval", "-d") { HelpName = "SECONDS", Description = "between two readings, 0.1 to 3600; default: 2" };

    /// <summary>For the root command.</summary>
    public static System.CommandLine.Command Make()
    {
        var top = new TopCommand();
        var command = new System.CommandLine.Command("top", "show live which programs run how long, and how full maps are") { top._directory };
        foreach (Option option in (ReadOnlySpan<Option>)[top._once, top._json, top._maps, top._sort, top._filter, top._interval]) command.Add(option);
        command.SetAction(top.Run);
        return command;
    }

    private int Run(ParseResult result)
    {
        TimeSpan interval = IntervalOf(result.GetValue(_interval));
        bool isOnce = result.GetValue(_once), isJson = result.GetValue(_json);
        if (isJson && !isOnce) throw new CommandException(ExitCode.Usage, "top --json: only with --once");
        using MountedFiles files = MountedFiles.Open(result.GetValue(_directory));
        var screen = new TopScreen(files, interval) { ShowsMaps = result.GetValue(_maps) };
        screen.Progs.Filter = screen.Maps.Filter = result.GetValue(_filter) ?? "";
        if (result.GetValue(_sort) is { } sort && !(screen.ShowsMaps ? screen.Maps.TrySortBy(sort) : screen.Progs.TrySortBy(sort)))
        {
            throw new CommandException(ExitCode.Usage, $"top --sort {ScreenText.Safe(sort)}: not one of {(screen.ShowsMaps ? Names(Columns.Maps) : Names(Columns.Progs))}");
        }
        if (isOnce) Once(files, screen, interval, isJson, result.InvocationConfiguration.Output);
        else Live(files, screen, interval);
        return (int)ExitCode.Ok;
    }

    private static void Live(MountedFiles files, TopScreen screen, TimeSpan interval)
    {
        screen.Add(files.Take());
        using var terminal = new Terminal();
        var sinceReading = Stopwatch.StartNew();
        var next = TimeSpan.FromTicks(Math.Min(interval.Ticks, TimeSpan.TicksPerSecond / 2)); // rates need a second reading
        while (true)
        {
            terminal.Show(screen.Draw(terminal.Width, terminal.Height));
            TimeSpan left = screen.IsPaused ? TimeSpan.FromHours(1) : next - sinceReading.Elapsed;
            Event what = terminal.Wait(left);
            if (what == Event.Ended) return;
            while (terminal.Read() is { } key)
            {
                if (key is { Name: KeyName.Char, Char: '\x1a' }) terminal.Suspend(); // ^Z
                else if (!screen.Press(key, terminal.Width, terminal.Height)) return;
            }
            if (screen.IsPaused || sinceReading.Elapsed < next) continue;
            sinceReading.Restart();
            next = interval;
            screen.Add(files.Take());
        }
    }

    private static void Once(MountedFiles files, TopScreen screen, TimeSpan interval, bool isJson, TextWriter output)
    {
        screen.Add(files.Take());
        Thread.Sleep(interval);
        screen.Add(files.Take());
        if (isJson)
        {
            output.Write(TopJson.Render(files, screen));
            return;
        }
        if (files.NotCounting is { } cause && !screen.AnyRuns) StderrLogger.Fail($"run times are shown if somebody counts them: {ScreenText.Safe(cause)}");
        const int Width = 119; // what does not depend on the terminal
        foreach (string line in screen.ShowsMaps ? Lines(screen.Maps, Width) : Lines(screen.Progs, Width)) output.WriteLine(line.TrimEnd());
    }

    private static IEnumerable<string> Lines<T>(Table<T> table, int width)
        where T : class =>
        table.Rows.Select(row => Columns.Line(table.Columns, width, column => column.Show(row))).Prepend(Columns.Line(table.Columns, width, column => column.Head));

    private static TimeSpan IntervalOf(string? text)
    {
        if (text is null) return s_default;
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) || seconds is < 0.1 or > 3600)
        {
            throw new CommandException(ExitCode.Usage, $"top --interval {ScreenText.Safe(text)}: not a number from 0.1 to 3600");
        }
        return TimeSpan.FromSeconds(seconds);
    }

    private static string Names<T>(IReadOnlyList<Column<T>> columns) => string.Join(", ", columns.Select(column => column.Name));
}
