using Microsoft.Extensions.Logging.Abstractions;
using Support;

namespace Iterators.Tests;

public sealed class PinsTests : IClassFixture<LoadedSet>, IDisposable
{
    private readonly LoadedSet _loaded;
    private readonly string _directory = $"/sys/fs/bpf/bpffs-view-test-{Environment.ProcessId}";

    public PinsTests(LoadedSet loaded) => _loaded = loaded;

    public void Dispose() => Tool.Run("rm", "-rf", _directory);

    [RootFact]
    public void They_are_made_for_everyone_and_removed()
    {
        Pins pins = Create();
        Assert.Equal([.. Names.Select(n => $"{_directory}/{n}")], pins.Paths);
        Assert.Equal((UnixFileMode)0x1ED, File.GetUnixFileMode(_directory));
        foreach (string path in pins.Paths)
        {
            Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(path));
            ToolResult read = Tool.AsNobody("cat \"$1\"", path).Succeeded();
            Assert.Matches("^  id (name|type) ", read.Output);
            Assert.True(read.Output.Split('\n').Length > 2);
        }
        pins.Remove();
        Assert.False(Directory.Exists(_directory));
        Assert.Empty(pins.Paths);
        pins.Remove(); // again is no error
    }

    [RootFact]
    public void They_outlive_the_iterators_and_rm_frees_them()
    {
        HashSet<string> before = Ids.All();
        string[] ids;
        using (IteratorSet set = IteratorSet.Load(new IteratorSetOptions { PinsOnly = true }, NullLogger.Instance))
        {
            Pins.Create(set, _directory, NullLogger.Instance);
            ids = [.. Ids.HeldBy(Environment.ProcessId).Except(before).Where(id => id.StartsWith("Link", StringComparison.Ordinal))];
        }
        Assert.Equal(3, ids.Length);
        Thread.Sleep(100);
        Assert.Equal(ids.Order(), Ids.All().Intersect(ids).Order());
        Assert.Matches("^  id name ", Tool.AsNobody("cat \"$1\"", $"{_directory}/progs").Succeeded().Output);
        string[] made = Ids.NewSince(before);
        Tool.Run("rm", "-r", _directory).Succeeded();
        Assert.Empty(Ids.Remaining(made));
    }

    [RootFact]
    public void What_a_killed_run_left_is_replaced_and_RemoveFrom_removes_it()
    {
        Create();
        Pins second = Create();
        Assert.Equal(3, second.Paths.Count);
        Assert.Equal(second.Paths, Pins.RemoveFrom(_directory, NullLogger.Instance));
        Assert.False(Directory.Exists(_directory));
        Assert.Empty(Pins.RemoveFrom(_directory, NullLogger.Instance)); // nothing there: nothing to do
        second.Remove();
    }

    [RootFact]
    public void Other_things_stay()
    {
        Directory.CreateDirectory(_directory);
        using BpfMap map = BpfMap.Create("others", Support.MapType.Array, 4, 4, 1);
        Bpf.Pin(map.Fd, $"{_directory}/other");
        Pins pins = Create();
        pins.Remove();
        Assert.Equal([$"{_directory}/other"], Directory.GetFileSystemEntries(_directory));

        Bpf.Pin(map.Fd, $"{_directory}/maps"); // our name, but not our link
        BpfException e = Assert.Throws<BpfException>(Create);
        Assert.Equal($"pin {_directory}/maps: exists, and is no pin of bpffs-view", e.Message);
        Assert.Equal([$"{_directory}/maps", $"{_directory}/other"], Directory.GetFileSystemEntries(_directory).Order());
        e = Assert.Throws<BpfException>(() => Pins.RemoveFrom(_directory, NullLogger.Instance));
        Assert.Equal($"unpin {_directory}/maps: exists, and is no pin of bpffs-view", e.Message);
        Assert.True(File.Exists($"{_directory}/maps"));
    }

    [RootFact]
    public void A_directory_that_is_not_on_a_bpffs()
    {
        using TemporaryDirectory directory = new();
        BpfException e = Assert.Throws<BpfException>(() => Pins.Create(_loaded.Set, directory.Path, NullLogger.Instance));
        Assert.Equal($"pin {directory.Path}: not on a bpffs (mount -t bpf bpf /sys/fs/bpf)", e.Message);
        e = Assert.Throws<BpfException>(() => Pins.Create(_loaded.Set, directory.At("new"), NullLogger.Instance));
        Assert.False(Directory.Exists(directory.At("new")));
        Assert.DoesNotContain('\n', e.Message);
        e = Assert.Throws<BpfException>(() => Pins.Create(_loaded.Set, directory.At("no/where"), NullLogger.Instance));
        Assert.Equal($"mkdir {directory.At("no/where")}: No such file or directory", e.Message);
        e = Assert.Throws<BpfException>(() => Pins.Create(_loaded.Set, "relative", NullLogger.Instance));
        Assert.Equal("pin relative: the path must be absolute", e.Message);
    }

    private static string[] Names => ["progs", "maps", "links"];

    private Pins Create()
    {
        Mounts.EnsureBpffs();
        return Pins.Create(_loaded.Set, _directory, NullLogger.Instance);
    }
}
