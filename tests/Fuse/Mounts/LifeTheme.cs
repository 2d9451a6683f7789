using System.Diagnostics;

namespace Fuse.Tests;

/// <summary>How mounts begin and end.</summary>
public abstract class LifeTheme(Transport transport) : MountTheme(transport)
{
    private const string Subtype = "fuse-sample";

    [RootFact]
    public void An_unmount_from_outside_ends_the_server()
    {
        using SampleServer server = Start();
        Assert.Equal(MountPointState.Live, MountPoints.StateOf(server.MountPoint, Subtype));
        Assert.Equal(MountPointState.OtherFileSystem, MountPoints.StateOf(server.MountPoint, "other"));
        Assert.Contains(server.MountPoint, MountPoints.Find(Subtype));
        Assert.Equal(0, Gcc.Run("umount", server.MountPoint).Code);
        Assert.Equal("unmounted", server.ReadLine());
        Assert.Equal(0, server.WaitForExit());
        Assert.Equal(MountPointState.None, MountPoints.StateOf(server.MountPoint, Subtype));
    }

    [RootFact]
    public void Busy_lazy_dispose()
    {
        using SampleServer server = Start();
        using (FileStream held = File.OpenRead(server.At("direct")))
        {
            Assert.Contains("busy", server.Ask("unmount"), StringComparison.Ordinal);
            Assert.Equal("ok", server.Ask("lazy"));
            Assert.Equal(0, SampleServer.Mounts(server.MountPoint));
            Assert.Equal(0, held.ReadByte()); // still served
        }
        Assert.Equal("unmounted", server.ReadLine());

        using SampleServer forced = Start();
        using FileStream lost = File.OpenRead(forced.At("direct"));
        string[] last = [forced.Ask("dispose"), forced.ReadLine()];
        Assert.Equal(["ok", "unmounted"], last);
        Assert.Throws<IOException>(() => lost.ReadByte());
    }

    [RootFact]
    public void A_dead_mount_is_seen_and_replaced()
    {
        string directory = SampleServer.NewDirectory();
        using (SampleServer first = Start(directory))
        {
            Assert.True(Directory.Exists(directory)); // the kernel keeps the root's attributes for an hour
            first.Kill();
            Assert.True(Directory.Exists(directory));
            Assert.Equal(MountPointState.Dead, MountPoints.StateOf(directory, Subtype));
            using SampleServer second = Start(directory);
            Assert.StartsWith("ready", second.Greeting, StringComparison.Ordinal);
            Assert.Equal("hello, world\n", File.ReadAllText(second.At("hello")));
            Assert.Equal(1, SampleServer.Mounts(directory));
        }
        Directory.Delete(directory);
    }

    [RootFact]
    public void A_live_mount_is_refused_and_unharmed()
    {
        using SampleServer first = Start();
        using SampleServer second = Start(first.MountPoint, "0", "nonempty");
        Assert.Equal($"mount {first.MountPoint}: already mounted, and its server runs", second.Greeting);
        Assert.Equal(1, SampleServer.Mounts(first.MountPoint));
        Assert.Equal("hello, world\n", File.ReadAllText(first.At("hello")));
        Assert.Equal("ok", first.Ask("unmount"));
    }

    [RootFact]
    public void A_server_that_hangs_is_live_and_nobody_waits_for_it()
    {
        using SampleServer server = Start();
        Gcc.Run("kill", "-STOP", server.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Stopwatch watch = Stopwatch.StartNew();
        Assert.Equal(MountPointState.Live, MountPoints.StateOf(server.MountPoint, Subtype));
        Assert.InRange(watch.ElapsedMilliseconds, 0, 3000);
    }

    [RootFact]
    public void Mount_points_that_will_not_do()
    {
        string directory = SampleServer.NewDirectory();
        string file = Path.Combine(directory, "file");
        File.WriteAllText(file, "");
        Assert.Equal($"mount {directory}/missing: No such file or directory", Greeting($"{directory}/missing"));
        Assert.Equal($"mount {file}: Not a directory", Greeting(file));
        Assert.Equal($"mount {directory}: Directory not empty", Greeting(directory));
        using (SampleServer over = Start(directory, "0", "nonempty")) Assert.StartsWith("ready", over.Greeting, StringComparison.Ordinal);
        Directory.Delete(directory, recursive: true);
    }

    [RootFact]
    public void Odd_names_and_symbolic_links()
    {
        string directory = SampleServer.NewDirectory();
        string odd = Directory.CreateDirectory(Path.Combine(directory, "a b\\c\nd#ä")).FullName;
        string link = Path.Combine(directory, "link");
        Directory.CreateSymbolicLink(link, odd);
        using (SampleServer server = Start(link))
        {
            Assert.Equal(MountPointState.Live, MountPoints.StateOf(odd, Subtype));
            Assert.Equal(MountPointState.Live, MountPoints.StateOf(link, Subtype));
            Assert.Equal("hello, world\n", File.ReadAllText(Path.Combine(odd, "hello")));
            Assert.Equal("ok", server.Ask("unmount"));
        }
        Directory.Delete(directory, recursive: true);
    }

    [RootFact]
    public void Two_mounts_at_once()
    {
        using SampleServer one = Start();
        using SampleServer two = Start();
        Parallel.For(0, 200, i => Assert.Equal("hello, world\n", File.ReadAllText((i % 2 == 0 ? one : two).At("hello"))));
        Assert.Equal("ok", one.Ask("unmount"));
        Assert.Equal("hello, world\n", File.ReadAllText(two.At("hello")));
    }

    private string Greeting(string mountPoint)
    {
        using SampleServer server = Start(mountPoint);
        return server.Greeting;
    }
}

public sealed class DeviceLifeTests() : LifeTheme(Transport.Device);

public sealed class DeviceOnOneProcessorLifeTests() : LifeTheme(Transport.DeviceOnOneProcessor);

public sealed class RingLifeTests() : LifeTheme(Transport.Ring);

public sealed class RingOnOneProcessorLifeTests() : LifeTheme(Transport.RingOnOneProcessor);
