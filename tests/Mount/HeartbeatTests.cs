using System.Globalization;

namespace Mount.Tests;

/// <summary>A server that lives and does not answer is replaced; one that somebody stopped is not.</summary>
public sealed class HeartbeatTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    [ResendFact]
    public void A_stuck_server_is_replaced()
    {
        if (Mounts.Cgroup2 is not { } cgroups) return;
        using KeptView view = new(Hasty());
        int server = view.Server;
        string group = Path.Combine(cgroups, $"bpffs-view-stuck-{Environment.ProcessId}");
        Directory.CreateDirectory(group);
        try
        {
            // Frozen, it neither runs nor looks stopped: as if all its threads waited within the kernel.
            File.WriteAllText(Path.Combine(group, "cgroup.procs"), $"{server}");
            File.WriteAllText(Path.Combine(group, "cgroup.freeze"), "1");
            Assert.NotEqual(server, view.Server); // reads status: the question waits for the next server
            Assert.Contains("the server lives and does not answer", view.Log, StringComparison.Ordinal);
            Tool.RunFor(Patience.Of(20), "cat", view.At("progs.json")).Succeeded();
        }
        finally
        {
            File.WriteAllText(Path.Combine(group, "cgroup.freeze"), "0");
            Poll.Until(() => File.ReadAllText(Path.Combine(group, "cgroup.procs")).Length == 0);
            Directory.Delete(group);
        }
    }

    [ResendFact]
    public void A_stopped_server_is_left_alone()
    {
        using KeptView view = new(Hasty());
        int server = view.Server, keeper = view.Keeper;
        Tool.Run("kill", "-STOP", $"{server}").Succeeded();
        try
        {
            int before = Looks(keeper);
            Assert.True(Poll.Until(() => Looks(keeper) > before + 5, 30), "the keeper does not look"); // each after as long as it waits at most
        }
        finally
        {
            Tool.Run("kill", "-CONT", $"{server}").Succeeded();
        }
        Assert.Equal(server, view.Server);
        Assert.DoesNotContain("does not answer", view.Log, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Dispose();

    /// <summary>The program, with a keeper that waits half a second for an answer instead of a minute.</summary>
    private string Hasty()
    {
        string path = _directory.At("hasty");
        File.WriteAllText(path, $"#!/bin/sh\nBPFFS_VIEW_STUCK_AFTER=500 exec \"{ViewBinary.Path}\" \"$@\"\n");
        File.SetUnixFileMode(path, (UnixFileMode)0x1ED);
        return path;
    }

    /// <summary>How often a process has gone to sleep.</summary>
    private static int Looks(int pid) => int.Parse(
        File.ReadLines($"/proc/{pid}/status").Single(l => l.StartsWith("voluntary_ctxt_switches:\t", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);
}
