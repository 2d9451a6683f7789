using System.Runtime.InteropServices;
using Support;

namespace Iterators.Tests;

/// <summary>What a thread of its own can do to itself, and descriptors to read from.</summary>
internal static unsafe partial class Native
{
    private const int CLONE_NEWNS = 0x20000;
    private const ulong MS_BIND = 4096, MS_REC = 16384, MS_PRIVATE = 1 << 18;
    private const int AF_UNIX = 1, SOCK_SEQPACKET = 5, O_NONBLOCK = 0x800;
    private const uint LinuxCapabilityVersion3 = 0x20080522;

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int unshare(int flags);

    [LibraryImport("libc.so.6", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string? type, ulong flags, void* data);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int capset(uint* header, uint* data);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int pipe2(int* pair, int flags);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial nint write(int fd, byte* data, nuint size);

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial int prlimit(int pid, int resource, ulong* newLimit, ulong* oldLimit);

    /// <summary>Until it is disposed this process opens nothing.</summary>
    public static IDisposable NoMoreDescriptors() => new DescriptorLimit();

    private sealed class DescriptorLimit : IDisposable
    {
        private const int RLIMIT_NOFILE = 7;
        private readonly ulong _soft, _hard;

        public DescriptorLimit()
        {
            ulong* limit = stackalloc ulong[2];
            Assert.Equal(0, prlimit(0, RLIMIT_NOFILE, null, limit));
            (_soft, _hard) = (limit[0], limit[1]);
            limit[0] = 3; // the lowest free one would be above
            Assert.Equal(0, prlimit(0, RLIMIT_NOFILE, limit, null));
        }

        public void Dispose()
        {
            ulong* limit = stackalloc ulong[2] { _soft, _hard };
            Assert.Equal(0, prlimit(0, RLIMIT_NOFILE, limit, null));
        }
    }

    /// <summary>Runs on a thread that ends with it: capabilities and namespaces are a thread's own.</summary>
    public static void OnThreadOfItsOwn(Action action)
    {
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                action();
            }
            catch (Exception e)
            {
                failure = e;
            }
        });
        thread.Start();
        thread.Join();
        if (failure is not null) throw new InvalidOperationException(failure.Message, failure);
    }

    /// <summary>The calling thread gives up every capability.</summary>
    public static void DropCapabilities()
    {
        uint* header = stackalloc uint[2] { LinuxCapabilityVersion3, 0 };
        uint* none = stackalloc uint[6];
        new Span<uint>(none, 6).Clear();
        Assert.Equal(0, capset(header, none));
    }

    /// <summary>The calling thread sees another file there.</summary>
    public static void Cover(string path, string with)
    {
        Assert.Equal(0, unshare(CLONE_NEWNS));
        Assert.Equal(0, mount("none", "/", null, MS_REC | MS_PRIVATE, null));
        Assert.Equal(0, mount(with, path, null, MS_BIND, null));
    }

    /// <summary>A descriptor whose every read gives one of these pieces, then the end.</summary>
    public static Descriptor Pieces(params byte[][] pieces)
    {
        int* pair = stackalloc int[2];
        Assert.Equal(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair));
        using Descriptor writer = new(pair[1]);
        foreach (byte[] piece in pieces.Where(p => p.Length > 0)) Write(writer, piece);
        return new Descriptor(pair[0]);
    }

    public static (Descriptor Reader, Descriptor Writer) Pipe(bool blocks = true)
    {
        int* pair = stackalloc int[2];
        Assert.Equal(0, pipe2(pair, blocks ? 0 : O_NONBLOCK));
        return (new Descriptor(pair[0]), new Descriptor(pair[1]));
    }

    public static void Write(Descriptor to, ReadOnlySpan<byte> data)
    {
        fixed (byte* p = data) Assert.Equal(data.Length, write(to.Fd, p, (nuint)data.Length));
    }
}
