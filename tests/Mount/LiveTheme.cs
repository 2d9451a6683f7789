using System.Globalization;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>The view follows the kernel: what comes appears, what goes is gone, what is open stays what it was.</summary>
public abstract class LiveTheme(MountedView view)
{
    private readonly MountedView _view = view;

    [Fact]
    public void A_program_loaded_after_the_mount_appears_everywhere()
    {
        Directory.GetFiles(_view.At("progs")); // so that the kernel has something old to remember
        using BpfProgram program = BpfProgram.Load("live_new", ProgramType.Xdp);
        Assert.Equal("live_new\n", File.ReadAllText(_view.Of(program, "name")));
        Assert.Contains($"{program.Id}", Names("progs"));
        Assert.Contains("live_new", Names("progs/by-name"));
        Assert.Contains($"{program.Id}", Names("progs/by-name/live_new"));
        Assert.Contains($"{program.Id}", Names("progs/by-type/xdp"));
        Assert.Contains("live_new", _view.Read("progs.debug"), StringComparison.Ordinal);
        Assert.Contains(Ids("progs.json"), id => id == program.Id);
    }

    [Fact]
    public void A_program_that_was_asked_for_before_it_came_appears_at_once()
    {
        uint next;
        using (BpfProgram last = BpfProgram.Load("live_last")) next = last.Id + 1;
        List<BpfProgram> loaded = [];
        try
        {
            for (uint id = next; id < next + 20; id++) Assert.False(Path.Exists(_view.At($"progs/{id}")));
            for (int i = 0; i < 20; i++)
            {
                loaded.Add(BpfProgram.Load("live_awaited"));
                Assert.Equal("live_awaited\n", File.ReadAllText(_view.Of(loaded[^1], "name")));
            }
        }
        finally
        {
            loaded.ForEach(p => p.Dispose());
        }
    }

    [Fact]
    public void An_unloaded_program_is_ENOENT()
    {
        string directory, name;
        uint id;
        using (BpfProgram program = BpfProgram.Load("live_gone", ProgramType.Xdp))
        {
            (directory, name, id) = (_view.Of(program).TrimEnd('/'), _view.Of(program, "name"), program.Id);
            Assert.Equal("live_gone\n", File.ReadAllText(name));
            Assert.NotEmpty(Directory.GetFiles(directory));
        }
        Assert.True(Poll.Until(() => !Bpf.Ids(ObjectKind.Program).Contains(id)));
        // open and readdir ask the server; what stat(2) says may be a second old
        Assert.Equal("2", Errno($"open(sys.argv[1])", name));
        Assert.DoesNotContain($"{id}", Names("progs"));
        Assert.DoesNotContain("live_gone", Names("progs/by-name"));
        Assert.DoesNotContain(Ids("progs.json"), i => i == id);
        Thread.Sleep(1100);
        Assert.Equal("2", Errno("os.stat(sys.argv[1])", directory));
        Assert.Equal("2", Errno("os.listdir(sys.argv[1])", directory));
        Assert.Equal("2", Errno("os.stat(sys.argv[1])", name));
    }

    [Fact]
    public void A_map_that_is_gone_is_ENOENT()
    {
        string entries;
        uint id;
        using (BpfMap map = BpfMap.Create("live_map", MapType.Hash, 4, 8, 4))
        {
            (id, entries) = (map.Id, _view.Of(map, "entries"));
            Assert.Contains($"{id}", Names("maps"));
            Assert.Equal("", File.ReadAllText(entries));
        }
        Assert.True(Poll.Until(() => !Bpf.Ids(ObjectKind.Map).Contains(id)));
        Assert.Equal("2", Errno("open(sys.argv[1])", entries));
        Assert.DoesNotContain($"{id}", Names("maps"));
    }

