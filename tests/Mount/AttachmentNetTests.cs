using System.Globalization;
using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>Devices of a network namespace that the view is not in, with bpftool in that namespace as the oracle.</summary>
public sealed class AttachmentNetTests(PlainView view) : IClassFixture<PlainView>
{
    [Fact]
    public void Everything_of_another_namespace_is_there_once()
    {
        using TemporaryDirectory directory = new();
        using NetSpace space = new();
        using BpfProgram generic = BpfProgram.Load("n_generic", ProgramType.Xdp, Return(2)), driver = BpfProgram.Load("n_driver", ProgramType.Xdp, Return(2));
        using BpfProgram ingress = BpfProgram.Load("n_ingress", ProgramType.SchedCls), egress = BpfProgram.Load("n_egress", ProgramType.SchedCls);
        using BpfProgram flow = BpfProgram.Load("n_flow", ProgramType.FlowDissector);
        space.Run("ip", "link", "add", "na", "type", "veth", "peer", "name", "nb").Succeeded();
        space.Run("bpftool", "net", "attach", "xdpdrv", "id", $"{driver.Id}", "dev", "na").Succeeded();
        space.Run("bpftool", "net", "attach", "xdpgeneric", "id", $"{generic.Id}", "dev", "nb").Succeeded();
        space.Run("tc", "qdisc", "add", "dev", "na", "clsact").Succeeded();
        string pins = Directory.CreateDirectory($"/sys/fs/bpf/bpffs-view-n-{Environment.ProcessId}").FullName;
        try
        {
            foreach ((BpfProgram program, string way) in ((BpfProgram, string)[])[(ingress, "ingress"), (egress, "egress")])
            {
                Bpf.Pin(program.Fd, Path.Combine(pins, way));
                space.Run("tc", "filter", "add", "dev", "na", way, "pref", "7", "bpf", "da", "object-pinned", Path.Combine(pins, way)).Succeeded();
            }

            JsonElement bpftool = JsonDocument.Parse(space.Run("bpftool", "-j", "net", "show").Succeeded().Output).RootElement[0];
            foreach ((BpfProgram program, string mode) in ((BpfProgram, string)[])[(driver, "driver"), (generic, "generic")])
            {
                JsonElement wanted = bpftool.GetProperty("xdp").EnumerateArray().Single(x => x.GetProperty("id").GetUInt32() == program.Id);
                JsonElement got = Only(program, "device", "xdp");
                Assert.Equal(wanted.GetProperty("mode").GetString(), got.GetProperty("detail").GetString());
                Assert.Equal(mode, got.GetProperty("detail").GetString());
                SameDevice(space, wanted, got);
            }
            foreach ((BpfProgram program, string type) in ((BpfProgram, string)[])[(ingress, "tc_ingress"), (egress, "tc_egress")])
            {
                JsonElement wanted = bpftool.GetProperty("tc").EnumerateArray().Single(x => x.GetProperty("id").GetUInt32() == program.Id);
                JsonElement got = Only(program, "device", type);
                Assert.StartsWith("pref 7 handle 0x1 ", got.GetProperty("detail").GetString(), StringComparison.Ordinal);
                Assert.EndsWith(wanted.GetProperty("name").GetString()!, got.GetProperty("detail").GetString(), StringComparison.Ordinal);
                SameDevice(space, wanted, got);
            }
            // with a flow dissector what `bpftool -j net show` prints is no JSON (7.1)
            space.Run("bpftool", "prog", "attach", "id", $"{flow.Id}", "flow_dissector").Succeeded();
            Assert.Matches($"flow_dissector:\\s+id {flow.Id}\\b", space.Run("bpftool", "net", "show").Succeeded().Output);
            Assert.Equal($"{space.Inode}", Only(flow, "netns", "flow_dissector").GetProperty("target").GetString());
        }
        finally
        {
            Directory.Delete(pins, recursive: true);
        }
    }

    [Fact]
    public void A_namespace_with_links_has_each_once_and_in_order()
    {
        using NetSpace space = new();
        space.Run("ip", "link", "add", "nl", "type", "veth").Succeeded();
        int device = space.IndexOf("nl");
        using BpfProgram xdp = BpfProgram.Load("n_xdp", ProgramType.Xdp, Return(2)), lookup = BpfProgram.Load("n_lookup", ProgramType.SkLookup, Return(1));
        using BpfLink xdpLink = space.Do(() => Links.Xdp(xdp, device));
        using BpfLink lookupOne = space.Do(() => Links.Netns(lookup)), lookupTwo = space.Do(() => Links.Netns(lookup));
        Assert.Equal(("generic", xdpLink.Id), (Only(xdp, "device", "xdp").GetProperty("detail").GetString(), Only(xdp, "device", "xdp").GetProperty("link_id").GetUInt32()));
        JsonElement[] lookups = [.. Of(lookup)];
        Assert.Equal([lookupOne.Id, lookupTwo.Id], lookups.Select(a => a.GetProperty("link_id").GetUInt32()));
        Assert.Equal([1, 2], lookups.Select(a => a.GetProperty("order").GetInt32()));
        Assert.Equal(2, Lines(lookup).Length);
    }

