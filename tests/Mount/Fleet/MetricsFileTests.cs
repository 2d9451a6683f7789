using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mount.Tests.Fleet;

/// <summary>metrics/bpf.prom is what Prometheus' own tools take, and says what the other files say.</summary>
public sealed class MetricsFileTests(ZooView fixture) : IClassFixture<ZooView>
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Fact]
    public void Promtool_has_nothing_to_say()
    {
        ToolResult check = Tool.Shell("\"$1\" check metrics <\"$2\"", Unpacked.Promtool, _view.At("metrics/bpf.prom"));
        Assert.Equal("", check.Succeeded().Output + check.Errors);
    }

    [Fact]
    public void Every_object_has_its_samples()
    {
        Dictionary<string, double> samples = Samples(_view.Read("metrics/bpf.prom"));
        foreach (BpfProgram program in _zoo.Programs)
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllText(_view.Of(program, "json")));
            string labels = $"id=\"{program.Id}\",type=\"{json.RootElement.GetProperty("type").GetString()}\"{(program.Name.Length > 0 ? $",name=\"{program.Name}\"" : "")}";
            Assert.Equal(json.RootElement.GetProperty("bytes_xlated").GetDouble(), samples[$"bpf_prog_xlated_bytes{{{labels}}}"]);
            Assert.True(samples.ContainsKey($"bpf_prog_runs_total{{{labels}}}")); // also of those that never ran
            Assert.Equal(1, samples[$"bpf_prog_info{{{labels},tag=\"{json.RootElement.GetProperty("tag").GetString()}\",uid=\"0\"}}"]);
            Assert.Equal(json.RootElement.GetProperty("loaded_at").GetDouble(), samples[$"bpf_prog_load_time_seconds{{{labels}}}"], tolerance: 1.0); // by clocks that are not read at once
        }
        BpfMap hash = _zoo.Map("zoo_hash");
        if (KernelNames.HasElementCounts) Assert.Equal(10, samples[$"bpf_map_entries{{id=\"{hash.Id}\",type=\"hash\",name=\"zoo_hash\"}}"]);
        Assert.Equal(100, samples[$"bpf_map_max_entries{{id=\"{hash.Id}\",type=\"hash\",name=\"zoo_hash\"}}"]);
        Assert.False(samples.ContainsKey($"bpf_map_entries{{id=\"{_zoo.Map("zoo_array").Id}\",type=\"array\",name=\"zoo_array\"}}")); // nobody counts them: absent, not 0
        Assert.Equal(1, samples[$"bpf_link_info{{id=\"{_zoo.Link.Id}\",type=\"raw_tracepoint\",prog_id=\"{_zoo.Program("zoo_traced").Id}\",prog_name=\"zoo_traced\",target=\"sched_process_exec\"}}"]);
    }

    [Fact]
    public void The_view_itself()
    {
        _view.Read("progs.debug");
        Dictionary<string, double> before = Samples(_view.Read("metrics/bpf.prom"));
        _view.Read("progs.debug");
        Dictionary<string, double> after = Samples(_view.Read("metrics/bpf.prom"));
        Assert.True(after["bpffs_view_requests_total{op=\"open\"}"] >= before["bpffs_view_requests_total{op=\"open\"}"] + 2);
        Assert.InRange(after["bpffs_view_resident_memory_bytes"], 1e6, 1e9);
        Assert.True(after["bpffs_view_cpu_seconds_total"] > 0);
        Assert.InRange(after["bpffs_view_start_time_seconds"], DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 3600, DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        Assert.Equal(0, after["bpffs_view_left_out_objects{kind=\"prog\"}"]);
        Assert.True(after["bpf_objects{kind=\"prog\"}"] >= _zoo.Programs.Count());
    }

    [Fact]
    public void Its_time_is_now_and_stands_still_while_it_is_read()
    {
        string path = _view.At("metrics/bpf.prom");
        DateTime begun = DateTime.UtcNow.AddSeconds(-2); // the kernel keeps a time for a second
        Assert.True(File.GetLastWriteTimeUtc(path) >= begun);
        using TemporaryDirectory directory = new();
        for (int i = 0; i < 3; i++) // exit status 1, "file changed as we read it": that is what tar would say
        {
            ToolResult tar = Tool.Run("tar", "-C", _view.At("metrics"), "-cf", directory.At("metrics.tar"), "bpf.prom").Succeeded();
            Assert.Equal("", tar.Errors);
        }
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        DateTime held = File.GetLastWriteTimeUtc(path);
        Thread.Sleep(1100); // the kernel must ask again
        Assert.Equal(held, File.GetLastWriteTimeUtc(path));
    }

    [Fact]
    public void It_counts_others_events_and_is_the_groups() => Assert.Contains("Permission denied", Tool.AsNobody("cat \"$1\"", _view.At("metrics/bpf.prom")).Errors, StringComparison.Ordinal);

    [Fact]
    public void Rules_hold_their_tests()
    {
        string rules = Path.Combine(ViewBinary.Repository(), "packaging/prometheus");
        Tool.Run(Unpacked.Promtool, "check", "rules", $"{rules}/bpffs-view.rules.yml").Succeeded();
        Tool.Run(Unpacked.Promtool, "test", "rules", $"{rules}/bpffs-view.rules.test.yml").Succeeded();
    }

    [Fact]
    public void Every_expression_of_the_dashboard_parses()
    {
        using JsonDocument dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(ViewBinary.Repository(), "packaging/grafana/bpffs-view.json")));
        string[] expressions = [.. dashboard.RootElement.GetProperty("panels").EnumerateArray()
            .SelectMany(panel => panel.GetProperty("targets").EnumerateArray())
            .Select(target => target.GetProperty("expr").GetString()!)
            .Select(text => text.Replace("$__rate_interval", "5m", StringComparison.Ordinal).Replace("$instance", ".*", StringComparison.Ordinal))];
        Assert.NotEmpty(expressions);
        Assert.All(expressions, text => Assert.DoesNotContain("$", text, StringComparison.Ordinal)); // no variable that we forgot
        using TemporaryDirectory directory = new();
        string rules = string.Concat(expressions.Select((text, i) => $"  - record: a{i}\n    expr: {JsonSerializer.Serialize(text)}\n"));
        File.WriteAllText(directory.At("rules.yml"), $"groups:\n- name: dashboard\n  rules:\n{rules}");
        Tool.Run(Unpacked.Promtool, "check", "rules", directory.At("rules.yml")).Succeeded();
    }

    private static Dictionary<string, double> Samples(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(line => line[0] != '#')
        .ToDictionary(line => line[..line.LastIndexOf(' ')], line => double.Parse(line[line.LastIndexOf(' ')..], CultureInfo.InvariantCulture));
}

