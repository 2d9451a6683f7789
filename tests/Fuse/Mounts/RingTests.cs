using System.Diagnostics;
using System.Globalization;
using static System.FormattableString;

namespace Fuse.Tests;

/// <summary>How FUSE over io_uring begins and ends: taken where it can be had, done without where not, nobody left waiting.</summary>
public sealed class RingTests(Programs programs) : IClassFixture<Programs>
{
    private const string Setup = "425"; // io_uring_setup, on every architecture
    private const string Enter = "426";
    private const string NotOffered = "the kernel does not offer it: that takes Linux 6.14 and Y in /sys/module/fuse/parameters/enable_uring";

    [RingFact]
    public void Auto_takes_what_is_offered()
    {
        using SampleServer offered = new(Transport.Ring, null, "0", "auto");
        Assert.Equal(Invariant($"io_uring, {Processors.Possible()} queues"), offered.Ask("transport"));
        using SampleServer not = new(Transport.Ring, null, isOffered: false, null, "0", "auto");
        Assert.StartsWith("/dev/fuse, ", not.Ask("transport"), StringComparison.Ordinal);
        Assert.EndsWith($" workers ({NotOffered})", not.Ask("transport"), StringComparison.Ordinal);
        Assert.Equal("", not.Log.Trim()); // the usual case is no warning
        using SampleServer off = new(Transport.Device);
        Assert.DoesNotContain("(", off.Ask("transport"), StringComparison.Ordinal);
        foreach (SampleServer server in (SampleServer[])[offered, not, off]) Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
    }

    [RingFact]
    public void On_fails_where_it_is_not_offered()
    {
        using SampleServer server = new(Transport.Ring, null, isOffered: false, null, "0", "on");
        Assert.Equal($"mount {server.MountPoint}: io_uring=on: {NotOffered}", server.Greeting);
        Assert.Equal(0, SampleServer.Mounts(server.MountPoint));
        Assert.Equal(1, server.WaitForExit());
    }

    [RingTheory]
    [InlineData(Setup, "io_uring: Operation not permitted (kernel.io_uring_disabled?)")]
    [InlineData(Enter, "io_uring: Operation not permitted (kernel.io_uring_disabled?)")]
    public void Without_io_uring_requests_come_through_the_device(string call, string reason)
    {
        using (SampleServer server = new(Transport.Ring, [programs.Deny, call], true, null, "0", "auto")) Falls(server, reason);
        using SampleServer strict = new(Transport.Ring, [programs.Deny, call], true, null, "0", "on");
        Assert.Equal($"mount {strict.MountPoint}: io_uring=on: {reason}", strict.Greeting);
        Assert.Equal(0, SampleServer.Mounts(strict.MountPoint));
    }

    [RingFact]
    public void Queues_that_the_kernel_refuses_are_done_without()
    {
        const string reason = "FUSE_IO_URING_CMD_REGISTER: Invalid argument"; // too little room for an answer
        using (SampleServer server = new(Transport.Ring, null, "0", "auto", "short-ring")) Falls(server, reason);
        using SampleServer strict = new(Transport.Ring, null, "0", "short-ring");
        Assert.Equal($"mount {strict.MountPoint}: io_uring=on: {reason}", strict.Greeting);
        Assert.Equal(0, SampleServer.Mounts(strict.MountPoint));
    }

    [RingFact]
    public void An_aborted_connection_frees_readers_and_ends_the_server()
    {
        using SampleServer server = new(Transport.Ring);
        string control = SampleServer.NewDirectory();
        Assert.Equal(0, Gcc.Run("mount", "-t", "fusectl", "none", control).Code);
        try
        {
            Process[] readers = Waiting(server, 3);
            string device = MountInfo.TopAt(MountInfo.ReadAll(), server.MountPoint)!.Value.Device;
            File.WriteAllText(Path.Combine(control, device.Split(':')[1], "abort"), "1");
            Assert.Equal("unmounted", server.ReadLine());
            Assert.Equal(0, server.WaitForExit());
            Gone(readers);
        }
        finally
        {
            Gcc.Run("umount", control);
            Directory.Delete(control);
        }
    }

    [RingFact]
    public void A_killed_server_leaves_nobody_waiting()
    {
        string directory = SampleServer.NewDirectory();
        using (SampleServer first = new(Transport.Ring, directory))
        {
            Process[] readers = Waiting(first, 3);
            first.Kill();
            Gone(readers);
            Assert.True(Support.Poll.Until(() => MountPoints.StateOf(directory, "fuse-sample") == MountPointState.Dead));
            using SampleServer second = new(Transport.Ring, directory);
            Assert.Equal("hello, world\n", File.ReadAllText(second.At("hello")));
            Assert.Equal(1, SampleServer.Mounts(directory));
        }
        Directory.Delete(directory);
    }

    [RingFact]
    public void Stuck_queues_get_threads_and_keep_them()
    {
        using SampleServer server = new(Transport.Ring);
        int before = Threads(server);
        int after = 0;
        for (int round = 0; round < 8; round++)
        {
            Process[] readers = Waiting(server, 4);
            Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
            foreach (Process reader in readers) reader.Kill();
            Gone(readers);
            after = Threads(server);
        }
        Assert.InRange(after - before, 1, (4 * Processors.Possible()) + 2); // as many as wait at once, on whatever processor
        Assert.Contains("io_uring", server.Ask("transport"), StringComparison.Ordinal);
    }

    private static int Threads(SampleServer server) => Directory.GetDirectories($"/proc/{server.ProcessId}/task")
        .Count(task => File.ReadAllText(Path.Combine(task, "comm")).StartsWith("fuse-ring-", StringComparison.Ordinal));

    /// <summary>Readers, each of which waits for a file that gives nothing.</summary>
    private static Process[] Waiting(SampleServer server, int count)
    {
        ProcessStartInfo cat = new("cat", server.At("block")) { RedirectStandardError = true };
        Process[] readers = [.. Enumerable.Range(0, count).Select(_ => Process.Start(cat)!)];
        bool areWaiting = Support.Poll.Until(() => readers.All(r => File.ReadAllText($"/proc/{r.Id}/wchan") == "request_wait_answer"));
        return areWaiting ? readers : throw new TimeoutException("the readers do not wait");
    }

    private static void Gone(Process[] readers)
    {
        foreach (Process reader in readers)
        {
            Assert.True(reader.WaitForExit(5000), "a reader still waits: " + reader.Id.ToString(CultureInfo.InvariantCulture));
            reader.Dispose();
        }
    }

    private static void Falls(SampleServer server, string reason)
    {
        Assert.EndsWith($" workers ({reason})", server.Ask("transport"), StringComparison.Ordinal);
        Assert.Contains(reason, server.Log, StringComparison.Ordinal);
        for (int i = 0; i < 20; i++) Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
        Assert.Equal(SampleTreeFiles, Directory.EnumerateFiles(server.At("many")).Count());
        Assert.Equal("ok", server.Ask("unmount"));
        Assert.Equal("unmounted", server.ReadLine());
        Assert.Equal(0, server.WaitForExit());
    }

    private const int SampleTreeFiles = Sample.SampleTree.ManyCount;
}
