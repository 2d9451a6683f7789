using Fuse.Sample;

namespace Fuse.Tests;

public abstract class DirectoryTheme(Programs programs, Transport transport) : MountTheme(transport), IClassFixture<Programs>
{
    [RootFact]
    public void Root()
    {
        string[] names = [.. Directory.EnumerateFileSystemEntries(Server.MountPoint).Select(n => Path.GetFileName(n)!).Order()];
        Assert.Equal(["big", "block", "changing", "counter", "direct", "hello", "huge", "link", "many", "overflow", "throw"], names);
        Assert.Contains("link -> hello", Gcc.Run("ls", "-l", Server.MountPoint).Output, StringComparison.Ordinal);
    }

    [RootFact]
    public void Ten_thousand_entries()
    {
        for (int round = 0; round < 2; round++)
        {
            string[] names = [.. Directory.EnumerateFiles(Server.At("many")).Select(n => Path.GetFileName(n)!)];
            Assert.Equal(SampleTree.ManyCount, names.Length);
            Assert.Equal(SampleTree.ManyCount, names.Distinct().Count());
        }
        Assert.Equal(10001, Gcc.Run("ls", "-l", Server.At("many")).Output.Count(c => c == '\n'));
    }

    [RootFact]
    public void Seekdir() => Assert.Equal("10002 101 0", Gcc.Run(programs.SeekDir, Server.At("many")).Output);

    [RootFact]
    public void Every_modification_is_EROFS()
    {
        using SampleServer writable = Start(null, "0", "rw"); // here the kernel lets them through, and the library refuses
        Assert.Equal("20 tried", Gcc.Run(programs.Modify, Server.MountPoint).Output);
        Assert.Equal("20 tried", Gcc.Run(programs.Modify, writable.MountPoint).Output);
    }
}

public sealed class DeviceDirectoryTests(Programs programs) : DirectoryTheme(programs, Transport.Device);

public sealed class DeviceOnOneProcessorDirectoryTests(Programs programs) : DirectoryTheme(programs, Transport.DeviceOnOneProcessor);

public sealed class RingDirectoryTests(Programs programs) : DirectoryTheme(programs, Transport.Ring);

public sealed class RingOnOneProcessorDirectoryTests(Programs programs) : DirectoryTheme(programs, Transport.RingOnOneProcessor);
