using System.Globalization;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>Perf events that run a program without a link, with `bpftool perf` as the oracle (kprobes: tests/Kernels).</summary>
public sealed class AttachmentPerfTests(PlainView view) : IClassFixture<PlainView>
{
    [Fact]
    public void A_uprobe()
    {
        using BpfProgram program = BpfProgram.Load("p_uprobe", ProgramType.Kprobe);
        using var perf = Attach.ToUprobe(program, "/bin/true", 0x2000);
        JsonElement wanted = Bpftool(program);
        JsonElement got = Only(program, "uprobe");
        Assert.Equal($"{wanted.GetProperty("filename").GetString()}+0x{wanted.GetProperty("offset").GetUInt64():x}", got.GetProperty("target").GetString());
        Assert.Equal("cpu 0", got.GetProperty("detail").GetString());
        Assert.False(got.TryGetProperty("link_id", out _));
    }

    [Fact]
    public void A_tracepoint()
    {
        using TemporaryDirectory directory = new();
        string tracefs = Directory.CreateDirectory(directory.At("tracing")).FullName;
        Tool.Run("mount", "-t", "tracefs", "tracefs", tracefs).Succeeded();
        ulong number;
        try
        {
            number = ulong.Parse(File.ReadAllText(Path.Combine(tracefs, "events/sched/sched_process_exit/id")), CultureInfo.InvariantCulture);
        }
        finally
        {
            Tool.Run("umount", tracefs);
        }
        using BpfProgram program = BpfProgram.Load("p_tracepoint", ProgramType.Tracepoint);
        using var perf = Attach.ToTracepoint(program, number);
        Assert.Equal("sched_process_exit", Bpftool(program).GetProperty("tracepoint").GetString());
        Assert.Equal("sched_process_exit", Only(program, "tracepoint").GetProperty("target").GetString());
    }

    [Fact]
    public void An_event_is_there_once_however_many_descriptors_it_has()
    {
        using BpfProgram program = BpfProgram.Load("p_clock", ProgramType.PerfEvent);
        using var perf = Attach.ToClock(program);
        using Descriptor second = perf.Duplicate();
        JsonElement got = Only(program, "event");
        Assert.Equal("software 0", got.GetProperty("target").GetString());
        Assert.Equal("one task", got.GetProperty("detail").GetString()); // whose, only its owner and the group may know
        Assert.DoesNotContain($"{Environment.ProcessId}", got.GetProperty("target").GetString()! + got.GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var other = Attach.ToClock(program, cpu: 0);
        Assert.Equal(["one task", "cpu 0 one task"], Of(program).Select(a => a.GetProperty("detail").GetString()).OrderByDescending(d => d));
    }

    [Fact]
    public void An_event_of_a_link_is_the_links()
    {
        using BpfProgram program = BpfProgram.Load("p_linked", ProgramType.PerfEvent);
        using BpfLink link = Links.PerfEvent(program, 1);
        JsonElement got = Only(program, "event");
        Assert.Equal(link.Id, got.GetProperty("link_id").GetUInt32());
        Assert.Equal("software 0", got.GetProperty("target").GetString());
    }

    private static JsonElement Bpftool(BpfProgram program) => JsonDocument.Parse(Tool.Run("bpftool", "-j", "perf", "show").Succeeded().Output).RootElement.EnumerateArray()
        .Single(e => e.GetProperty("prog_id").GetUInt32() == program.Id);

    private IEnumerable<JsonElement> Of(BpfProgram program) => JsonDocument.Parse(view.Read("attachments.json")).RootElement.EnumerateArray()
        .Where(a => a.TryGetProperty("prog_id", out JsonElement id) && id.GetUInt32() == program.Id);

    private JsonElement Only(BpfProgram program, string type)
    {
        JsonElement only = Assert.Single(Of(program));
        Assert.Equal(("perf_event", type), (only.GetProperty("kind").GetString(), only.GetProperty("attach_type").GetString()));
        Assert.Single(view.Read("attachments").Split('\n'), l => l.Contains($" {program.Id} {program.Name} ", StringComparison.Ordinal));
        Assert.Single(view.Read($"progs/{program.Id}/attached").Split('\n', StringSplitOptions.RemoveEmptyEntries));
        return only;
    }
}
