using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>
/// A link of each type that this machine can make (trampolines and kprobes: tests/Kernels). bpftool is the oracle for the types that it knows, the
/// kernel's fdinfo for the others.
/// </summary>
public sealed class LinkTests : IDisposable
{
    private readonly List<IDisposable> _made = [];
    private readonly MountedView _view;
    private readonly Dictionary<string, BpfLink> _links = [];
    private readonly string? _cgroup;

    public LinkTests()
    {
        try
        {
            _links["raw_tracepoint"] = Made(Made(BpfProgram.Load("l_rawtp", ProgramType.RawTracepoint)).AttachRawTracepoint("sys_enter"));
            _links["netns"] = Made(Links.Netns(Made(BpfProgram.Load("l_lookup", ProgramType.SkLookup, Return(1)))));
            _links["xdp"] = Made(Links.Xdp(Made(BpfProgram.Load("l_xdp", ProgramType.Xdp, Return(2))), 1));
            _links["tcx"] = Made(Links.Tcx(Made(BpfProgram.Load("l_tcx", ProgramType.SchedCls, Return(-1))), 1));
            _links["netfilter"] = Made(Links.Netfilter(Made(BpfProgram.Load("l_nf", (ProgramType)32, Return(1), attachType: Links.BPF_NETFILTER)), 77));
            _links["perf_event"] = Made(Links.PerfEvent(Made(BpfProgram.Load("l_perf", ProgramType.PerfEvent)), 4711));
            BpfMap sockmap = Made(BpfMap.Create("l_sockmap", (MapType)15, 4, 8, 4));
            _links["sockmap"] = Made(Links.Sockmap(Made(BpfProgram.Load("l_verdict", ProgramType.SkSkb, Return(1))), sockmap));
            _links["uprobe_multi"] = Made(Links.Uprobe(
                Made(BpfProgram.Load("l_uprobe", ProgramType.Kprobe, attachType: Links.BPF_TRACE_UPROBE_MULTI)), "/bin/true", 0x2000));
            if (Mounts.Cgroup2 is { } root)
            {
                _cgroup = Directory.CreateDirectory(Path.Combine(root, $"bpffs-view-{Environment.ProcessId}")).FullName;
                _links["cgroup"] = Made(Links.Cgroup(Made(BpfProgram.Load("l_egress", ProgramType.CgroupSkb, Return(1))), _cgroup));
            }
            _view = Made(new MountedView());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    [Fact]
    public void Every_key_of_bpftool_has_the_same_value()
    {
        JsonElement[] expected = [.. JsonDocument.Parse(Tool.Run("bpftool", "-j", "link", "show").Output).RootElement.EnumerateArray()];
        var bulk = JsonDocument.Parse(_view.Read("links.json")).RootElement.EnumerateArray().ToDictionary(l => l.GetProperty("id").GetUInt32());
        foreach (BpfLink link in _links.Values)
        {
            JsonElement wanted = expected.Single(l => l.GetProperty("id").GetUInt32() == link.Id);
            foreach (JsonElement got in (JsonElement[])[bulk[link.Id], JsonDocument.Parse(_view.Read($"links/{link.Id}/json")).RootElement])
            {
                foreach (JsonProperty property in wanted.EnumerateObject())
                {
                    if (property.Name is "pids" or "pinned") continue; // group tier: files of their own
                    // what bpftool knows only by its number, the view names
                    if (property.Name is "type" or "attach_type" && property.Value.ValueKind == JsonValueKind.Number) continue;
                    Assert.True(got.TryGetProperty(property.Name, out JsonElement value), $"{wanted}: no {property.Name} in {got}");
                    Assert.Equal($"{property.Value}", $"{value}");
                }
            }
        }
    }

    [Fact]
    public void The_kernels_fdinfo_says_the_same()
    {
        foreach ((string type, BpfLink link) in _links)
        {
            var fdinfo = File.ReadAllLines($"/proc/self/fdinfo/{link.Fd}").Select(l => l.Split(":\t", 2)).Where(l => l.Length == 2)
                .GroupBy(l => l[0]).ToDictionary(g => g.Key, g => g.First()[1].Trim());
            Assert.Equal(type, Field(link, "type"));
            Assert.Equal(fdinfo["link_id"], Field(link, "id"));
            Assert.Equal(fdinfo["prog_id"], Field(link, "prog_id"));
            foreach (string name in (string[])["ifindex", "cgroup_id", "netns_ino", "map_id", "prog_id"])
            {
                if (fdinfo.TryGetValue(name, out string? value)) Assert.Equal(value, Field(link, name));
            }
        }
    }

    [Theory]
    [InlineData("raw_tracepoint", "sys_enter", "tracepoint")]
    [InlineData("xdp", "lo", "device")]
    [InlineData("tcx", "lo", "device")]
    [InlineData("uprobe_multi", "/bin/true", "function")]
    public void A_person_is_told_the_target(string type, string target, string kind)
    {
        BpfLink link = _links[type];
        string told = File.ReadAllText(_view.At($"links/{link.Id}/target")).TrimEnd('\n');
        Assert.EndsWith(target, told, StringComparison.Ordinal); // the kernel's path of a uprobe may be the resolved one
        Assert.Contains(JsonDocument.Parse(_view.Read("attachments.json")).RootElement.EnumerateArray(), a =>
            a.TryGetProperty("link_id", out JsonElement id) && id.GetUInt32() == link.Id
            && a.GetProperty("kind").GetString() == kind && a.GetProperty("target").GetString()!.EndsWith(target, StringComparison.Ordinal));
    }

    [Fact]
    public void Fields_of_each_type()
    {
        Assert.Equal("tcx_ingress", Field(_links["tcx"], "attach_type"));
        Assert.Equal("lo", Field(_links["tcx"], "devname"));
        Assert.Equal("77", Field(_links["netfilter"], "prio"));
        Assert.Equal("2", Field(_links["netfilter"], "pf"));
        Assert.Equal("event", Field(_links["perf_event"], "event_type"));
        Assert.Equal("4711", Field(_links["perf_event"], "cookie"));
        Assert.Equal("sk_lookup", Field(_links["netns"], "attach_type"));
        Assert.Equal("sk_skb_verdict", Field(_links["sockmap"], "attach_type"));
        Assert.Equal("1", Field(_links["uprobe_multi"], "func_cnt"));
        if (_cgroup is not null) Assert.Equal("/" + Path.GetFileName(_cgroup), Field(_links["cgroup"], "cgroup_path"));
        Assert.False(File.Exists(_view.At($"links/{_links["tcx"].Id}/tp_name"))); // what a type does not have is not there
    }

    [Fact]
    public void The_link_leads_to_its_program()
    {
        foreach (BpfLink link in _links.Values)
        {
            string prog = new DirectoryInfo(_view.At($"links/{link.Id}/prog")).ResolveLinkTarget(returnFinalTarget: false)!.Name;
            Assert.Equal(Field(link, "prog_id"), prog);
            Assert.Contains($"{link.Id}", _view.Read($"progs/{prog}/attached"), StringComparison.Ordinal);
        }
    }

    public void Dispose()
    {
        foreach (IDisposable made in Enumerable.Reverse(_made)) made.Dispose();
        if (_cgroup is not null) Poll.Until(() => TryRemove(_cgroup), 5);
    }

    private static bool TryRemove(string cgroup)
    {
        try
        {
            Directory.Delete(cgroup);
            return true;
        }
        catch (IOException)
        {
            return false; // its program goes after a grace period
        }
    }

    private string Field(BpfLink link, string name) => _view.Read($"links/{link.Id}/{name}").TrimEnd('\n');

    private T Made<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }
}
