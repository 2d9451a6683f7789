using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mount.Tests.Fleet;

/// <summary>bpffs-view top on a real terminal, over a real view.</summary>
public sealed class TopTests(ZooView fixture) : IClassFixture<ZooView>
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Theory]
    [InlineData(80, 24)]
    [InlineData(200, 50)]
    public void On_a_terminal(int width, int height)
    {
        using Tmux terminal = new(width, height);
        terminal.Press($"stty -g; {ViewBinary.Path} top {_view.Root} -d 0.2", "Enter");
        terminal.WaitFor(screen => screen.StartsWith("bpffs-view top: every 0.2 s, ", StringComparison.Ordinal) && screen.Contains(" zoo_", StringComparison.Ordinal));
        Assert.Equal(height, terminal.Lines.Length);
        Assert.All(terminal.Lines, line => Assert.InRange(line.Length, 0, width));
        Assert.Equal(width >= 120, terminal.Screen.Contains("CPU HISTORY", StringComparison.Ordinal));

        terminal.Press("/", "zoo_traced");
        terminal.WaitFor("filter: zoo_traced_");
        terminal.Press("Enter");
        Tool.Shell("for i in $(seq 200); do /bin/true; done"); // execs, which it runs at
        terminal.WaitFor(screen => Regex.IsMatch(screen, "zoo_traced +raw_tracepoint") && !screen.Contains("zoo_user", StringComparison.Ordinal));
        terminal.Press("Enter");
        terminal.WaitFor(screen => Regex.IsMatch(screen, $"program {_zoo.Program("zoo_traced").Id} zoo_traced \\(raw_tracepoint\\)") && screen.Contains("sched_process_exec", StringComparison.Ordinal));
        terminal.Press("q", "Escape");
        terminal.WaitFor("NS/RUN");
        terminal.Press("Tab");
        terminal.WaitFor("FILL%");
        terminal.Press("/", "zoo_hash", "Enter");
        string entries = KernelNames.HasElementCounts ? "10 +100 +10\\.0" : "- +100 +-";
        terminal.WaitFor(screen => Regex.IsMatch(screen, $"{_zoo.Map("zoo_hash").Id} zoo_hash +hash +{entries}"));
        terminal.Press("Space");
        terminal.WaitFor("bpffs-view top: paused, ");
        terminal.Resize(width - 10, height - 4);
        terminal.WaitFor(screen => screen.Split('\n')[..^1].Length == height - 4 && screen.TrimEnd().Split('\n')[^1].StartsWith("filter: zoo_hash", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("q")]
    [InlineData("C-c")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public void The_terminal_is_left_as_it_was(string way)
    {
        using Tmux terminal = new(80, 24);
        terminal.Press("clear; stty -g; echo before", "Enter");
        string before = terminal.WaitFor("\nbefore\n").Split('\n')[0];
        string[] command = [ViewBinary.Path, "top", _view.Root, "-d", "0.2"];
        terminal.Press($"{string.Join(' ', command)}; echo ended $?", "Enter");
        terminal.WaitFor("NS/RUN");
        if (way.Length > 2 && way[1] != '-') Tool.Shell("kill -\"$1\" $(pgrep -f \"^$2\")", way, string.Join(' ', command)).Succeeded();
        else terminal.Press(way);
        terminal.WaitFor("ended 0");
        Assert.Contains("\nbefore\n", terminal.Screen, StringComparison.Ordinal); // what was there is there again
        terminal.Press("clear; stty -g; echo after", "Enter");
        Assert.Equal(before, terminal.WaitFor("\nafter\n").Split('\n')[0]);
    }

    [Fact]
    public void Stopped_and_gone_on_with()
    {
        using Tmux terminal = new(80, 24);
        terminal.Press($"{ViewBinary.Path} top {_view.Root} -d 0.2", "Enter");
        terminal.WaitFor("NS/RUN");
        terminal.Press("C-z");
        terminal.WaitFor("Stopped");
        terminal.Press("fg", "Enter");
        terminal.WaitFor("NS/RUN");
        terminal.Press("q");
        terminal.WaitFor(screen => !screen.Contains("NS/RUN", StringComparison.Ordinal));
    }

    [Fact]
    public void Runs_are_counted_while_it_runs()
    {
        using BpfProgram program = BpfProgram.Load("top_counted", ProgramType.SchedCls);
        using Tmux terminal = new(80, 24);
        terminal.Press($"{ViewBinary.Path} top {_view.Root} -d 0.2 --filter top_counted", "Enter");
        terminal.WaitFor("top_counted");
        Assert.True(Poll.Until(() =>
        {
            program.Run(1000);
            return File.Exists(_view.Of(program, "run_cnt"));
        }));
        terminal.WaitFor(screen =>
        {
            program.Run(100_000);
            return Regex.IsMatch(screen, "top_counted +sched_cls +[0-9.]+ +[0-9.]+[kM]? +[1-9]");
        });
        terminal.Press("q");
    }

    [Fact]
    public void Once_for_scripts()
    {
        BpfProgram user = _zoo.User;
        using JsonDocument json = JsonDocument.Parse(ViewBinary.Run("top", _view.Root, "--once", "--json", "-d", "0.2", "--filter", "zoo_").Succeeded().Output);
        Assert.True(json.RootElement.GetProperty("counting").GetBoolean());
        Assert.InRange(json.RootElement.GetProperty("interval_s").GetDouble(), 0.2, 60);
        JsonElement program = json.RootElement.GetProperty("progs").EnumerateArray().Single(p => p.GetProperty("id").GetUInt32() == user.Id);
        Assert.Equal("sched_cls", program.GetProperty("type").GetString());
        Assert.All(json.RootElement.GetProperty("progs").EnumerateArray(), p => Assert.Contains("zoo_", p.GetProperty("name").GetString(), StringComparison.Ordinal));
        JsonElement map = json.RootElement.GetProperty("maps").EnumerateArray().Single(m => m.GetProperty("id").GetUInt32() == _zoo.Map("zoo_hash").Id);
        if (KernelNames.HasElementCounts) Assert.Equal(10, map.GetProperty("fill_percent").GetDouble());
        Assert.False(json.RootElement.GetProperty("maps").EnumerateArray().Single(m => m.GetProperty("id").GetUInt32() == _zoo.Map("zoo_array").Id).TryGetProperty("fill_percent", out _));

        string[] table = ViewBinary.Run("top", "--once", "-d", "0.1", "--maps", "--filter", "zoo_", "--sort", "name", _view.Root).Succeeded().Output.Split('\n');
        Assert.Contains("FILL%", table[0], StringComparison.Ordinal);
        string[] names = [.. table[1..^1].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])];
        Assert.Equal(names.Order(StringComparer.Ordinal), names);
    }

    [Fact]
    public void An_ordinary_user_sees_what_is_public_and_is_told_the_rest()
    {
        ToolResult result = Tool.AsNobody($"{ViewBinary.Path} top \"$1\" --once -d 0.1 --filter zoo_", _view.Root);
        if (result.Code != 0 && result.Errors.Contains("Permission denied", StringComparison.Ordinal))
        {
            using TemporaryDirectory directory = new(); // the checkout is somewhere that nobody may enter
            File.Copy(ViewBinary.Path, directory.At("bpffs-view"));
            File.SetUnixFileMode(directory.At("bpffs-view"), (UnixFileMode)0x1ED);
            result = Tool.AsNobody("\"$2\" top \"$1\" --once -d 0.1 --filter zoo_", _view.Root, directory.At("bpffs-view"));
        }
        Assert.Contains("zoo_user", result.Succeeded().Output, StringComparison.Ordinal);
        // unless a program was seen to be counted for somebody else
        if (result.Errors.Length > 0) Assert.Contains("run times are shown if somebody counts them: progs/ID/stats may be read by root", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_usage_is_told()
    {
        using TemporaryDirectory directory = new();
        Assert.Contains("no view is mounted here", ViewBinary.Run("top", directory.Path, "--once").Errors, StringComparison.Ordinal);
        Assert.Equal(2, ViewBinary.Run("top", _view.Root, "--json").Code);
        Assert.Equal(2, ViewBinary.Run("top", _view.Root, "-d", "0").Code);
        Assert.Equal(2, ViewBinary.Run("top", _view.Root, "--sort", "beauty").Code);
        Assert.Contains("--once", ViewBinary.Run("top", _view.Root).Errors, StringComparison.Ordinal); // no terminal
    }
}
