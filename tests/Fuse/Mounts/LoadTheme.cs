using System.Diagnostics;
using System.Globalization;

namespace Fuse.Tests;

/// <summary>Many at once, and requests that wait.</summary>
public abstract class LoadTheme(Transport transport) : MountTheme(transport)
{
    [RootFact]
    public void A_reader_that_waits_dies_at_once()
    {
        using SampleServer server = Start();
        using Process reader = Process.Start("cat", server.At("block"));
        Thread.Sleep(300);
        Assert.False(reader.HasExited);
        Stopwatch watch = Stopwatch.StartNew();
        reader.Kill();
        Assert.True(reader.WaitForExit(2000));
        Assert.InRange(watch.ElapsedMilliseconds, 0, 1000);
        Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
    }

    [RootFact]
    public void More_readers_wait_than_there_are_workers()
    {
        using SampleServer server = Start(null, "2");
        int threads = int.Parse(server.Ask("threads"), CultureInfo.InvariantCulture);
        Process[] readers = [.. Enumerable.Range(0, 6).Select(_ => Process.Start("cat", server.At("block")))];
        try
        {
            Stopwatch watch = Stopwatch.StartNew();
            Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
            Assert.InRange(watch.ElapsedMilliseconds, 0, 3000);
        }
        finally
        {
            foreach (Process reader in readers) reader.Kill();
        }
        foreach (Process reader in readers)
        {
            Assert.True(reader.WaitForExit(3000), "a killed reader still waits");
            reader.Dispose();
        }
        for (int i = 0; i < 100; i++) File.ReadAllText(server.At("hello")); // those added leave after their next request, but not from a ring
        Assert.InRange(int.Parse(server.Ask("threads"), CultureInfo.InvariantCulture), 1, threads + 3 + (IsRing ? readers.Length + 1 : 0));
    }

    /// <summary>Over io_uring a thread is bound to a processor's queue, and takes what comes there.</summary>
    [RootFact]
    public void A_user_s_waiting_requests_keep_no_worker_from_others()
    {
        if (IsRing) return;
        using SampleServer server = Start(null, "3");
        Process[] readers = [.. Enumerable.Range(0, 8).Select(_ => Process.Start("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "cat", server.At("block")]))];
        try
        {
            while (!readers.All(r => File.ReadAllText($"/proc/{r.Id}/comm") == "cat\n" && File.ReadAllText($"/proc/{r.Id}/syscall").Split(' ')[0] is "0" or "257")) Thread.Sleep(1); // read(2), or openat(2) whose turn has not come
            int threads = int.Parse(server.Ask("threads"), CultureInfo.InvariantCulture);
            for (int i = 0; i < 100; i++) Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
            Assert.Equal(threads, int.Parse(server.Ask("threads"), CultureInfo.InvariantCulture)); // no other was needed
        }
        finally
        {
            foreach (Process reader in readers.Reverse()) reader.Kill(); // those that wait for their turn first
        }
        foreach (Process reader in readers)
        {
            Assert.True(reader.WaitForExit(60_000), "a killed reader still waits");
            reader.Dispose();
        }
        Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
    }

    [RootFact]
    public void An_unmount_frees_whoever_waits_in_the_file_system()
    {
        using SampleServer server = Start();
        using Process reader = Process.Start("cat", server.At("block"));
        Thread.Sleep(300);
        string[] last = [server.Ask("dispose"), server.ReadLine()];
        Assert.Equal(["ok", "unmounted"], last);
        Assert.True(reader.WaitForExit(2000));
        Assert.Equal(0, server.WaitForExit());
    }

    [RootFact]
    public void Unmount_under_load()
    {
        using SampleServer server = Start();
        using Process load = Process.Start(new ProcessStartInfo("sh",
            ["-c", "for i in 1 2 3 4; do (while cat $0/hello $0/direct; do :; done) >/dev/null 2>&1 & done; wait", server.MountPoint]))!;
        Thread.Sleep(500);
        Assert.Equal("ok", server.Ask("lazy"));
        Assert.Equal("unmounted", server.ReadLine());
        Assert.Equal(0, server.WaitForExit());
        Assert.True(load.WaitForExit(3000));
    }

    [RootFact]
    public void Readers_in_parallel()
    {
        using SampleServer server = Start();
        Parallel.For(0, 16, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            Assert.Equal("hello, world\n", File.ReadAllText(server.At("hello")));
            byte[] bytes = File.ReadAllBytes(server.At("direct"));
            for (int at = 0; at < bytes.Length; at += 4093) Assert.Equal(Sample.SampleTree.Pattern(at), bytes[at]);
        });
    }
}

public sealed class DeviceLoadTests() : LoadTheme(Transport.Device);

public sealed class DeviceOnOneProcessorLoadTests() : LoadTheme(Transport.DeviceOnOneProcessor);

public sealed class RingLoadTests() : LoadTheme(Transport.Ring);

public sealed class RingOnOneProcessorLoadTests() : LoadTheme(Transport.RingOnOneProcessor);
