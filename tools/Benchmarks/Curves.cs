using System.Globalization;

namespace Benchmarks;

/// <summary>How cost grows: programs, map elements, readers. Each figure is the minimum over the rounds; gnuplot draws.</summary>
internal static class Curves
{
    public static void Draw(Bench bench, string directory)
    {
        directory = Directory.CreateDirectory(directory).FullName;
        Plot(directory, "programs", "programs loaded", "milliseconds", Programs(bench));
        Plot(directory, "entries", "elements of a hash", "milliseconds", Elements(bench));
        Plot(directory, "readers", "readers at once", "opens a second", Readers(bench));
    }

    private static List<Point> Programs(Bench bench)
    {
        List<Point> points = [];
        foreach (int count in (int[])[100, 1_000, 10_000, 15_000])
        {
            using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", count);
            using var view = new MountedView();
            void Add(string line, Func<double> run) => points.Add(new(line, count, Least(bench, run) / 1e6));
            Add("cat progs.debug", () => bench.RunProcess(Placement.Any, "cat", view.At("progs.debug")));
            Add("cat of the pinned iterator", () => bench.RunProcess(Placement.Any, "cat", $"{view.PinDirectory}/progs"));
            Add("cat progs.json", () => bench.RunProcess(Placement.Any, "cat", view.At("progs.json")));
            Add("bpftool -j prog show", () => bench.RunProcess(Placement.Any, "bpftool", "-j", "prog", "show"));
            Add("ls progs", () => bench.RunProcess(Placement.Any, "ls", view.At("progs")));
            Add("100 times open+read+close of info", () => bench.Open(Placement.Any, 10_000, 1, view.Of(programs[0], "info")) / 100);
        }
        return points;
    }

    private static List<Point> Elements(Bench bench)
    {
        List<Point> points = [];
        foreach (int count in (int[])[1_000, 10_000, 100_000, 1_000_000, 4_000_000])
        {
            using BpfMap map = Rows.FilledHash(count);
            using var view = new MountedView();
            void Add(string line, params string[] command) => points.Add(new(line, count, Least(bench, () => bench.RunProcess(Placement.Any, command)) / 1e6));
            Add("cat entries", "cat", view.Of(map, "entries"));
            (string peer, string[] command) = bench.EntriesPeer(map);
            Add(peer, command);
            Add("bpftool map dump", "bpftool", "map", "dump", "id", $"{map.Id}");
        }
        return points;
    }

    private static List<Point> Readers(Bench bench)
    {
        const int opens = 10_000;
        List<Point> points = [];
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", 16);
        using var view = new MountedView();
        string[] ours = [.. programs.Select(p => view.Of(p, "info"))];
        using var peer = new FusePeer(bench, Placement.Any, File.ReadAllText(ours[0]), 0, isThreaded: true);
        foreach (int readers in (int[])[1, 2, 4, 8, 16])
        {
            void Add(string line, params string[] files) =>
                points.Add(new(line, readers, opens * readers / (Least(bench, () => bench.Open(Placement.Any, opens * readers, readers, files)) / 1e9)));
            Add("progs/ID/info", ours);
            Add("libfuse file, fuse_session_loop_mt", peer.Info);
        }
        return points;
    }

    private static double Least(Bench bench, Func<double> run) => Enumerable.Range(0, Math.Max(1, bench.Rounds / 2)).Min(_ => run());

    private static void Plot(string directory, string name, string x, string y, List<Point> points)
    {
        using var data = new TemporaryDirectory();
        List<string> lines = [];
        foreach (IGrouping<string, Point> line in points.GroupBy(p => p.Line))
        {
            string file = data.At($"{lines.Count}");
            File.WriteAllLines(file, line.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X} {p.Y}")));
            lines.Add($"'{file}' with linespoints lw 2 pt 7 ps 0.5 title '{line.Key}'");
        }
        string script = data.At("plot");
        File.WriteAllText(script, $"""
            set terminal svg size 800,480 dynamic font 'sans-serif,12' background '#ffffff'
            set output '{Path.Combine(directory, $"{name}.svg")}'
            set logscale xy
            set grid
            set key left top
            set xlabel '{x}'
            set ylabel '{y}'
            plot {string.Join(", ", lines)}
            """);
        Tool.Run("gnuplot", script).Succeeded();
    }

    private sealed record Point(string Line, double X, double Y);
}
