using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>kernel/ is what /proc and /sys say of the same.</summary>
public sealed partial class KernelTablesTests(PlainView view) : IClassFixture<PlainView>
{
    [Fact]
    public void Cgroups_are_the_directories()
    {
        using var group = new Group();
        string inner = Directory.CreateDirectory(Path.Combine(group.Path, "in\x1bner")).FullName;
        Dictionary<string, JsonElement> rows = JsonDocument.Parse(view.Read("kernel/cgroups.json")).RootElement.EnumerateArray()
            .ToDictionary(r => r.GetProperty("path").GetString()!, r => r);
        foreach (string directory in (string[])[group.Path, inner])
        {
            JsonElement row = rows[directory[group.Root.Length..]];
            Assert.Equal(InodeOf(directory), row.GetProperty("id").GetUInt64());
            Assert.Equal(directory == inner ? 0 : 1, row.GetProperty("descendants").GetInt32());
            Assert.Equal(directory[group.Root.Length..].Count(c => c == '/'), row.GetProperty("level").GetInt32());
            Assert.False(row.GetProperty("populated").GetBoolean());
        }
        Assert.True(rows["/"].GetProperty("populated").GetBoolean());
        Assert.Equal(InodeOf(group.Root), rows["/"].GetProperty("id").GetUInt64());
        string line = Assert.Single(File.ReadAllLines(view.At("kernel/cgroups")), l => l.EndsWith(group.Path[group.Root.Length..] + "/in\\x1bner", StringComparison.Ordinal));
        Assert.Equal($"{InodeOf(inner)}", line.Split(' ')[0]);
        Directory.Delete(inner);
    }

    [Fact]
    public void Symbols_are_those_of_kallsyms()
    {
        // BPF programs come and go; what probes they make, too
        static bool lasts(string line) => !line.Contains("[bpf]", StringComparison.Ordinal) && !line.Contains("[__builtin__", StringComparison.Ordinal);
        string[] ours = [.. File.ReadLines(view.At("kernel/ksyms")).Where(lasts)];
        string[] theirs = [.. File.ReadLines("/proc/kallsyms").Select(l => l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..].Replace('\t', ' ')).Where(lasts)];
        Assert.Equal(theirs, ours);
        Assert.True(ours.Length > 10_000);
        // an address would be 16 digits
        Assert.DoesNotContain(ours, l => Address().IsMatch(l));
        Assert.Contains(File.ReadLines(view.At("kernel/ksyms")), l => l.EndsWith("_print_ksyms [bpf]", StringComparison.Ordinal));
    }

    [KernelFact("bpf_iter_kmem_cache", "the iterator over slab caches", "6.13")]
    public void Slab_caches_are_those_of_slabinfo()
    {
        Dictionary<string, JsonElement> ours = [];
        foreach (JsonElement row in JsonDocument.Parse(view.Read("kernel/kmem_cache.json")).RootElement.EnumerateArray()) ours[row.GetProperty("name").GetString()!] = row;
        int compared = 0;
        foreach (string line in File.ReadLines("/proc/slabinfo").Skip(2))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            JsonElement row = ours[words[0]];
            Assert.Equal(words[3], $"{row.GetProperty("slab_size").GetInt32()}"); // what slabinfo calls objsize is the distance of two objects
            Assert.Equal(words[4], $"{row.GetProperty("objects_per_slab").GetInt32()}");
            Assert.Equal(words[5], $"{row.GetProperty("pages_per_slab").GetInt32()}");
            compared++;
        }
        Assert.True(compared > 20);
        // of one that others hardly use, the number of objects, too
        Assert.True(Poll.Until(() => Objects("kernel/kmem_cache.json", "bio-312") is var n && n == SlabInfo("bio-312")));
        Assert.Contains("kmalloc-64", view.Read("kernel/kmem_cache"), StringComparison.Ordinal);
    }

    [KernelFact("bpf_iter_dmabuf", "the iterator over DMA buffers", "6.16")]
    public void Buffers_are_those_that_processes_have()
    {
        // this kernel has nothing that makes them, so there are few, or none
        ulong[] ours = [.. JsonDocument.Parse(view.Read("kernel/dmabuf.json")).RootElement.EnumerateArray().Select(r => r.GetProperty("ino").GetUInt64())];
        string held = Tool.Shell("find /proc/[0-9]*/fd -lname '/dmabuf:*' -exec stat -Lc %i {} + 2>/dev/null | sort -un").Output;
        Assert.Subset(ours.ToHashSet(), held.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => ulong.Parse(l, CultureInfo.InvariantCulture)).ToHashSet());
        Assert.StartsWith("ino ", view.Read("kernel/dmabuf"), StringComparison.Ordinal);
    }

    [Fact]
    public void Who_may_read_them()
    {
        Tool.AsNobody("cat $1/kernel/cgroups $1/kernel/cgroups.json $1/kernel/ksyms >/dev/null", view.Root).Succeeded();
        string[] slabs = KernelNames.Lacks("bpf_iter_kmem_cache", "6.13") ? [] : ["kmem_cache", "kmem_cache.json"], buffers = KernelNames.Lacks("bpf_iter_dmabuf", "6.16") ? [] : ["dmabuf", "dmabuf.json"];
        foreach (string name in slabs.Concat(buffers))
            Assert.Contains("Permission denied", Tool.AsNobody("cat $1", view.At($"kernel/{name}")).Errors, StringComparison.Ordinal);
    }

    private long Objects(string file, string cache) =>
        JsonDocument.Parse(view.Read(file)).RootElement.EnumerateArray().First(r => r.GetProperty("name").GetString() == cache).GetProperty("objects").GetInt64();

    private static long SlabInfo(string cache) =>
        long.Parse(File.ReadLines("/proc/slabinfo").First(l => l.StartsWith(cache + " ", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[2], CultureInfo.InvariantCulture);

    private static ulong InodeOf(string path) => ulong.Parse(Tool.Run("stat", "-c", "%i", path).Succeeded().Output, CultureInfo.InvariantCulture);

    [GeneratedRegex("[0-9a-f]{16} ")]
    private static partial Regex Address();

    /// <summary>A cgroup of our own.</summary>
    internal sealed class Group : IDisposable
    {
        private static int s_count;

        public Group()
        {
            string line = File.ReadLines("/proc/self/mountinfo").First(l => l.Contains(" - cgroup2 ", StringComparison.Ordinal));
            Root = line.Split(' ')[4];
            Path = Directory.CreateDirectory($"{Root}/view-test-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}").FullName;
        }

        public string Root { get; }

        public string Path { get; }

        public void Dispose()
        {
            foreach (string directory in Directory.EnumerateDirectories(Path, "*", SearchOption.AllDirectories).OrderDescending()) Directory.Delete(directory);
            Directory.Delete(Path);
        }
    }
}
