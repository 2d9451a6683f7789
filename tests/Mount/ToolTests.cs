namespace Mount.Tests;

/// <summary>What people do to directory trees: nothing blocks, nothing is silently empty, nothing complains.</summary>
public sealed class ToolTests : IClassFixture<ZooView>, IDisposable
{
    private readonly MountedView _view;
    private readonly Zoo _zoo;
    private readonly TemporaryDirectory _directory = new();

    public ToolTests(ZooView fixture)
    {
        _view = fixture.View;
        _zoo = fixture.Zoo;
    }

    public static TheoryData<string> Trees() => ["program", "map", "link", "metrics"];

    [Theory]
    [MemberData(nameof(Trees))]
    public void Rsync_copies_all_of_it(string which)
    {
        string from = Tree(which), to = _directory.At("copy");
        ToolResult rsync = Tool.Run("rsync", "-a", from + "/", to + "/");
        Assert.Equal("", rsync.Succeeded().Errors);
        Same(from, to);
        // a second time there is nothing to do, but for bpf.prom, whose time is now, and for code, whose size is not told to who has not opened it
        Assert.Equal("", Tool.Shell("rsync -ain --exclude bpf.prom \"$1/\" \"$2/\"", from, to).Succeeded().Output);
    }

    [Theory]
    [MemberData(nameof(Trees))]
    public void Tar_takes_all_of_it(string which)
    {
        string from = Tree(which), to = _directory.At("copy");
        ToolResult tar = Tool.Shell("set -o pipefail; mkdir \"$2\"; tar -C \"$1\" -c . | tar -C \"$2\" -x", from, to);
        Assert.Equal("", tar.Succeeded().Errors);
        Same(from, to);
    }

    [Theory]
    [MemberData(nameof(Trees))]
    public void Cp_a_takes_all_of_it(string which)
    {
        string from = Tree(which), to = _directory.At("copy");
        Assert.Equal("", Tool.Run("cp", "-a", from, to).Succeeded().Errors);
        Same(from, to);
    }

    [Fact]
    public void Rsync_of_a_file_of_unknown_size_is_right_or_loud()
    {
        using Filled large = new(MapType.Array, 60_000);
        ToolResult rsync = Tool.Run("rsync", "-a", _view.Of(large.Map, "entries"), _directory.At("entries"));
        if (rsync.Code == 0) Assert.Equal(string.Join('\n', large.Lines) + "\n", File.ReadAllText(_directory.At("entries")));
        else Assert.NotEqual("", rsync.Errors);
    }

    [Fact]
    public void Find_newer_finds_what_was_loaded_since()
    {
        string mark = _directory.At("mark");
        File.WriteAllText(mark, "");
        File.SetLastWriteTimeUtc(mark, DateTime.UtcNow.AddSeconds(-1));
        Assert.True(Poll.Until(() => DateTime.UtcNow > File.GetLastWriteTimeUtc(mark).AddSeconds(2)));
        File.SetLastWriteTimeUtc(mark, DateTime.UtcNow);
        Thread.Sleep(50); // the kernel's clock and ours: ticks
        using BpfProgram young = BpfProgram.Load("tool_young");
        string[] found = Tool.Shell("find \"$1\" -maxdepth 1 -newer \"$2\" -printf '%f\\n' 2>/dev/null || true", _view.At("progs"), mark).Output.Split('\n');
        Assert.Contains($"{young.Id}", found);
        Assert.DoesNotContain($"{_zoo.User.Id}", found);
    }

    [Fact]
    public void The_whole_tree_is_walked_without_an_end_of_it_missing()
    {
        // Objects of others come and go meanwhile, which find may say; it must come to its end and have ours.
        string found = Tool.Shell($"timeout {Patience.Of(60).TotalSeconds} find \"$1\" -path '*/tasks/*' -prune -o -path '*/iter/*' -prune -o -print 2>/dev/null; test $? -le 1", _view.Root).Succeeded().Output;
        Assert.Contains($"{_view.Of(_zoo.User, "info")}\n", found, StringComparison.Ordinal);
        Assert.Contains($"{_view.At("metrics/bpf.prom")}\n", found, StringComparison.Ordinal);
        Assert.Contains($"{_view.Root}/net/tcp\n", found, StringComparison.Ordinal);
    }

