using Fuse.Sample;
using Microsoft.Win32.SafeHandles;

namespace Fuse.Tests;

public abstract class ReadTheme(Transport transport) : MountTheme(transport)
{
    [RootFact]
    public void Small_file_by_any_reader()
    {
        Assert.Equal("hello, world\n", File.ReadAllText(Server.At("hello")));
        Assert.Equal("hello, world\n", File.ReadAllText(Server.At("link")));
        Assert.Equal("hello, world\n", Gcc.Run("cat", Server.At("hello")).Output);
        Assert.Equal("13", Gcc.Run("stat", "-c", "%s", Server.At("hello")).Output.Trim());
        Assert.Matches("^(3[1-9]|4[0-2]) 1048576$", Server.Ask("protocol")); // 7.31 is Linux 5.4, 7.42 is 6.14
    }

    [RootFact]
    public void Offsets_and_single_bytes()
    {
        foreach (string name in (string[])["big", "direct"])
        {
            using SafeFileHandle file = File.OpenHandle(Server.At(name));
            byte[] buffer = new byte[4096];
            foreach (long offset in (long[])[0, 1, 4095, 4096, 65535, 1 << 20, SampleTree.BigSize - 1])
            {
                Assert.Equal(1, RandomAccess.Read(file, buffer.AsSpan(0, 1), offset));
                Assert.Equal(SampleTree.Pattern(offset), buffer[0]);
            }
            Assert.Equal(100, RandomAccess.Read(file, buffer, SampleTree.BigSize - 100));
            Assert.Equal(0, RandomAccess.Read(file, buffer, SampleTree.BigSize));
            Assert.Equal(0, RandomAccess.Read(file, buffer, SampleTree.BigSize * 5));
        }
    }

    [RootFact]
    public void One_byte_at_a_time()
    {
        using SafeFileHandle file = File.OpenHandle(Server.At("direct"));
        byte[] one = new byte[1];
        for (long offset = 4000; offset < 4200; offset++)
        {
            Assert.Equal(1, RandomAccess.Read(file, one, offset));
            Assert.Equal(SampleTree.Pattern(offset), one[0]);
        }
    }

    [RootFact]
    public void A_mebibyte_in_one_request()
    {
        using (SafeFileHandle file = File.OpenHandle(Server.At("direct")))
        {
            byte[] buffer = new byte[1 << 20];
            for (long offset = 0; offset < SampleTree.BigSize; offset += buffer.Length)
            {
                Assert.Equal(buffer.Length, RandomAccess.Read(file, buffer, offset));
                for (int i = 0; i < buffer.Length; i += 509) Assert.Equal(SampleTree.Pattern(offset + i), buffer[i]);
            }
        }
        // A buffer that does not begin on a page boundary takes one page more than a request may have: hence up to two requests each.
        string count = Server.Ask("counts").Split(' ').First(c => c.StartsWith("READ=", StringComparison.Ordinal));
        int reads = int.Parse(count[5..].Split('/')[0], System.Globalization.CultureInfo.InvariantCulture);
        Assert.InRange(reads, 8, 16);
    }

    [RootFact]
    public void The_cached_and_the_direct_file_are_the_same_to_every_copier()
    {
        string copies = SampleServer.NewDirectory();
        try
        {
            foreach (string name in (string[])["big", "direct"])
            {
                string copy = Path.Combine(copies, name);
                Assert.Equal(0, Gcc.Run("cp", Server.At(name), copy).Code);
                byte[] bytes = File.ReadAllBytes(copy);
                Assert.Equal(SampleTree.BigSize, bytes.Length);
                for (int i = 0; i < bytes.Length; i += 251) Assert.Equal(SampleTree.Pattern(i), bytes[i]);
            }
        }
        finally
        {
            Directory.Delete(copies, recursive: true);
        }
    }

    [RootFact]
    public void A_failing_read_is_EIO_and_the_server_goes_on()
    {
        foreach (string name in (string[])["throw", "overflow"])
        {
            for (int i = 0; i < 20; i++)
            {
                Assert.Contains("Input/output error", Gcc.Run("cat", Server.At(name)).Output, StringComparison.Ordinal);
            }
        }
        Assert.Equal("hello, world\n", File.ReadAllText(Server.At("hello")));
    }

    [RootFact]
    public void Nothing_stays_open_and_nothing_is_allocated()
    {
        for (int i = 0; i < 200; i++) File.ReadAllText(Server.At("hello"));
        int descriptors = Server.Descriptors();
        int allocated = int.Parse(Server.Ask("allocated"), System.Globalization.CultureInfo.InvariantCulture);
        for (int i = 0; i < 3000; i++) File.ReadAllText(Server.At("hello"));
        // RELEASE is sent without waiting for it.
        for (int tries = 0; tries < 50 && Server.Ask("open") != "0"; tries++) Thread.Sleep(10);
        Assert.Equal("0", Server.Ask("open"));
        int after = int.Parse(Server.Ask("allocated"), System.Globalization.CultureInfo.InvariantCulture);
        Assert.Equal(descriptors, Server.Descriptors());
        Assert.InRange(after - allocated, 0, 100); // KiB, for the commands themselves; 3000 rounds of 3 requests would show
    }
}

public sealed class DeviceReadTests() : ReadTheme(Transport.Device);

public sealed class DeviceOnOneProcessorReadTests() : ReadTheme(Transport.DeviceOnOneProcessor);

public sealed class RingReadTests() : ReadTheme(Transport.Ring);

public sealed class RingOnOneProcessorReadTests() : ReadTheme(Transport.RingOnOneProcessor);