    [KernelFact("BPF_TCX_INGRESS", "tcx", "6.6")]
    public void Tcx_with_and_without_a_link_is_in_order()
    {
        using NetSpace space = new();
        space.Run("ip", "link", "add", "nl", "type", "veth").Succeeded();
        int device = space.IndexOf("nl");
        using BpfProgram first = BpfProgram.Load("n_first", ProgramType.SchedCls, Return(-1)), second = BpfProgram.Load("n_second", ProgramType.SchedCls, Return(-1));
        using BpfLink linked = space.Do(() => Links.Tcx(first, device));
        space.Do(() =>
        {
            Attach.ToDevice(second, device, Attach.BPF_TCX_INGRESS);
            return 0;
        });

        uint[] wanted = space.Do(() => Attach.OnDevice(device, Attach.BPF_TCX_INGRESS));
        Assert.Equal(2, wanted.Length);
        foreach (BpfProgram program in (BpfProgram[])[first, second])
        {
            JsonElement got = Only(program, "device", "tcx_ingress");
            Assert.Equal(Array.IndexOf(wanted, program.Id) + 1, got.GetProperty("order").GetInt32());
            Assert.Equal(2, got.GetProperty("count").GetInt32());
            Assert.Equal(device, got.GetProperty("ifindex").GetInt32());
        }
        Assert.Equal(linked.Id, Only(first, "device", "tcx_ingress").GetProperty("link_id").GetUInt32());
        Assert.False(Only(second, "device", "tcx_ingress").TryGetProperty("link_id", out _));
    }

    [Fact]
    public void A_hostile_name_of_a_device_is_escaped()
    {
        using NetSpace space = new();
        using BpfProgram program = BpfProgram.Load("n_hostile", ProgramType.Xdp, Return(2));
        space.Run("sh", "-c", """ip link add name "$(printf 'e\033"\134\377')" type veth""").Succeeded();
        int device = space.Run("sh", "-c", """ip -o link show "$(printf 'e\033"\134\377')" | cut -d: -f1""").Succeeded().Output.Trim() is { Length: > 0 } index
            ? int.Parse(index, CultureInfo.InvariantCulture) : 0;
        using BpfLink link = space.Do(() => Links.Xdp(program, device));
        Assert.Contains($"""e\x1b"\\\xff generic netns {space.Inode} link {link.Id}""" + "\n", view.Read("attachments"), StringComparison.Ordinal);
        Assert.Contains("""e\x1b"\\\xff generic""", Lines(program).Single(), StringComparison.Ordinal);
        Assert.Equal("e\u001b\"\\\ufffd", Only(program, "device", "xdp").GetProperty("target").GetString());
        Assert.DoesNotContain((byte)0x1b, File.ReadAllBytes(view.At("attachments")));
    }

    [Fact]
    public async Task Devices_that_come_and_go_do_not_hide_the_others()
    {
        using NetSpace space = new(), churned = new();
        using BpfProgram program = BpfProgram.Load("n_stays", ProgramType.Xdp, Return(2));
        using BpfLink link = space.Do(() => Links.Xdp(program, 1));
        using CancellationTokenSource ended = new();
        Task churn = Task.Run(() =>
        {
            while (!ended.IsCancellationRequested)
            {
                churned.Run("sh", "-c", "for i in 1 2 3 4; do ip link add c$i type veth peer name d$i; done; for i in 1 2 3 4; do ip link del c$i; done").Succeeded();
                using NetSpace passing = new();
            }
        });
        try
        {
            for (int i = 0; i < 30; i++)
            {
                Only(program, "device", "xdp");
                Assert.False(churn.IsFaulted, $"{churn.Exception}");
            }
        }
        finally
        {
            await ended.CancelAsync();
            await churn;
        }
    }

    private static void SameDevice(NetSpace space, JsonElement wanted, JsonElement got)
    {
        Assert.Equal(wanted.GetProperty("devname").GetString(), got.GetProperty("target").GetString());
        Assert.Equal(wanted.GetProperty("ifindex").GetInt32(), got.GetProperty("ifindex").GetInt32());
        Assert.Equal(space.Inode, got.GetProperty("netns_ino").GetUInt32());
    }

    private IEnumerable<JsonElement> Of(BpfProgram program) => JsonDocument.Parse(view.Read("attachments.json")).RootElement.EnumerateArray()
        .Where(a => a.TryGetProperty("prog_id", out JsonElement id) && id.GetUInt32() == program.Id);

    private string[] Lines(BpfProgram program) => view.Read($"progs/{program.Id}/attached").Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>It is in all three files, once.</summary>
    private JsonElement Only(BpfProgram program, string kind, string type)
    {
        JsonElement only = Assert.Single(Of(program));
        Assert.Equal((kind, type), (only.GetProperty("kind").GetString(), only.GetProperty("attach_type").GetString()));
        Assert.Single(view.Read("attachments").Split('\n'), l => l.Contains($" {program.Id} {program.Name} ", StringComparison.Ordinal));
        string line = Assert.Single(Lines(program));
        Assert.Matches($"^{kind} +{type} ", line);
        return only;
    }
}