    [Fact]
    public void Tree_shows_it()
    {
        string tree = Tool.Run("tree", "-ps", _view.Of(_zoo.User).TrimEnd('/')).Succeeded().Output;
        Assert.Contains("info", tree, StringComparison.Ordinal);
        Assert.Contains($"{_zoo.Map("zoo_hash").Id} -> ../../../maps/{_zoo.Map("zoo_hash").Id}", tree, StringComparison.Ordinal);
        Assert.DoesNotContain("error", tree, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void Grep_r_finds_a_name_in_every_place()
    {
        string[] found = Tool.Shell("grep -rl zoo_user \"$1\" \"$2\" \"$3\" \"$4\"", _view.Of(_zoo.User).TrimEnd('/'), _view.At("metrics"), _view.At("progs.json"), _view.At("graph.dot")).Succeeded().Output.TrimEnd('\n').Split('\n');
        string[] wanted = [_view.At("graph.dot"), _view.At("metrics/bpf.prom"), _view.At("progs.json"), _view.Of(_zoo.User, "info"), _view.Of(_zoo.User, "json"), _view.Of(_zoo.User, "name")];
        Assert.Equal([], wanted.Except(found));
    }

    [Fact]
    public void Vim_reads_it()
    {
        string copy = _directory.At("copy");
        Tool.Run("vim.tiny", "-R", "-n", "-u", "NONE", "-es", "-c", $"w! {copy}", "-c", "qa!", _view.Of(_zoo.User, "info"));
        Assert.Equal(File.ReadAllText(_view.Of(_zoo.User, "info")), File.ReadAllText(copy));
    }

    [Fact]
    public void Watch_and_less_show_it()
    {
        using Tmux terminal = new(80, 24, $"watch -d -n 0.2 cat {_view.Of(_zoo.User, "info")}");
        terminal.WaitFor("zoo_user");
        Thread.Sleep(500); // it reads again, and still shows it
        terminal.WaitFor("zoo_user");
        using Tmux pager = new(80, 24, $"less {_view.At("progs.debug")}");
        pager.WaitFor("pages attached");
        pager.Press("/zoo_user", "Enter");
        pager.WaitFor("zoo_user");
    }

    [Fact]
    public async Task Stat_storms_of_file_managers()
    {
        // As they do: list, then stat each entry several times over, from many threads, also what is not there.
        string program = _view.Of(_zoo.User).TrimEnd('/'), map = _view.Of(_zoo.Map("zoo_hash")).TrimEnd('/');
        await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() =>
        {
            string directory = i % 2 == 0 ? program : map;
            for (int round = 0; round < 20; round++)
            {
                FileSystemInfo[] entries = new DirectoryInfo(directory).GetFileSystemInfos();
                Assert.True(entries.Length > 15);
                foreach (FileSystemInfo entry in entries)
                {
                    entry.Refresh();
                    Assert.True(entry.Exists, entry.FullName);
                    if (entry is FileInfo { LinkTarget: null } file && file.Name is "info" or "json") Assert.True(((FileInfo)entry).Length > 0);
                }
                Assert.False(File.Exists($"{directory}/.hidden"));
                Assert.False(File.Exists($"{directory}/.directory"));
            }
        })));
    }

    public void Dispose() => _directory.Dispose();

    private string Tree(string which) => which switch
    {
        "program" => _view.Of(_zoo.User).TrimEnd('/'),
        "map" => _view.Of(_zoo.Map("zoo_hash")).TrimEnd('/'),
        "link" => _view.At($"links/{_zoo.Link.Id}"),
        _ => _view.At("metrics"),
    };

    /// <summary>The same names, the same bytes; bpf.prom is another one each time.</summary>
    private static void Same(string from, string to)
    {
        Assert.Equal("", Tool.Run("diff", "-r", "--no-dereference", "--exclude=bpf.prom", from, to).Succeeded().Output);
        if (File.Exists($"{from}/bpf.prom")) Assert.Contains("\nbpffs_view_cpu_seconds_total ", File.ReadAllText($"{to}/bpf.prom"), StringComparison.Ordinal);
    }
}