    [Fact]
    public void What_is_open_stays_what_it_was()
    {
        BpfProgram program = BpfProgram.Load("live_open", ProgramType.Xdp);
        using FileStream info = new(_view.Of(program, "info"), FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        string before = File.ReadAllText(info.Name);
        uint id = program.Id;
        program.Dispose();
        Assert.True(Poll.Until(() => !Bpf.Ids(ObjectKind.Program).Contains(id)));
        Assert.Equal(before, new StreamReader(info, leaveOpen: true).ReadToEnd());
        // coming back to the start asks the kernel again, as in /proc: there is nothing any more
        Assert.ThrowsAny<IOException>(() => RandomAccess.Read(info.SafeFileHandle, new byte[10], 0));
    }

    [Fact]
    public void An_open_file_holds_neither_program_nor_map()
    {
        BpfMap map = BpfMap.Create("live_held", MapType.Array, 4, 8, 4);
        BpfProgram program = BpfProgram.Load("live_held", ProgramType.SchedCls, Instructions.Use(map));
        string[] files = [_view.Of(program, "info"), _view.Of(program, "json"), _view.Of(map, "info"), _view.Of(map, "progs"), _view.At("progs.json"), _view.At("maps.json")];
        List<FileStream> open = [.. files.Select(File.OpenRead)];
        (uint programId, uint mapId) = (program.Id, map.Id);
        program.Dispose();
        map.Dispose();
        Assert.True(Poll.Until(() => !Bpf.Ids(ObjectKind.Program).Contains(programId) && !Bpf.Ids(ObjectKind.Map).Contains(mapId)));
        open.ForEach(f => f.Dispose());
    }

    [Fact]
    public void Content_is_fresh_at_open_and_at_each_rewind()
    {
        using BpfMap map = BpfMap.Create("live_count", MapType.Hash, 4, 8, 100);
        using FileStream entries = new(_view.Of(map, "entries"), FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using FileStream progs = new(_view.At("progs.debug"), FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        Assert.Equal("", Rewound(entries)); // the first read is what was there at open
        Rewound(progs);
        List<BpfProgram> loaded = [];
        try
        {
            for (uint i = 0; i < 20; i++)
            {
                map.Update(i, i);
                loaded.Add(BpfProgram.Load($"live_fresh_{i}"));
                Assert.Equal((int)i + 1, Rewound(entries).Count(c => c == '\n'));
                Assert.Contains($"live_fresh_{i} ", Rewound(progs), StringComparison.Ordinal);
                Assert.Equal((int)i + 1, File.ReadAllLines(entries.Name).Length);
                Assert.Contains($"live_fresh_{i} ", File.ReadAllText(progs.Name), StringComparison.Ordinal);
                // cp and sendfile go by what fstat says of the file that is open
                Assert.Equal(Rewound(progs).Length, Tool.Run("cat", progs.Name).Bytes.Length);
            }
        }
        finally
        {
            loaded.ForEach(p => p.Dispose());
        }
    }

    [Fact]
    public void One_capture_for_all_reads()
    {
        using FileStream progs = new(_view.At("progs.json"), FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        string before = Rewound(progs);
        using Herd<BpfProgram> more = BpfProgram.LoadMany("live_more", 200);
        byte[] piece = new byte[before.Length - 10];
        Assert.Equal(piece.Length, RandomAccess.Read(progs.SafeFileHandle, piece, 10)); // not from 0: the same capture
        Assert.Equal(before[10..], System.Text.Encoding.UTF8.GetString(piece));
        Assert.Equal(0, RandomAccess.Read(progs.SafeFileHandle, piece, before.Length));
        Assert.Contains("live_more199", Rewound(progs), StringComparison.Ordinal);
    }

    [Fact]
    public void Many_programs()
    {
        using Herd<BpfProgram> herd = BpfProgram.LoadMany("live_many", 5000);
        HashSet<string> names = [.. Names("progs")];
        Assert.All(herd, p => Assert.Contains($"{p.Id}", names));
        HashSet<uint> ids = [.. Ids("progs.json")];
        Assert.All(herd, p => Assert.Contains(p.Id, ids));
        string table = _view.Read("progs.debug");
        Assert.Equal(5000, table.Split('\n').Count(line => line.Contains(" live_many", StringComparison.Ordinal)));
        Assert.Equal("live_many4321\n", _view.Read($"progs/by-name/live_many4321/{herd[4321].Id}/name"));
    }

    [Fact]
    public async Task Listing_while_programs_come_and_go()
    {
        using BpfProgram constant = BpfProgram.Load("live_constant");
        using CancellationTokenSource stop = new();
        Task churn = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested) BpfProgram.LoadMany("live_churn", 20).Dispose();
        });
        for (int i = 0; i < 50; i++)
        {
            Assert.Contains($"{constant.Id}", Names("progs"));
            Assert.Contains(Ids("progs.json"), id => id == constant.Id);
            Assert.Contains("live_constant", _view.Read("progs.debug"), StringComparison.Ordinal);
        }
        ToolResult all = Tool.Shell("find \"$1\" -type f -exec cat {} + 2>&1 >/dev/null | grep -v 'No such file'", _view.At("progs"));
        await stop.CancelAsync();
        await churn;
        Assert.Equal("", all.Output);
    }

    private static string Rewound(FileStream file)
    {
        List<byte> all = [];
        byte[] piece = new byte[65536];
        for (int length; (length = RandomAccess.Read(file.SafeFileHandle, piece, all.Count)) > 0;) all.AddRange(piece.AsSpan(0, length));
        return System.Text.Encoding.UTF8.GetString([.. all]);
    }

    private string[] Names(string directory) => [.. Directory.EnumerateFileSystemEntries(_view.At(directory)).Select(n => Path.GetFileName(n)!)];

    private uint[] Ids(string file) => [.. JsonDocument.Parse(_view.Read(file)).RootElement.EnumerateArray().Select(e => e.GetProperty("id").GetUInt32())];

    /// <summary>The errno of a Python expression, 0 if there is none.</summary>
    private static string Errno(string expression, string path) => Tool.Python(string.Create(CultureInfo.InvariantCulture, $$"""
        import os, sys
        try:
            {{expression}}
            print(0)
        except OSError as e:
            print(e.errno)
        """), path).Succeeded().Output.TrimEnd();
}

public sealed class LiveTests(PlainView view) : LiveTheme(view), IClassFixture<PlainView>;

public sealed class OneProcessorLiveTests(OneProcessorView view) : LiveTheme(view), IClassFixture<OneProcessorView>;

public sealed class RingLiveTests(RingView view) : LiveTheme(view), IClassFixture<RingView>;
