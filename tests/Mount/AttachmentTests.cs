using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>What is attached without a link, as bpftool attaches and shows it.</summary>
public abstract class AttachmentTestsBase(MountedView view)
{
    [Fact]
    public void Xdp_of_a_device()
    {
        using BpfProgram program = BpfProgram.Load("a_xdp", ProgramType.Xdp, Return(2));
        Tool.Run("bpftool", "net", "attach", "xdpgeneric", "id", $"{program.Id}", "dev", "lo").Succeeded();
        try
        {
            JsonElement bpftool = JsonDocument.Parse(Tool.Run("bpftool", "-j", "net", "show").Output).RootElement[0];
            JsonElement wanted = bpftool.GetProperty("xdp").EnumerateArray().Single(x => x.GetProperty("devname").GetString() == "lo");
            JsonElement got = Only(program);
            Assert.Equal("device", got.GetProperty("kind").GetString());
            Assert.Equal("lo", got.GetProperty("target").GetString());
            Assert.Equal("xdp", got.GetProperty("attach_type").GetString());
            Assert.Contains(got.GetProperty("detail").GetString()!, wanted.GetRawText(), StringComparison.Ordinal); // generic
            Assert.Contains($" {program.Id} a_xdp ", view.Read("attachments"), StringComparison.Ordinal);
        }
        finally
        {
            Tool.Run("bpftool", "net", "detach", "xdpgeneric", "dev", "lo");
        }
        Assert.Empty(Of(program));
    }