/// <summary>Many objects are cut off where the options say so, and counted.</summary>
public sealed class MetricsLimitTests
{
    [Fact]
    public void What_is_left_out_is_counted()
    {
        using Herd<IDisposable> maps = [];
        for (int i = 0; i < 20; i++) maps.Add(BpfMap.Create($"limit_{i}", MapType.Array, 4, 4, 1));
        using MountedView view = new(new ViewOptions { Arguments = ["--metrics-limit", "7"] });
        string text = view.Read("metrics/bpf.prom");
        Assert.Equal(7, Regex.Count(text, "^bpf_map_info\\{", RegexOptions.Multiline));
        Assert.Equal(7, Regex.Count(text, "^bpf_map_memlock_bytes\\{", RegexOptions.Multiline));
        int all = int.Parse(Regex.Match(text, "bpf_objects\\{kind=\"map\"\\} ([0-9]+)").Groups[1].Value, CultureInfo.InvariantCulture);
        Assert.True(all >= 20);
        Assert.Contains($"bpffs_view_left_out_objects{{kind=\"map\"}} {all - 7}\n", text, StringComparison.Ordinal);
        Assert.Contains("not a number", ViewBinary.Run(view.Root, "--metrics-limit", "x").Errors, StringComparison.Ordinal);
    }
}
