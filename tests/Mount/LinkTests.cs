using System.Globalization;
using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>
/// A link of each type that this machine can make (trampolines and kprobes: tests/Kernels). bpftool is the oracle for the types that it knows, the
/// kernel's fdinfo for the others.
/// </summary>
public sealed class LinkTests : IDisposable
{
    private const string Probed = "/bin/true";
    private static readonly ulong s_cookie = KernelRelease.IsBefore("6.10") ? 0u : 815; // of raw tracepoints: commit 68ca5d4eebb8
    private readonly List<IDisposable> _made = [];
    private readonly MountedView _view;
    private readonly Dictionary<string, BpfLink> _links = [];
    private readonly BpfMap _map;
    private readonly string? _cgroup;

    /// <summary>Keys are types, followed by what is particular.</summary>
    public LinkTests()
    {
        try
        {
            _links["raw_tracepoint"] = Made(Made(BpfProgram.Load("l_rawtp", ProgramType.RawTracepoint)).AttachRawTracepoint("sys_enter", s_cookie));
            _links["netns"] = Made(Links.Netns(Made(BpfProgram.Load("l_lookup", ProgramType.SkLookup, Return(1)))));
            _links["xdp"] = Made(Links.Xdp(Made(BpfProgram.Load("l_xdp", ProgramType.Xdp, Return(2))), 1));
            if (!KernelNames.Lacks("BPF_TCX_INGRESS", "6.6")) _links["tcx"] = Made(Links.Tcx(Made(BpfProgram.Load("l_tcx", ProgramType.SchedCls, Return(-1))), 1));
            if (!KernelNames.Lacks("BPF_NETFILTER", "6.4"))
                _links["netfilter"] = Made(Links.Netfilter(Made(BpfProgram.Load("l_nf", (ProgramType)32, Return(1), attachType: Links.BPF_NETFILTER)), 77));
            _links["perf_event"] = Made(Links.PerfEvent(Made(BpfProgram.Load("l_perf", ProgramType.PerfEvent)), 4711));
            _links["perf_event tracepoint"] = Made(Links.Tracepoint(Made(BpfProgram.Load("l_tp", ProgramType.Tracepoint)), "sched/sched_switch", 12));
            _links["perf_event syscall"] = Made(Links.Tracepoint(Made(BpfProgram.Load("l_sys", ProgramType.Tracepoint)), "syscalls/sys_enter_openat", 0));
            BpfProgram probe = Made(BpfProgram.Load("l_uprobe", ProgramType.Kprobe));
            _links["perf_event uprobe"] = Made(Links.PerfUprobe(probe, 13, Probed, 0x2000, isReturn: false));
            _links["perf_event uretprobe"] = Made(Links.PerfUprobe(probe, 0, Probed, 0x2010, isReturn: true));
            if (!KernelNames.Lacks("BPF_LINK_TYPE_SOCKMAP", "6.10"))
            {
                BpfMap sockmap = Made(BpfMap.Create("l_sockmap", (MapType)15, 4, 8, 4));
                _links["sockmap"] = Made(Links.Sockmap(Made(BpfProgram.Load("l_verdict", ProgramType.SkSkb, Return(1))), sockmap));
            }
            if (!KernelNames.Lacks("BPF_TRACE_UPROBE_MULTI", "6.6"))
            {
                BpfProgram uprobes = Made(BpfProgram.Load("l_uprobes", ProgramType.Kprobe, attachType: Links.BPF_TRACE_UPROBE_MULTI));
                _links["uprobe_multi"] = Made(Links.Uprobe(uprobes, Probed, [0x2000, 0x2010, 0x2020], [7, 0, 9]));
                _links["uprobe_multi return"] = Made(Links.Uprobe(uprobes, Probed, [0x2030], [0], isReturn: true));
            }

            _map = Made(BpfMap.Create("l_map", MapType.Hash, 4, 8, 4));
            if (KernelRefuses.Iterator("bpf_map_elem") is null) _links["iter map"] = Made(Links.Iter(Made(Links.IterProgram("l_elem", "bpf_map_elem")), new() { map_fd = (uint)_map.Fd }));
            BpfProgram tasks = Made(Links.IterProgram("l_task", "task"));
            _links["iter"] = Made(Links.Iter(tasks));
            _links["iter tid"] = Made(Links.Iter(tasks, new() { tid = (uint)Environment.ProcessId }));
            _links["iter pid"] = Made(Links.Iter(tasks, new() { pid = (uint)Environment.ProcessId }));
            if (Mounts.Cgroup2 is { } root)
            {
                _cgroup = Directory.CreateDirectory(Path.Combine(root, $"bpffs-view-{Environment.ProcessId}")).FullName;
                _links["cgroup"] = Made(Links.Cgroup(Made(BpfProgram.Load("l_egress", ProgramType.CgroupSkb, Return(1))), _cgroup));
                _links["iter cgroup"] = Made(Links.Iter(
                    Made(Links.IterProgram("l_cgroup", "cgroup")), new() { cgroup_order = 2, cgroup_id = ulong.Parse(FdInfo(_links["cgroup"])["cgroup_id"], null) }));
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
            foreach (JsonElement got in (JsonElement[])[bulk[link.Id], Json(link)])
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
        int compared = 0;
        foreach ((string name, BpfLink link) in _links)
        {
            Dictionary<string, string> fdinfo = FdInfo(link);
            Assert.Equal(name.Split(' ')[0], Field(link, "type"));
            Assert.Equal(fdinfo["link_id"], Field(link, "id"));
            foreach (string key in (string[])["prog_id", "ifindex", "cgroup_id", "netns_ino", "map_id", "map_name", "target_name", "tp_name", "pf", "hook", "prio", "cookie", "name", "path", "uprobe_cnt", "offset"])
            {
                if (!fdinfo.TryGetValue(key, out string? value) || value == "0") continue;
                string field = key switch
                {
                    "tp_name" when name.StartsWith("perf_event", StringComparison.Ordinal) => "tracepoint",
                    "name" => "file",
                    "uprobe_cnt" => "func_cnt",
                    _ => key,
                };
                if (value.StartsWith("0x", StringComparison.Ordinal)) value = $"{Convert.ToUInt64(value, 16)}";
                Assert.Equal((name, field, value), (name, field, Field(link, field)));
                compared++;
            }
        }
        Assert.True(compared >= _links.Count * 3 / 2, $"{compared} compared");
    }

    [Fact]
    public void The_attachments_name_the_target()
    {
        JsonElement[] attachments = [.. JsonDocument.Parse(_view.Read("attachments.json")).RootElement.EnumerateArray()];
        foreach ((string type, string target, string kind) in ((string, string, string)[])
        [
            ("raw_tracepoint", "sys_enter", "tracepoint"),
            ("xdp", "lo", "device"),
            ("tcx", "lo", "device"),
            ("uprobe_multi", Probed + "+0x2000 and 2 more", "function"),
            ("netfilter", "ip input", "netfilter"),
            ("perf_event tracepoint", "sched_switch", "perf_event"),
            ("perf_event uprobe", Probed + "+0x2000", "perf_event"),
            ("perf_event uretprobe", Probed + "+0x2010", "perf_event"),
        ])
        {
            if (!_links.TryGetValue(type, out BpfLink? link)) continue; // an older kernel
            Assert.Contains(attachments, a => a.TryGetProperty("link_id", out JsonElement id) && id.GetUInt32() == link.Id
                && a.GetProperty("kind").GetString() == kind && a.GetProperty("target").GetString()!.EndsWith(target, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void A_person_is_told_the_target()
    {
        string netns = Field(_links["netns"], "netns_ino");
        Dictionary<string, string> told = new()
        {
            ["raw_tracepoint"] = "sys_enter",
            ["netns"] = $"netns:{netns}",
            ["xdp"] = "lo",
            ["tcx"] = "lo",
            ["netfilter"] = "ip input prio 77",
            ["perf_event"] = "software:cpu-clock",
            ["perf_event tracepoint"] = "tracepoint sched_switch",
            ["perf_event syscall"] = "tracepoint sys_enter_openat",
            ["perf_event uprobe"] = $"uprobe {Probed}+0x2000",
            ["perf_event uretprobe"] = $"uretprobe {Probed}+0x2010",
            ["iter"] = "task",
            ["iter map"] = $"bpf_map_elem map:{_map.Id} l_map",
            ["iter tid"] = $"task tid:{Environment.ProcessId}",
            ["iter pid"] = $"task pid:{Environment.ProcessId}",
            ["cgroup"] = $"cgroup:/{Path.GetFileName(_cgroup)}",
            ["iter cgroup"] = $"cgroup cgroup:/{Path.GetFileName(_cgroup)} descendants_pre",
        };
        if (_links.TryGetValue("sockmap", out BpfLink? sockmap)) told["sockmap"] = $"map:{Field(sockmap, "map_id")} l_sockmap";
        if (_links.TryGetValue("uprobe_multi", out BpfLink? uprobes))
        {
            told["uprobe_multi"] = $"{Field(uprobes, "path")}+0x2000 and 2 more";
            told["uprobe_multi return"] = $"{Field(uprobes, "path")}+0x2030";
        }
        string[] table = _view.Read("links.debug").Split('\n'), pin = File.ReadAllLines(Path.Combine(_view.PinDirectory, "links"));
        Assert.Subset(told.Keys.ToHashSet(), _links.Keys.ToHashSet());
        foreach ((string name, BpfLink link) in _links)
        {
            Assert.Equal((name, told[name]), (name, Field(link, "target")));
            string start = $"{link.Id,4} {name.Split(' ')[0],-14} ";
            Assert.EndsWith(" " + told[name], Assert.Single(table, l => l.StartsWith(start, StringComparison.Ordinal)), StringComparison.Ordinal);
            string attached = _view.Read($"progs/{Field(link, "prog_id")}/attached");
            Assert.Single(attached.Split('\n'), l => l.EndsWith($" link {link.Id}", StringComparison.Ordinal));
            // the kernel prints it without us, in simpler words, but not nothing
            Assert.Matches("^ *[0-9]+ +[a-z_]+ +l_[a-z]+ +[^ ]", Assert.Single(pin, l => l.StartsWith(start, StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void Fields_of_each_type()
    {
        Dictionary<string, string> expected = new()
        {
            ["raw_tracepoint"] = $"tp_name=sys_enter{(s_cookie == 0 ? "" : $" cookie={s_cookie}")}",
            ["netns"] = "attach_type=sk_lookup",
            ["xdp"] = "devname=lo ifindex=1",
            ["tcx"] = "devname=lo ifindex=1 attach_type=tcx_ingress",
            ["netfilter"] = "pf=2 pf_name=ip hook=1 hook_name=input prio=77 flags=0x0",
            ["perf_event"] = "perf_event_type=event event_type=software event_config=cpu-clock cookie=4711",
            ["perf_event tracepoint"] = "perf_event_type=tracepoint tracepoint=sched_switch cookie=12",
            ["perf_event syscall"] = "perf_event_type=tracepoint tracepoint=sys_enter_openat",
            ["perf_event uprobe"] = $"perf_event_type=uprobe file={Probed} offset=8192 retprobe=false cookie=13",
            ["perf_event uretprobe"] = $"perf_event_type=uretprobe file={Probed} offset=8208 retprobe=true",
            ["sockmap"] = "attach_type=sk_skb_verdict map_name=l_sockmap",
            ["uprobe_multi"] = "func_cnt=3 retprobe=false",
            ["uprobe_multi return"] = "func_cnt=1 retprobe=true",
            ["iter"] = "target_name=task",
            ["iter map"] = $"target_name=bpf_map_elem map_id={_map.Id} map_name=l_map",
            ["iter tid"] = $"target_name=task tid={Environment.ProcessId}",
            ["iter pid"] = $"target_name=task pid={Environment.ProcessId}",
            ["cgroup"] = $"attach_type=cgroup_inet_egress cgroup_path=/{Path.GetFileName(_cgroup)}",
            ["iter cgroup"] = $"target_name=cgroup order=descendants_pre cgroup_path=/{Path.GetFileName(_cgroup)}",
        };
        foreach ((string name, BpfLink link) in _links)
        {
            foreach (string[] field in expected[name].Split(' ').Select(f => f.Split('='))) Assert.Equal((name, field[0], field[1]), (name, field[0], Field(link, field[0])));
        }
        foreach (string name in _links.Keys.Intersect(["xdp", "tcx", "netfilter"])) Assert.Equal(Field(_links["netns"], "netns_ino"), Field(_links[name], "netns_ino"));
        foreach (string absent in (string[])["tp_name", "cookie", "funcs", "error", "pid"]) // what a type does not have is not there
            Assert.False(File.Exists(_view.At($"links/{_links["xdp"].Id}/{absent}")));
        Assert.False(Json(_links["xdp"]).TryGetProperty("error", out _));
    }

    [KernelFact("BPF_TRACE_UPROBE_MULTI", "a link of several uprobes", "6.6")]
    public void Several_functions_are_listed_each()
    {
        Assert.Equal("0x2000 cookie:7, 0x2010, 0x2020 cookie:9", Field(_links["uprobe_multi"], "funcs"));
        Assert.Equal(
            """[{"offset":8192,"ref_ctr_offset":0,"cookie":7},{"offset":8208,"ref_ctr_offset":0,"cookie":0},{"offset":8224,"ref_ctr_offset":0,"cookie":9}]""",
            Json(_links["uprobe_multi"]).GetProperty("funcs").GetRawText());
    }

    [Fact]
    public void The_link_leads_to_its_program()
    {
        foreach (BpfLink link in _links.Values)
        {
            string prog = new DirectoryInfo(_view.At($"links/{link.Id}/prog")).ResolveLinkTarget(returnFinalTarget: false)!.Name;
            Assert.Equal(Field(link, "prog_id"), prog);
            Assert.Contains($"{link.Id}", _view.Read($"progs/{prog}/links").Split('\n'));
        }
    }

    [Fact]
    public void A_link_in_another_network_namespace_says_so()
    {
        string name = $"bpffs-view-{Environment.ProcessId}";
        Tool.Run("ip", "netns", "add", name).Succeeded();
        try
        {
            string inode = Tool.Shell("stat -L -c %i /run/netns/$1", name).Succeeded().Output.Trim();
            BpfProgram program = Made(BpfProgram.Load("l_away", ProgramType.Xdp, Return(2)));
            using BpfLink link = Links.Inside(name, () => Links.Xdp(program, 1));
            Assert.Equal(inode, Field(link, "netns_ino"));
            Assert.Equal("lo", Field(link, "devname"));
            Assert.Equal($"lo netns:{inode}", Field(link, "target"));
        }
        finally
        {
            Tool.Run("ip", "netns", "delete", name);
        }
    }

    [Fact]
    public void A_link_whose_device_is_gone_says_so()
    {
        string name = $"bv{Environment.ProcessId}";
        Tool.Run("ip", "link", "add", name, "type", "veth", "peer", "name", $"{name}p").Succeeded();
        try
        {
            int device = int.Parse(File.ReadAllText($"/sys/class/net/{name}/ifindex"), CultureInfo.InvariantCulture);
            List<BpfLink> links = [Made(Links.Xdp(Made(BpfProgram.Load("l_gone_xdp", ProgramType.Xdp, Return(2))), device))];
            if (_links.ContainsKey("tcx")) links.Add(Made(Links.Tcx(Made(BpfProgram.Load("l_gone_tcx", ProgramType.SchedCls, Return(-1))), device)));
            foreach (BpfLink link in links) Assert.Equal(name, Field(link, "target"));
            Tool.Run("ip", "link", "delete", name).Succeeded();
            foreach (BpfLink link in links)
            {
                Assert.Equal("device removed", Field(link, "target"));
                Assert.Equal("0", Field(link, "ifindex"));
                Assert.False(File.Exists(_view.At($"links/{link.Id}/devname")));
            }
        }
        finally
        {
            Tool.Run("ip", "link", "delete", name);
        }
    }

    [Fact]
    public void A_link_that_cannot_be_read_is_listed_with_its_error()
    {
        // The server has as many descriptors as it may have, and one more: for the iterator, but not for a link.
        HashSet<int> open = [.. Directory.GetFiles($"/proc/{_view.ProcessId}/fd").Select(f => int.Parse(Path.GetFileName(f), null))];
        int free = Enumerable.Range(0, open.Count + 1).First(fd => !open.Contains(fd));
        string before = Tool.Run("prlimit", "--pid", $"{_view.ProcessId}", "--nofile", "--output", "SOFT", "--noheadings").Succeeded().Output.Trim();
        Tool.Run("prlimit", "--pid", $"{_view.ProcessId}", $"--nofile={free + 1}:").Succeeded();
        JsonElement[] listed;
        try
        {
            listed = [.. JsonDocument.Parse(_view.Read("links.json")).RootElement.EnumerateArray()];
        }
        finally
        {
            Tool.Run("prlimit", "--pid", $"{_view.ProcessId}", $"--nofile={before}:").Succeeded();
        }
        foreach (BpfLink link in _links.Values)
        {
            JsonElement got = listed.Single(l => l.GetProperty("id").GetUInt32() == link.Id);
            Assert.Equal("Too many open files", got.GetProperty("error").GetString());
            Assert.Equal(Field(link, "prog_id"), $"{got.GetProperty("prog_id")}");
        }
        Assert.Equal("lo", listed.Single(l => l.GetProperty("id").GetUInt32() == _links["xdp"].Id).GetProperty("devname").GetString());
        Assert.DoesNotContain("\"error\"", _view.Read("links.json"), StringComparison.Ordinal);
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

    private static Dictionary<string, string> FdInfo(BpfLink link) => File.ReadAllLines($"/proc/self/fdinfo/{link.Fd}")
        .Select(l => l.Split(":\t", 2)).Where(l => l.Length == 2).GroupBy(l => l[0]).ToDictionary(g => g.Key, g => g.First()[1].Split('\t')[0].Trim());

    private JsonElement Json(BpfLink link) => JsonDocument.Parse(_view.Read($"links/{link.Id}/json")).RootElement;

    private string Field(BpfLink link, string name) => _view.Read($"links/{link.Id}/{name}").TrimEnd('\n');

    private T Made<T>(T made)
        where T : IDisposable
    {
        _made.Add(made);
        return made;
    }
}