    [Fact]
    public void A_cgroup_in_the_order_of_running()
    {
        string? root = Mounts.Cgroup2;
        Assert.NotNull(root);
        using BpfProgram first = BpfProgram.Load("a_first", ProgramType.CgroupSkb, Return(1)), second = BpfProgram.Load("a_second", ProgramType.CgroupSkb, Return(1));
        string cgroup = Directory.CreateDirectory(Path.Combine(root, $"bpffs-view-a-{Environment.ProcessId}")).FullName;
        try
        {
            foreach (BpfProgram program in (BpfProgram[])[first, second])
            {
                Tool.Run("bpftool", "cgroup", "attach", cgroup, "egress", "id", $"{program.Id}", "multi").Succeeded();
            }
            uint[] wanted = [.. JsonDocument.Parse(Tool.Run("bpftool", "-j", "cgroup", "show", cgroup).Output).RootElement.EnumerateArray()
                .Select(a => a.GetProperty("id").GetUInt32())];
            JsonElement[] got = [.. All().Where(a => a.GetProperty("target").GetString() == "/" + Path.GetFileName(cgroup))];
            Assert.Equal(wanted, got.Select(a => a.GetProperty("prog_id").GetUInt32()));
            Assert.Equal(["multi 1 of 2", "multi 2 of 2"], got.Select(a => $"{a.GetProperty("detail")} {a.GetProperty("order")} of {a.GetProperty("count")}"));
            foreach (BpfProgram program in (BpfProgram[])[first, second]) Assert.Single(view.Read($"progs/{program.Id}/attached").TrimEnd('\n').Split('\n'));
            Assert.All(got, a => Assert.Equal("cgroup_inet_egress", a.GetProperty("attach_type").GetString()));
        }
        finally
        {
            foreach (BpfProgram program in (BpfProgram[])[first, second])
            {
                Tool.Run("bpftool", "cgroup", "detach", cgroup, "egress", "id", $"{program.Id}");
            }
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public void What_a_cgroup_inherits_counts_in_the_effective_order()
    {
        string? root = Mounts.Cgroup2;
        Assert.NotNull(root);
        using BpfProgram above = BpfProgram.Load("a_above", ProgramType.CgroupSkb, Return(1)), own = BpfProgram.Load("a_own", ProgramType.CgroupSkb, Return(1));
        string parent = Directory.CreateDirectory(Path.Combine(root, $"bpffs-view-e-{Environment.ProcessId}")).FullName;
        string child = Directory.CreateDirectory(Path.Combine(parent, "child")).FullName;
        using var link = Links.Cgroup(own, child); // and the same program once more, without a link
        try
        {
            Tool.Run("bpftool", "cgroup", "attach", parent, "egress", "id", $"{above.Id}", "multi").Succeeded();
            Tool.Run("bpftool", "cgroup", "attach", child, "egress", "id", $"{own.Id}", "multi").Succeeded();
            uint[] wanted = [.. JsonDocument.Parse(Tool.Run("bpftool", "-j", "cgroup", "show", child, "effective").Output).RootElement.EnumerateArray()
                .Select(a => a.GetProperty("id").GetUInt32())];
            Assert.Contains(above.Id, wanted);
            JsonElement[] got = [.. Of(own)];
            Assert.Equal(2, got.Length);
            Assert.Single(got, a => a.TryGetProperty("link_id", out JsonElement id) && id.GetUInt32() == link.Id);
            Assert.All(got, a => Assert.Equal(own.Id, wanted[a.GetProperty("effective_order").GetInt32() - 1]));
            Assert.All(got, a => Assert.Equal(wanted.Length, a.GetProperty("effective_count").GetInt32()));
            Assert.Equal(2, got.Select(a => a.GetProperty("effective_order").GetInt32()).Distinct().Count());
            Assert.Equal(2, view.Read($"progs/{own.Id}/attached").TrimEnd('\n').Split('\n').Length);
            Assert.Single(Of(above)); // in the child it only has effect
        }
        finally
        {
            Tool.Run("bpftool", "cgroup", "detach", parent, "egress", "id", $"{above.Id}");
            Tool.Run("bpftool", "cgroup", "detach", child, "egress", "id", $"{own.Id}");
            link.Dispose();
            Poll.Until(() => Tool.Run("rmdir", child, parent).Code == 0, 5); // a link's program goes after a grace period
        }
    }

    [Fact]
    public void A_sockmap_and_a_sockhash()
    {
        using BpfProgram verdict = BpfProgram.Load("a_verdict", ProgramType.SkSkb, Return(1)), message = BpfProgram.Load("a_msg", ProgramType.SkMsg, Return(1));
        using BpfMap sockmap = BpfMap.Create("a_sockmap", MapType.Sockmap, 4, 8, 4), sockhash = BpfMap.Create("a_sockhash", MapType.Sockhash, 4, 8, 4);
        using IDisposable one = Attach.ToMap(verdict, sockmap, Attach.BPF_SK_SKB_VERDICT), two = Attach.ToMap(message, sockhash, Attach.BPF_SK_MSG_VERDICT);
        foreach ((BpfProgram program, BpfMap map, string type) in ((BpfProgram, BpfMap, string)[])[(verdict, sockmap, "sk_skb_verdict"), (message, sockhash, "sk_msg_verdict")])
        {
            JsonElement got = Only(program);
            Assert.Equal(("map", $"{map.Id} {map.Name}", type), (got.GetProperty("kind").GetString(), got.GetProperty("target").GetString(), got.GetProperty("attach_type").GetString()));
            Assert.False(got.TryGetProperty("link_id", out _));
            Assert.Contains($"{map.Id} {map.Name}\n", view.Read($"progs/{program.Id}/attached"), StringComparison.Ordinal);
        }
        if (KernelNames.Lacks("BPF_LINK_TYPE_SOCKMAP", "6.10")) return;
        one.Dispose();
        using BpfLink link = Links.Sockmap(verdict, sockmap);
        Assert.Equal(link.Id, Only(verdict).GetProperty("link_id").GetUInt32());
    }

    private JsonElement.ArrayEnumerator All() => JsonDocument.Parse(view.Read("attachments.json")).RootElement.EnumerateArray();

    private IEnumerable<JsonElement> Of(BpfProgram program) =>
        All().Where(a => a.TryGetProperty("prog_id", out JsonElement id) && id.GetUInt32() == program.Id);

    private JsonElement Only(BpfProgram program) => Assert.Single(Of(program));
}

/// <summary>With all programs that this kernel takes.</summary>
public sealed class AttachmentTests(PlainView view) : AttachmentTestsBase(view), IClassFixture<PlainView>;

/// <summary>With none: what bpf(2) and rtnetlink tell, of our own network namespace.</summary>
public sealed class AttachmentWithoutProgramsTests(ViewWithoutPrograms view) : AttachmentTestsBase(view), IClassFixture<ViewWithoutPrograms>
{
    private readonly MountedView _view = view;

    [Fact]
    public void A_tc_filter_of_a_device()
    {
        using BpfProgram program = BpfProgram.Load("a_tc", ProgramType.SchedCls, Return(0));
        string pin = $"/sys/fs/bpf/view-tc-{Environment.ProcessId}";
        Tool.Run("bpftool", "prog", "pin", "id", $"{program.Id}", pin).Succeeded();
        Tool.Run("tc", "qdisc", "add", "dev", "lo", "clsact").Succeeded();
        try
        {
            Tool.Run("tc", "filter", "add", "dev", "lo", "ingress", "pref", "3", "handle", "7", "bpf", "da", "object-pinned", pin).Succeeded();
            Assert.Matches($"^device +tc_ingress .* lo pref 3 handle 0x7", _view.Read($"progs/{program.Id}/attached"));
        }
        finally
        {
            Tool.Run("tc", "qdisc", "del", "dev", "lo", "clsact");
            File.Delete(pin);
        }
    }

    [Fact]
    public void Every_program_is_named_with_its_cause()
    {
        _ = _view.Read("attachments");
        string status = _view.Read("status");
        string[] names = [.. status.Split('\n').Where(l => l.StartsWith("iterator:\t", StringComparison.Ordinal)).Select(l => l.Split('\t', ' ')[1])];
        Assert.InRange(names.Length, 40, 100);
        foreach (string name in names) Assert.Matches($"(?m)^iterator:\t{name} (missing: (load: Invalid argument: unknown opcode ff|it needs [a-z_0-9]+); the view lacks .+|loaded when first read)$", status);
        Assert.DoesNotMatch("(?m)^errors:\t[1-9]", status);
    }
}
