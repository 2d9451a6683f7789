using System.Globalization;
using Fuse.Sample;
using Microsoft.Win32.SafeHandles;

namespace Fuse.Tests;

/// <summary>What programs expect of any file system.</summary>
public abstract class PosixTheme(Programs programs, Transport transport) : MountTheme(transport), IClassFixture<Programs>
{
    private string Stat(string format, string name) => Gcc.Run("stat", "-c", format, Server.At(name)).Output.Trim();

    [RootFact]
    public void Types_and_inodes_in_a_listing_are_those_of_stat()
    {
        Assert.Equal("13 right", Gcc.Run(programs.Types, Server.MountPoint).Output);
        Assert.Equal($"{SampleTree.ManyCount + 2} right", Gcc.Run(programs.Types, Server.At("many")).Output);
        Assert.Equal($"{(SampleTree.ChangingCount * 3 / 4) + 2} right", Gcc.Run(programs.Types, Server.At("changing")).Output);
    }

    [RootFact]
    public void A_listing_has_what_stays_exactly_once_while_others_come_and_go()
    {
        string count = SampleTree.ChangingCount.ToString(CultureInfo.InvariantCulture);
        for (int changes = 0; changes < 10;) // in as many runs as that takes
        {
            Task<(int Code, string Output)> lists = Task.Run(() => Gcc.Run(programs.ListSlowly, Server.At("changing"), "20", count));
            for (; !lists.IsCompleted; changes++) Server.Ask("count");
            Assert.Equal((0, "0 0"), lists.Result);
        }
    }

    [RootFact]
    public void Offsets_beyond_4_GiB()
    {
        using SafeFileHandle file = File.OpenHandle(Server.At("huge"));
        byte[] buffer = new byte[8192];
        foreach (long offset in (long[])[(1L << 31) - 100, (1L << 32) - 100, (1L << 32) + 4096, (1L << 40) - 1, SampleTree.HugeSize - 8192])
        {
            Assert.Equal(buffer.Length, RandomAccess.Read(file, buffer, offset));
            for (int i = 0; i < buffer.Length; i += 7) Assert.Equal(SampleTree.Pattern(offset + i), buffer[i]);
        }
        Assert.Equal(10, RandomAccess.Read(file, buffer, SampleTree.HugeSize - 10));
        Assert.Equal(0, RandomAccess.Read(file, buffer, SampleTree.HugeSize));
        Assert.Equal(SampleTree.HugeSize, RandomAccess.GetLength(file));
    }

    [RootFact]
    public void Statx_and_link_counts()
    {
        Assert.Equal("1000000000", Stat("%W", "hello"));
        Assert.Equal("0", Stat("%W", "big")); // not known
        Assert.Equal("1", Stat("%h", "hello"));
        Assert.Equal("1", Stat("%h", "link"));
        Assert.Equal("2", Stat("%h", "many"));
        Assert.Equal("18 4398046511104 regular file 444", Stat("%i %s %F %a", "huge"));
        Assert.Equal("4294967296", Stat("%i", "changing/c00000"));
    }

    [RootFact]
    public void Opened_by_many_at_once_and_all_closed()
    {
        Assert.Equal("hello, world\n", File.ReadAllText(Server.At("hello")));
        int descriptors = Server.Descriptors();
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            for (int round = 0; round < 100; round++)
            {
                using SafeFileHandle one = File.OpenHandle(Server.At("hello"));
                using SafeFileHandle other = File.OpenHandle(Server.At(i % 2 == 0 ? "direct" : "huge"));
                byte[] first = new byte[5];
                Assert.Equal(5, RandomAccess.Read(one, first, 0));
                Assert.Equal("hello"u8.ToArray(), first);
                Assert.Equal(5, RandomAccess.Read(other, first, 777_777));
                Assert.Equal(SampleTree.Pattern(777_779), first[2]);
            }
        });
        Assert.True(Support.Poll.Until(() => Server.Ask("open") == "0"), "RELEASE did not come for every OPEN");
        Assert.Equal(descriptors, Server.Descriptors());
    }

    [RootFact]
    public void What_was_looked_up_is_forgotten_as_often()
    {
        Gcc.Run("ls", "-l", Server.At("many"));
        for (int i = 0; i < 50; i++) File.ReadAllText(Server.At("hello"));
        string[] held = Server.Ask("lookups").Split(' ');
        Assert.InRange(long.Parse(held[0], CultureInfo.InvariantCulture), 1000, long.MaxValue);
        // Forgetting needs a reason: the kernel gives back dentries and inodes when it is asked to.
        Assert.True(Support.Poll.Until(() =>
        {
            File.WriteAllText("/proc/sys/vm/drop_caches", "2");
            return Server.Ask("lookups") == "0 0";
        }), Server.Ask("lookups"));
        Assert.Equal("hello, world\n", File.ReadAllText(Server.At("hello")));
    }
}

public sealed class DevicePosixTests(Programs programs) : PosixTheme(programs, Transport.Device);

public sealed class DeviceOnOneProcessorPosixTests(Programs programs) : PosixTheme(programs, Transport.DeviceOnOneProcessor);

public sealed class RingPosixTests(Programs programs) : PosixTheme(programs, Transport.Ring);

public sealed class RingOnOneProcessorPosixTests(Programs programs) : PosixTheme(programs, Transport.RingOnOneProcessor);
