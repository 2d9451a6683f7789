using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using BpfFs.Metrics;
using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.Tests.Objects;
using Iterators;

namespace BpfFs.Tests.Metrics;

public sealed partial class MetricsTests
{
    [Fact]
    public void Samples_of_programs_and_maps()
    {
        using Families<Prog> progs = new("prog", Prog.Fields);
        using Families<Map> maps = new("map", Map.Fields);
        prog_record full = Samples.FullProg(), least = Samples.LeastProg();
        map_record map = Samples.FullMap(), leastMap = Samples.LeastMap();
        MapFdInfo info = Samples.FullFdInfo(), leastInfo = Samples.LeastFdInfo();
        progs.Add(Of(full));
        progs.Add(Of(least));
        maps.Add(new Map { Record = ref map, FdInfo = ref info });
        maps.Add(new Map { Record = ref leastMap, FdInfo = ref leastInfo });
        Golden.Verify(Text.Of(progs.MoveTo) + Text.Of(maps.MoveTo), "Metrics");
    }

    [Fact]
    public void What_was_moved_is_not_there_again()
    {
        using Families<Prog> progs = new("prog", Prog.Fields);
        prog_record full = Samples.FullProg();
        progs.Add(Of(full));
        Assert.NotEqual("", Text.Of(progs.MoveTo));
        Assert.Equal("", Text.Of(progs.MoveTo));
    }

    [Fact]
    public void A_name_can_break_neither_a_label_nor_a_line()
    {
        using Families<Prog> progs = new("prog", Prog.Fields);
        prog_record prog = Samples.FullProg();
        Samples.Fill(prog.name, Samples.Hostile);
        progs.Add(Of(prog));
        byte[] bytes = Text.Bytes(progs.MoveTo);
        Text.AssertSafe(bytes, "\n");
        foreach (string line in Encoding.UTF8.GetString(bytes).TrimEnd('\n').Split('\n').Where(line => line[0] != '#')) Assert.Matches(Sample(), line);
        // to Prometheus it is what it is in `info`
        string label = Regex.Match(Encoding.UTF8.GetString(bytes), "name=\"((?:[^\"\\\\]|\\\\.)*)\"").Groups[1].Value;
        Assert.Equal(Text.Of(to => to.AppendText(Samples.Hostile)), Regex.Replace(label, "\\\\(.)", "$1"));
    }

    [Fact]
    public void Nothing_is_allocated()
    {
        using Families<Prog> progs = new("prog", Prog.Fields);
        using Text.Holder text = new();
        prog_record prog = Samples.FullProg();
        AllocationTests.AssertNone(() =>
        {
            text.Buffer.Clear();
            progs.Add(Of(prog));
            progs.MoveTo(text.Buffer);
        });
    }

    [Fact]
    public void Names_are_said_once_and_as_Prometheus_wants_them()
    {
        (string Name, MetricType Type)[] all = [.. MetricsFile.Names()];
        Assert.Equal(all.Length, all.Select(m => m.Name).Distinct().Count());
        Assert.All(all, metric => Assert.Equal(metric.Type == MetricType.Counter, metric.Name.EndsWith("_total", StringComparison.Ordinal)));
        Assert.All(all, metric => Assert.Matches("^(bpf_(prog|map|link)|bpf|bpffs_view)_[a-z_]+$", metric.Name));
    }

    [Fact]
    public void Rules_and_dashboard_use_metrics_that_there_are()
    {
        HashSet<string> names = [.. MetricsFile.Names().Select(m => m.Name)];
        string rules = File.ReadAllText(Packaging("prometheus/bpffs-view.rules.yml")), tests = File.ReadAllText(Packaging("prometheus/bpffs-view.rules.test.yml"));
        string expressions = string.Join('\n', Expressions(JsonDocument.Parse(File.ReadAllText(Packaging("grafana/bpffs-view.json"))).RootElement));
        foreach (string text in (string[])[WithoutComments(rules), WithoutComments(tests), expressions])
        {
            string[] used = [.. MetricName().Matches(text).Select(m => m.Value).Distinct()];
            Assert.NotEmpty(used);
            Assert.Equal([], used.Except(names));
        }
    }

    private static string WithoutComments(string yaml) => Regex.Replace(yaml, "#[^\n]*|summary:[^\n]*|description:[^\n]*", "");

    private static IEnumerable<string> Expressions(JsonElement panel)
    {
        foreach (JsonElement child in panel.GetProperty("panels").EnumerateArray())
        {
            foreach (JsonElement target in child.GetProperty("targets").EnumerateArray()) yield return target.GetProperty("expr").GetString()!;
        }
    }

    private static string Packaging(string file, [CallerFilePath] string test = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(test)!, "../../../packaging", file));

    private static Prog Of(in prog_record record) => new() { Record = ref record, Functions = Samples.Functions };

    // not the names of recording rules, in which a colon stands before or behind
    [GeneratedRegex("(?<![:a-z_])bpf(fs_view)?_[a-z_]+(?![:a-z_])")]
    private static partial Regex MetricName();

    [GeneratedRegex("^[a-z_]+\\{[a-z_]+=\"([^\"\\\\]|\\\\[\\\\\"])*\"(,[a-z_]+=\"([^\"\\\\]|\\\\[\\\\\"])*\")*\\} [0-9.]+$")]
    private static partial Regex Sample();
}
