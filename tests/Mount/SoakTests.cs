using System.Globalization;
using Xunit.Abstractions;

namespace Mount.Tests;

/// <summary>
/// Mixed requests, many of them: what the server holds is the same before and after. BPFFS_SOAK is how many opens there are to be (default: some seconds' worth); each is about five requests.
/// </summary>
public sealed class SoakTests(ITestOutputHelper output)
{
    private static readonly int s_opens = int.TryParse(Environment.GetEnvironmentVariable("BPFFS_SOAK"), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 30_000;

    private sealed record Held(int Descriptors, int Threads, int Objects, long KiB)
    {
        public static Held By(int process)
        {
            string Of(string key) => File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith(key, StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1];
            return new Held(Directory.GetFileSystemEntries($"/proc/{process}/fd").Length, int.Parse(Of("Threads:"), null), Ids.HeldBy(process).Count, long.Parse(Of("VmRSS:"), null));
        }
    }

    [Fact]
    public void Nothing_grows()
    {
        using Zoo zoo = new();
        using BpfMap large = BpfMap.Create("soak_large", MapType.Array, 4, 8, 60_000);
        using MountedView view = new();
        string[] files =
        [
            view.At("README"), view.At("progs.debug"), view.Of(zoo.User, "info"), view.Of(zoo.User, "json"), view.Of(zoo.User, "name"), view.Of(zoo.User, "xlated"), view.Of(zoo.User, "attached"),
            view.Of(zoo.Map("zoo_hash"), "info"), view.Of(zoo.Map("zoo_hash"), "entries"), view.Of(zoo.Map("zoo_lru"), "entries.json"), view.At($"links/{zoo.Link.Id}/json"), view.At("net/netlink"), view.At("kernel/cgroups"),
        ];
        string[] rare = [view.Of(large, "entries"), view.At("status"), view.At("progs.json"), view.Of(zoo.User, "pids"), view.At("graph.dot")];
        foreach (string file in rare) Tool.Run("cat", file).Succeeded(); // everything is loaded
        Run(view, files, rare, 3000); // every pool is warm
        Held before = Held.By(view.ProcessId);
        int done = Run(view, files, rare, s_opens);
        Held after = Held.By(view.ProcessId);
        output.WriteLine($"{done} opens: before {before}, after {after}");
        Assert.True(done >= s_opens);
        Assert.True(Poll.Until(() => (after = Held.By(view.ProcessId)).Descriptors <= before.Descriptors), $"{before} became {after}"); // RELEASE is not waited for
        Assert.Equal(before.Objects, after.Objects);
        Assert.True(after.Threads <= before.Threads + 2, $"{before} became {after}"); // the runtime's own come and go
        Assert.True(after.KiB < before.KiB + 8192, $"{before} became {after}");
    }

    private static int Run(MountedView view, string[] files, string[] rare, int opens)
    {
        int done = 0;
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(t => new Thread(() =>
        {
            Random random = new(t);
            byte[] buffer = new byte[64 * 1024];
            while (Interlocked.Increment(ref done) <= opens)
            {
                int choice = random.Next(1000);
                if (choice < 5) Directory.GetFileSystemEntries(choice < 2 ? view.At("progs") : Path.GetDirectoryName(files[2])!);
                else if (choice < 20) File.Exists(view.At("maps/4294967294/info")); // nothing
                using FileStream file = new(choice < 3 ? rare[random.Next(rare.Length)] : files[random.Next(files.Length)], FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
                while (file.Read(buffer) > 0 && random.Next(50) != 0) { } // some leave in the middle
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        return done;
    }
}
