using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>What is attached without a link, as bpftool attaches and shows it.</summary>
public sealed class AttachmentTests(PlainView view) : IClassFixture<PlainView>
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
            Assert.Equal(["multi 1 of 2", "multi 2 of 2"], got.Select(a => a.GetProperty("detail").GetString()));
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

    private JsonElement.ArrayEnumerator All() => JsonDocument.Parse(view.Read("attachments.json")).RootElement.EnumerateArray();

    private IEnumerable<JsonElement> Of(BpfProgram program) =>
        All().Where(a => a.TryGetProperty("prog_id", out JsonElement id) && id.GetUInt32() == program.Id);

    private JsonElement Only(BpfProgram program) => Assert.Single(Of(program));
}
