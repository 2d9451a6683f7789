using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>An open /dev/fuse: one connection to the kernel, and the only place that reads, writes and closes it.</summary>
internal sealed unsafe class FuseDevice : SafeHandle
{
    private const string Path = "/dev/fuse";
    private const ulong Number = (10 << 8) | 229; // makedev(MISC_MAJOR, FUSE_MINOR)

    private FuseDevice(int descriptor)
        : base(-1, ownsHandle: true) => SetHandle(descriptor);

    public override bool IsInvalid => handle == -1;

    internal static FuseDevice Open()
    {
        fixed (byte* path = "/dev/fuse\0"u8)
        {
            int descriptor = open(path, O_RDWR | O_CLOEXEC, default);
            return descriptor < 0 ? throw new FuseException("open", Path, errno) : Own(descriptor);
        }
    }

    /// <summary>Owns an open descriptor from now on, also if it is refused.</summary>
    internal static FuseDevice Own(int descriptor)
    {
        var device = new FuseDevice(descriptor);
        stat found;
        if (fstat(descriptor, &found) == 0 && (ulong)found.st_rdev == Number) return device;
        device.Dispose();
        throw new FuseException("open", Path, ENODEV, "not the FUSE device (character device 10, 229)"); // mount(2) would only say EINVAL
    }

    /// <summary>The number for mount(2)'s option fd= and for commands on a ring, and for nothing else.</summary>
    internal int Descriptor => (int)handle;

    /// <summary>Waits for a request. Gives its length, or a negative errno: ENODEV after the unmount.</summary>
    internal int Receive(Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                ssize_t length = read((int)handle, start, (uint)buffer.Length);
                if (length >= 0) return (int)length;
                int reason = errno;
                // ENOENT: the request was interrupted before we had it (fuse_dev_do_read). The other two are read(2)'s own.
                if (reason != EINTR && reason != EAGAIN && reason != ENOENT) return -reason;
            }
        }
    }

    /// <summary>Sends a reply or a notification, whole: fs/fuse takes no parts. 0 or a positive errno.</summary>
    internal int Send(ReadOnlySpan<byte> message)
    {
        fixed (byte* start = message)
        {
            while (write((int)handle, start, (uint)message.Length) < 0)
            {
                if (errno != EINTR) return errno;
            }
            return 0;
        }
    }

    /// <summary>Makes the kernel send a NOTIFY_REPLY with this number and no bytes of a file. EINVAL: it is no regular one; ENOENT: not known.</summary>
    internal int Retrieve(ulong node, ulong unique)
    {
        Span<byte> message = stackalloc byte[sizeof(fuse_out_header) + sizeof(fuse_notify_retrieve_out)];
        fuse_notify_retrieve_out body = new() { notify_unique = unique, nodeid = node };
        MemoryMarshal.Write(message[sizeof(fuse_out_header)..], body);
        return Notify(FuseProtocol.FUSE_NOTIFY_RETRIEVE, message);
    }

    /// <summary>Makes all requests that were read and not answered come again, to whoever reads. EINVAL: before Linux 6.9.</summary>
    internal int Resend()
    {
        Span<byte> message = stackalloc byte[sizeof(fuse_out_header)];
        return Notify(FuseProtocol.FUSE_NOTIFY_RESEND, message);
    }

    /// <summary>A message with unique 0 and the code in place of the errno is a notification (fuse_dev_do_write).</summary>
    private int Notify(int code, Span<byte> message)
    {
        MemoryMarshal.Write(message, new fuse_out_header { len = (uint)message.Length, error = code });
        bool held = false;
        try
        {
            DangerousAddRef(ref held); // a notification may come from any thread, also while the mount ends
            return Send(message);
        }
        catch (ObjectDisposedException)
        {
            return ENODEV;
        }
        finally
        {
            if (held) DangerousRelease();
        }
    }

    protected override bool ReleaseHandle() => close((int)handle) == 0;
}
