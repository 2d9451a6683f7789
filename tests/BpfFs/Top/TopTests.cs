using System.Text;
using BpfFs.Top;

namespace BpfFs.Tests.Top;

public sealed class TopTests
{
    private static readonly MountedFiles s_files = new("/nowhere");

    [Fact]
    public void Keys_of_a_terminal()
    {
        Assert.Equal([KeyName.Up, KeyName.Down, KeyName.PageDown, KeyName.Home, KeyName.Home, KeyName.Other, KeyName.Right], Keys("\x1b[A\x1bOB\x1b[6~\x1b[H\x1b[1~\x1b[15~\x1b[1;5C").Select(k => k.Name));
        Assert.Equal([new Key(KeyName.Char, 'a'), new Key(KeyName.Enter), new Key(KeyName.Char, '\x3'), new Key(KeyName.Escape)], Keys("a\r\x3\x1b"));
        Assert.Equal([new Key(KeyName.Escape), new Key(KeyName.Char, 'q')], Keys("\x1bq"));
        Assert.Equal([KeyName.Other], Keys("\x1b[").Select(k => k.Name)); // cut off
    }

    [Fact]
    public void Readings_become_rates()
    {
        var rates = new Rates();
        rates.Add(Sample(0, Prog(1, 1000, 10), Prog(2, 0, 0)));
        Assert.All(rates.Progs, row => Assert.Equal(0, row.Cpu));
        rates.Add(Sample(2, Prog(1, 1000 + 100_000_000, 10 + 2000), Prog(3, 7, 7)));
        Assert.Equal([1u, 3u], rates.Progs.Select(row => row.Now.Id));
        ProgRow busy = rates.Progs[0];
        Assert.Equal((5.0, 1000.0, 50_000.0), (busy.Cpu, busy.Runs, busy.NsPerRun));
        Assert.Equal(0, rates.Progs[1].Cpu); // what it did before we saw it, is not what it does now
        rates.Add(Sample(3, Prog(1, 500, 5)));
        Assert.Equal(0, rates.Progs[0].Cpu); // never negative
        Assert.Equal(2, rates.Progs[0].History.Count);
    }

    [Theory]
    [InlineData(80, 24)]
    [InlineData(200, 50)]
    [InlineData(20, 5)]
    public void Every_line_fits(int width, int height)
    {
        TopScreen screen = Screen(60);
        foreach (string keys in (string[])["", "\x1b[B\x1b[B", "\x1b[6~\x1b[6~\x1b[6~", "/7", "\r\r", "q", "\t", "\x1b[F"])
        {
            foreach (Key key in Keys(keys)) Assert.True(screen.Press(key, width, height));
            IReadOnlyList<string> lines = screen.Draw(width, height);
            Assert.InRange(lines.Count, 1, Math.Max(height, 4));
            Assert.All(lines, line => Assert.InRange(Plain(line).Length, 0, Math.Max(width, 66)));
        }
    }

    [Fact]
    public void Sorted_filtered_reversed()
    {
        TopScreen screen = Screen(30);
        Assert.Equal(30u, screen.Progs.Rows[0].Now.Id); // the busiest
        Press(screen, "r");
        Assert.Equal(1u, screen.Progs.Rows[0].Now.Id);
        Press(screen, "/prog2\r");
        Assert.Equal(11, screen.Progs.Rows.Count); // prog2, prog20 to 29
        Press(screen, "\x1b");
        Assert.Equal(30, screen.Progs.Rows.Count);
        Press(screen, "\x1b[D\x1b[D\x1b[D\x1b[D"); // to the left end: the id
        Assert.Equal("id", screen.Progs.SortedBy.Name);
        Assert.Equal(30u, screen.Progs.Rows[0].Now.Id); // still reversed
    }

    [Fact]
    public void The_bar_stays_on_its_program()
    {
        TopScreen screen = Screen(30);
        Press(screen, "\x1b[B\x1b[B");
        Assert.Equal(28u, screen.Progs.SelectedId);
        Press(screen, "r");
        Assert.Equal(28u, screen.Progs.SelectedId);
        Assert.Contains(screen.Draw(80, 24), line => line.Contains("7m     28 prog28", StringComparison.Ordinal));
    }

    [Fact]
    public void Help_names_every_column() =>
        Assert.Equal(TopCommand.SortHelp, $"one of {string.Join(", ", Columns.Progs.Select(c => c.Name))}; with --maps {string.Join(", ", Columns.Maps.Select(c => c.Name))}");

    [Fact]
    public void Ways_out()
    {
        TopScreen screen = Screen(3);
        Press(screen, "\r");
        Assert.Contains("attached", string.Concat(screen.Draw(80, 24)), StringComparison.Ordinal);
        Assert.False(screen.Press(new Key(KeyName.Char, '\x3'), 80, 24)); // ^C ends it from everywhere
        Assert.True(screen.Press(new Key(KeyName.Char, 'q'), 80, 24)); // from a page, q goes back
        Assert.False(screen.Press(new Key(KeyName.Char, 'q'), 80, 24));
        Press(screen, " ");
        Assert.True(screen.IsPaused);
    }

    [Fact]
    public void What_the_files_say()
    {
        List<ProgSample> progs = Parse("""[{"id":7,"type":"xdp","name":"a\u001b","run_time_ns":5,"map_ids":[1,2],"subprogs":["x"],"run_cnt":6,"recursion_misses":7,"bytes_memlock":4096},{"id":8,"error":"gone"}]""");
        Assert.Equal([new ProgSample(7, "a\x1b", "xdp", 5, 6, 7, 4096)], progs);
        List<MapSample> maps = BpfFs.Top.Sample.ParseMaps("""[{"id":1,"name":"h","type":"hash","max_entries":8,"elem_count":2},{"id":2,"type":"ringbuf","max_entries":4096,"ring_consumer_pos":100,"ring_producer_pos":1124},{"id":3,"type":"array","max_entries":1,"elem_count_not":1},{"id":4,"type":"hash","max_entries":0,"elem_count":-1}]"""u8);
        Assert.Equal([25, 25, -1, -1], maps.Select(m => m.Fill));
    }

    private static List<ProgSample> Parse(string json) => BpfFs.Top.Sample.ParseProgs(Encoding.UTF8.GetBytes(json));

    private static TopScreen Screen(uint count)
    {
        var screen = new TopScreen(s_files, TimeSpan.FromSeconds(1));
        screen.Add(Sample(0, [.. Enumerable.Range(1, (int)count).Select(i => Prog((uint)i, 0, 0))]));
        screen.Add(Sample(1, [.. Enumerable.Range(1, (int)count).Select(i => Prog((uint)i, (ulong)i * 1_000_000, (ulong)i))]));
        return screen;
    }

    private static void Press(TopScreen screen, string keys)
    {
        foreach (Key key in Keys(keys)) Assert.True(screen.Press(key, 80, 24));
    }

    private static List<Key> Keys(string typed)
    {
        Queue<byte> input = new(Encoding.ASCII.GetBytes(typed));
        List<Key> keys = [];
        while (Key.Parse(input, more: () => false) is { } key) keys.Add(key);
        return keys;
    }

    private static Sample Sample(long seconds, params ProgSample[] progs) => new(seconds * 1_000_000_000, progs, [new MapSample(5, "map5", "hash", 3, 10, 4096)]);

    private static ProgSample Prog(uint id, ulong time, ulong runs) => new(id, $"prog{id}", "xdp", time, runs, 0, 4096);

    private static string Plain(string line) => System.Text.RegularExpressions.Regex.Replace(line, "\x1b\\[[0-9;]*m", "");
}
