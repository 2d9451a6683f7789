using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>The graph is what graphviz takes for one, and has every object in it.</summary>
public sealed partial class GraphTests(GroupView fixture) : IClassFixture<GroupView>
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Theory]
    [InlineData("graph.dot")]
    [InlineData("graph.holders.dot")]
    public void Dot_draws_every_object(string file)
    {
        string[] drawn = Nodes(Draw(file));
        string[] wanted = [.. _zoo.Programs.Select(p => $"prog{p.Id}"), .. _zoo.Maps.Select(m => $"map{m.Id}"), $"link{_zoo.Link.Id}"];
        Assert.Equal([], wanted.Except(drawn));
        Assert.Equal(drawn.Length, drawn.Distinct().Count());
    }

    [Fact]
    public void Edges_have_labels()
    {
        string graph = _view.Read("graph.dot");
        Assert.Contains($"prog{_zoo.User.Id} -> map{_zoo.Map("zoo_hash").Id} [label=\"uses\", color=gray30];", graph, StringComparison.Ordinal);
        Assert.Contains($"prog{_zoo.Program("zoo_traced").Id} -> link{_zoo.Link.Id} [label=\"attached\", color=blue3];", graph, StringComparison.Ordinal);
        string svg = Draw("graph.dot");
        Assert.Contains($"<title>prog{_zoo.User.Id}&#45;&gt;map{_zoo.Map("zoo_hash").Id}</title>", svg, StringComparison.Ordinal);
    }

    [Fact]
    public void Many_programs_do_not_make_one_column()
    {
        using Herd<IDisposable> many = [];
        for (int i = 0; i < 300; i++) many.Add(BpfProgram.Load($"graph_{i}", ProgramType.Xdp));
        Match size = Regex.Match(Draw("graph.dot"), "<svg width=\"([0-9]+)pt\" height=\"([0-9]+)pt\"");
        double width = double.Parse(size.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), height = double.Parse(size.Groups[2].Value, System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(height / width, 0.2, 4); // one column would be over 100 times as high as it is wide
    }

    [Fact]
    public void Holders_are_drawn_whatever_their_names()
    {
        BpfMap map = _zoo.Map("zoo_hash"); // we hold it, and so does a process whose name is
        byte[] script = [.. "import ctypes, struct, sys\nlibc = ctypes.CDLL(None)\nlibc.prctl(15, b'"u8, .. "a\\n\\x1b\"\\\\\\xff<&>]"u8, .. "', 0, 0, 0)\n"u8];
        string text = System.Text.Encoding.ASCII.GetString(script) + $"print(libc.syscall(321, 14, struct.pack('III', {map.Id}, 0, 0), 12), flush=True)\nsys.stdin.read()\n";
        using Process process = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", text]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            string fd = process.StandardOutput.ReadLine()!;
            string graph = _view.Read("graph.holders.dot");
            Assert.Contains($"\tpid{process.Id} -> map{map.Id} [style=dashed, color=darkgreen, label=\"holds: fd {fd}\"];\n", graph, StringComparison.Ordinal);
            Assert.Contains($"\tpid{Environment.ProcessId} -> map{map.Id} [style=dashed, color=darkgreen, label=\"holds: fd {map.Fd}\"];\n", graph, StringComparison.Ordinal);
            // what we alone hold lies in our cluster
            string cluster = Cluster(graph, Environment.ProcessId);
            Assert.Contains($"\t\tprog{_zoo.Many.Id};\n", cluster, StringComparison.Ordinal);
            Assert.DoesNotContain($"\t\tmap{map.Id};\n", cluster, StringComparison.Ordinal);
            Assert.Equal($"pid {process.Id}a\\n\\x1b\"\\\\\\xff<&>]", LabelOf(Draw("graph.holders.dot"), $"pid{process.Id}"));
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
        Assert.True(Poll.Until(() => !_view.Read("graph.holders.dot").Contains($"pid{process.Id} ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Who_holds_what_is_not_in_the_public_one()
    {
        Assert.DoesNotContain("pid", _view.Read("graph.dot"), StringComparison.Ordinal);
        Assert.Equal(0, Tool.AsNobody("cat \"$1\"", _view.At("graph.dot")).Code);
        Assert.Contains("Permission denied", Tool.AsNobody("cat \"$1\"", _view.At("graph.holders.dot")).Errors, StringComparison.Ordinal);
        ToolResult member = Tool.Run("setpriv", "--reuid", "65534", "--regid", "65534", "--groups", $"{GroupView.Group}", "--inh-caps=-all", "cat", _view.At("graph.holders.dot"));
        Assert.Contains($"pid{Environment.ProcessId}", member.Succeeded().Output, StringComparison.Ordinal);
    }

    private string Draw(string file)
    {
        using TemporaryDirectory directory = new();
        string copy = directory.At("graph.dot");
        File.WriteAllBytes(copy, File.ReadAllBytes(_view.At(file)));
        ToolResult dot = Tool.Run("dot", "-Tsvg", copy);
        Assert.Equal("", dot.Succeeded().Errors); // no warnings either
        return dot.Output;
    }

    private static string[] Nodes(string svg) => [.. Node().Matches(svg).Select(m => m.Groups["name"].Value)];

    private static string LabelOf(string svg, string node)
    {
        string group = Regex.Match(svg, $"<g id=\"[^\"]*\" class=\"node\">\\s*<title>{node}</title>.*?</g>", RegexOptions.Singleline).Value;
        return System.Net.WebUtility.HtmlDecode(string.Concat(Regex.Matches(group, "<text[^>]*>([^<]*)</text>").Select(m => m.Groups[1].Value)));
    }

    private static string Cluster(string graph, int pid)
    {
        int start = graph.IndexOf($"subgraph cluster_pid{pid} {{", StringComparison.Ordinal);
        return graph[start..graph.IndexOf("\n\t}\n", start, StringComparison.Ordinal)] + "\n";
    }

    [GeneratedRegex("class=\"node\">\\s*<title>(?<name>[^<]*)</title>", RegexOptions.ExplicitCapture)]
    private static partial Regex Node();
}
