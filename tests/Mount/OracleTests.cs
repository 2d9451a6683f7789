using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>bpftool knows the same objects: whatever it prints, the view says too, by the same key and with the same value.</summary>
public abstract class OracleTestsBase(ZooView fixture)
{
    private static readonly string[] s_ofTheGroup = ["pids", "pinned"]; // files of their own: HoldersTests compares them
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Theory]
    [InlineData("prog", "progs")]
    [InlineData("map", "maps")]
    [InlineData("btf", "btf")]
    public void Every_key_of_bpftool_has_the_same_value(string kind, string directory)
    {
        // Statistics and memory of objects that are in use change; and others may come and go between the two readings.
        string[] differences = [];
        Assert.True(Poll.Until(() => (differences = Differences(kind, directory)).Length == 0, 5), string.Join('\n', differences));
    }

    private string[] Differences(string kind, string directory)
    {
        Dictionary<uint, JsonElement> expected = ById(Bpftool(kind));
        Dictionary<uint, JsonElement> bulk = ById(JsonDocument.Parse(_view.Read($"{directory}.json")).RootElement);
        HashSet<uint> still = [.. ById(Bpftool(kind)).Keys];
        List<string> differences = [];
        foreach ((uint id, JsonElement wanted) in expected)
        {
            if (!still.Contains(id)) continue;
            if (!bulk.TryGetValue(id, out JsonElement inBulk))
            {
                differences.Add($"{kind} {id} is not in {directory}.json");
                continue;
            }
            string one = _view.At($"{directory}/{id}/json");
            JsonElement alone = File.Exists(one) ? JsonDocument.Parse(File.ReadAllText(one)).RootElement : JsonDocument.Parse("{}").RootElement;
            if (!Compare("", wanted, inBulk).Concat(Compare("", wanted, alone)).Any()) continue;
            // bpftool lists all maps with one struct bpf_map_info, and Linux 6.18 returns in it what the map before had: it says a btf_id of
            // maps that have none. Asked for one map alone it is right.
            JsonElement again = Bpftool(kind, "id", $"{id}");
            if (again.ValueKind == JsonValueKind.Array) again = again[0]; // so it is of BTF
            if (again.TryGetProperty("error", out _)) continue; // gone meanwhile
            differences.AddRange(Compare($"{directory}.json: {kind} {id}", again, inBulk));
            differences.AddRange(Compare(one, again, alone));
        }
        return [.. differences];
    }

    private static JsonElement Bpftool(string kind, params string[] selection) =>
        JsonDocument.Parse(Tool.Run("bpftool", ["-j", kind, "show", .. selection]).Output).RootElement;

    private static Dictionary<uint, JsonElement> ById(JsonElement array) => array.EnumerateArray().ToDictionary(e => e.GetProperty("id").GetUInt32());

    private static IEnumerable<string> Compare(string what, JsonElement wanted, JsonElement got)
    {
        foreach (JsonProperty property in wanted.EnumerateObject())
        {
            if (s_ofTheGroup.Contains(property.Name)) continue;
            if (!got.TryGetProperty(property.Name, out JsonElement value)) yield return $"{what} has no {property.Name}: {property.Value}";
            else if (!Same(property.Value, value)) yield return $"{what}: {property.Name} is {value}, bpftool says {property.Value}";
        }
    }

    private static bool Same(JsonElement a, JsonElement b) => a.ValueKind == JsonValueKind.Array && b.ValueKind == JsonValueKind.Array
        ? a.EnumerateArray().Select(e => e.GetRawText()).Order().SequenceEqual(b.EnumerateArray().Select(e => e.GetRawText()).Order())
        : JsonElement.DeepEquals(a, b);

    [Fact]
    public void The_zoo_is_in_both()
    {
        HashSet<uint> progs = [.. ById(JsonDocument.Parse(_view.Read("progs.json")).RootElement).Keys];
        HashSet<uint> maps = [.. ById(JsonDocument.Parse(_view.Read("maps.json")).RootElement).Keys];
        Assert.All(_zoo.Programs, p => Assert.Contains(p.Id, progs));
        Assert.All(_zoo.Maps, m => Assert.Contains(m.Id, maps));
    }

    [Fact]
    public void Owner_and_frozen_show()
    {
        JsonElement tail = Json(_view.Of(_zoo.Map("zoo_tail"), "json"));
        Assert.Equal("xdp", tail.GetProperty("owner_prog_type").GetString());
        Assert.Equal(1, Json(_view.Of(_zoo.Map("zoo_frozen"), "json")).GetProperty("frozen").GetInt32());
        Assert.False(Json(_view.Of(_zoo.Map("zoo_unowned"), "json")).TryGetProperty("owner_prog_type", out _));
        Assert.False(Json(_view.Of(_zoo.Program("zoo_not_gpl"), "json")).GetProperty("gpl_compatible").GetBoolean());
    }

    [Fact]
    public void A_long_name_is_whole()
    {
        uint id = _zoo.Btf.ProgramId("a_function_with_a_very_long_name");
        Assert.Equal("a_function_with_a_very_long_name\n", _view.Read($"progs/{id}/name"));
    }

    [Fact]
    public void Every_json_file_parses()
    {
        string[] all = Directory.GetFiles(_view.Root, "*.json");
        string[] files = [.. all, .. _zoo.Programs.Select(p => _view.Of(p, "json")), .. _zoo.Maps.Select(m => _view.Of(m, "json"))];
        foreach (string file in files)
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(file));
            JsonElement[] objects = document.RootElement.ValueKind == JsonValueKind.Array ? [.. document.RootElement.EnumerateArray()] : [document.RootElement];
            foreach (JsonElement one in objects)
            {
                string[] keys = [.. one.EnumerateObject().Select(p => p.Name)];
                Assert.Equal(keys.Length, keys.Distinct().Count());
            }
        }
        Assert.InRange(all.Length, 2, 100);
        Tool.Shell("for f in \"$@\"; do /usr/bin/python3 -m json.tool \"$f\" >/dev/null || exit 1; done", [.. all, _view.Of(_zoo.User, "json"), _view.Of(_zoo.Map("zoo_tail"), "json")]).Succeeded();
    }

    [Fact]
    public void Runs_are_counted()
    {
        using BpfProgram program = BpfProgram.Load("counted");
        Assert.False(Path.Exists(_view.Of(program, "run_cnt")));
        using (Bpf.EnableStatistics()) program.Run(1000);
        JsonElement shown = ById(JsonDocument.Parse(_view.Read("progs.stats.json")).RootElement)[program.Id];
        Assert.Equal(1000, shown.GetProperty("run_cnt").GetInt64());
        Assert.InRange(shown.GetProperty("run_time_ns").GetInt64(), 1, long.MaxValue);
        Assert.Equal("1000\n", File.ReadAllText(_view.Of(program, "run_cnt")));
        JsonElement wanted = ById(Bpftool("prog"))[program.Id];
        Assert.Empty(Compare("run", wanted, shown));
    }

    [Fact]
    public void Recursion_misses_are_counted()
    {
        // A fault in the handler of faults: it runs within itself, which the kernel does not let it. Address 8 is nobody's.
        ulong[] reads = [Copy(1, 10), Add(1, -8), Set(2, 8), Set(3, 8), Call(112 /* bpf_probe_read_user */), .. Return()];
        using BpfProgram program = BpfProgram.Load("recursive", ProgramType.RawTracepoint, reads);
        using (Bpf.EnableStatistics())
        using (program.AttachRawTracepoint("page_fault_kernel"))
        {
            for (int i = 0; i < 10; i++) program.Run();
        }
        JsonElement wanted = ById(Bpftool("prog"))[program.Id];
        Assert.InRange(wanted.GetProperty("recursion_misses").GetInt64(), 10, long.MaxValue);
        Assert.Empty(Compare("recursion", wanted, ById(JsonDocument.Parse(_view.Read("progs.stats.json")).RootElement)[program.Id]));
    }

    private static JsonElement Json(string path) => JsonDocument.Parse(File.ReadAllBytes(path)).RootElement;
}

/// <summary>With all programs that this kernel takes.</summary>
public sealed class OracleTests(ZooView fixture) : OracleTestsBase(fixture), IClassFixture<ZooView>
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Fact]
    public void Declarations_are_bpftools()
    {
        string held = File.ReadLines(_view.At($"pids/{_view.ProcessId}")).First(l => l.StartsWith("prog ", StringComparison.Ordinal)).Split(' ')[1];
        string own = _view.Read($"progs/{held}/btf_id").TrimEnd('\n');
        string fixture = _view.Read($"progs/{_zoo.Btf.ProgramId("a_function_with_a_very_long_name")}/btf_id").TrimEnd('\n');
        foreach (string btf in (string[])[own, fixture, "1"])
        {
            string wanted = BpftoolC.Of("id", btf);
            Assert.Equal(wanted, BpftoolC.AsWrittenBy(wanted, _view.Read($"btf/{btf}/c")));
        }
    }
}

/// <summary>With none: bpftool has no more than bpf(2) and fdinfo either.</summary>
public sealed class OracleWithoutProgramsTests(ZooViewWithoutPrograms fixture) : OracleTestsBase(fixture), IClassFixture<ZooViewWithoutPrograms>;
