using Fuse.Sample;

namespace Fuse.Tests;

public sealed class DirectoryTests(Programs programs) : IClassFixture<Programs>, IDisposable
{
    private readonly SampleServer _server = new();

    public void Dispose() => _server.Dispose();

    [RootFact]
    public void Root()
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(_server.MountPoint).Select(n => Path.GetFileName(n)!).Order()];
        Assert.Equal(["big", "block", "counter", "direct", "hello", "link", "many", "overflow", "throw"], names);
        Assert.Contains("link -> hello", Gcc.Run("ls", "-l", _server.MountPoint).Output, StringComparison.Ordinal);
    }

    [RootFact]
    public void Ten_thousand_entries()
    {
        for (int round = 0; round < 2; round++)
        {
            string[] names = [.. Directory.EnumerateFiles(_server.At("many")).Select(n => Path.GetFileName(n)!)];
            Assert.Equal(SampleTree.ManyCount, names.Length);
            Assert.Equal(SampleTree.ManyCount, names.Distinct().Count());
        }
        Assert.Equal(10001, Gcc.Run("ls", "-l", _server.At("many")).Output.Count(c => c == '\n'));
    }

    [RootFact]
    public void Seekdir() => Assert.Equal("10002 101 0", Gcc.Run(programs.SeekDir, _server.At("many")).Output);

    [RootFact]
    public void Every_modification_is_EROFS()
    {
        using SampleServer writable = new(null, "0", "rw"); // here the kernel lets them through, and the library refuses
        Assert.Equal("20 tried", Gcc.Run(programs.Modify, _server.MountPoint).Output);
        Assert.Equal("20 tried", Gcc.Run(programs.Modify, writable.MountPoint).Output);
    }
}
