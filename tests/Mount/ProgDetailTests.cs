using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>What the kernel knows of a program and bpf(2) does not tell.</summary>
public sealed class ProgDetailTests(ProgDetailTests.Fixture fixture) : IClassFixture<ProgDetailTests.Fixture>
{
    private readonly MountedView _view = fixture.View;
    private readonly BtfObject _code = fixture.Code;

    public sealed class Fixture : ZooView
    {
        public BtfObject Code { get; } = new("code");
    }

    [Fact]
    public void Functions_have_names()
    {
        string directory = $"progs/{_code.ProgramId("code_main")}";
        string[] names = ["code_main", "code_static", "code_global", "code_each"];
        Assert.Equal(string.Join(' ', names) + "\n", _view.Read($"{directory}/subprogs"));
        Assert.Contains($"subprogs:\t{string.Join(' ', names)}\n", _view.Read($"{directory}/info"), StringComparison.Ordinal);
        Assert.Equal($"{names.Length}\n", _view.Read($"{directory}/func_cnt"));
        JsonElement bulk = JsonDocument.Parse(_view.Read("progs.json")).RootElement.EnumerateArray().Single(p => $"progs/{p.GetProperty("id")}" == directory);
        foreach (JsonElement json in (JsonElement[])[JsonDocument.Parse(_view.Read($"{directory}/json")).RootElement, bulk])
        {
            Assert.Equal(names, json.GetProperty("subprogs").EnumerateArray().Select(n => n.GetString()));
        }
        // The linker's order of functions, as the instructions have it: each call of one has its symbol in xlated.
        foreach (string name in names[1..]) Assert.Contains($"_{name}\n", _view.Read($"{directory}/xlated"), StringComparison.Ordinal);
        Assert.False(File.Exists(_view.At($"progs/{_code.ProgramId("code_alone")}/subprogs")));
        Assert.False(File.Exists(_view.Of(fixture.Zoo.User, "subprogs")));
    }

    [KernelFact("bpf_rcu_read_lock", "the kfunc bpf_rcu_read_lock", "6.2")]
    public void Kernel_functions_have_names()
    {
        Assert.Equal("bpf_rcu_read_lock\nbpf_rcu_read_unlock\n", _view.Read($"progs/{_code.ProgramId("code_main")}/kfuncs"));
        Assert.False(File.Exists(_view.At($"progs/{_code.ProgramId("code_alone")}/kfuncs")));
        Assert.Equal(0, Tool.AsNobody("cat \"$1\"", _view.At($"progs/{_code.ProgramId("code_main")}/kfuncs")).Code);
    }

    [KernelFact("bpf_arena_alloc_pages", "the arena", "6.9")]
    public void An_arena_is_named()
    {
        using BpfMap arena = BpfMap.Create("d_arena", (MapType)33, 0, 0, 1, 1 << 10, extra: 1UL << 44);
        using BpfProgram program = BpfProgram.Load("d_arena", ProgramType.RawTracepoint, [.. LoadMap(1, arena), .. Return()]);
        Assert.Equal($"{arena.Id}\n", File.ReadAllText(_view.Of(program, "arena_id")));
        Assert.False(File.Exists(_view.Of(fixture.Zoo.User, "arena_id")));
    }

    [Fact]
    public void Memory_is_that_of_all_its_parts()
    {
        uint id = _code.ProgramId("code_main");
        JsonElement json = JsonDocument.Parse(_view.Read($"progs/{id}/json")).RootElement;
        Dictionary<string, long> parts = File.ReadAllLines(_view.At($"progs/{id}/memory")).Select(l => l.TrimStart().Split(' ', 2)).ToDictionary(p => p[1], p => long.Parse(p[0], null));
        Assert.Equal(json.GetProperty("bytes_memlock").GetInt64(), parts["xlated"]);
        Assert.Equal(json.GetProperty("bytes_jited").GetInt64(), parts["jited"]);
        Assert.Equal(json.GetProperty("func_cnt").GetInt64() * 8, parts["func_info"]);
        Assert.Equal(json.GetProperty("line_info_cnt").GetInt64() * 24, parts["line_info"]);
        uint btf = json.GetProperty("btf_id").GetUInt32();
        Assert.Equal(_view.Read($"btf/{btf}/size"), $"{parts[$"btf {btf}"]}\n");
        uint[] maps = [.. json.GetProperty("map_ids").EnumerateArray().Select(m => m.GetUInt32())];
        Assert.NotEmpty(maps);
        foreach (uint map in maps)
        {
            Assert.Equal(_view.Read($"maps/{map}/bytes_memlock"), $"{parts[$"map {map} {_view.Read($"maps/{map}/name").TrimEnd('\n')}"]}\n");
        }
        Assert.Equal(4 + 1 + maps.Length + 1, parts.Count);
        Assert.Equal(parts.Where(p => p.Key != "total").Sum(p => p.Value), parts["total"]);
    }

    [Fact]
    public void Runs_are_counted_for_the_whole_mount()
    {
        string before = File.ReadAllText("/proc/sys/kernel/bpf_stats_enabled");
        using MountedView view = new(new ViewOptions { Arguments = ["-o", "stats"] });
        Assert.Equal(before, File.ReadAllText("/proc/sys/kernel/bpf_stats_enabled"));
        Assert.Single(Directory.EnumerateFileSystemEntries($"/proc/{view.ProcessId}/fd"), fd => new FileInfo(fd).LinkTarget == "anon_inode:bpf-stats");
        using BpfProgram program = BpfProgram.Load("d_counted");
        program.Run(1000);
        Assert.Equal("1000\n", File.ReadAllText(view.Of(program, "run_cnt")));
        Dictionary<string, long> stats = File.ReadAllLines(view.Of(program, "stats")).Select(l => l.Split(":\t")).ToDictionary(p => p[0], p => long.Parse(p[1], null));
        Assert.Equal(1000, stats["run_cnt"]);
        Assert.Equal(stats["run_time_ns"] / 1000, stats["avg_run_ns"]);
        Assert.Contains("--stats", ViewBinary.Run("--help").Output, StringComparison.Ordinal);
    }
}
