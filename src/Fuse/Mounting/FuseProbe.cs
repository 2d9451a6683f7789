using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>The kernel's side of FUSE.</summary>
/// <param name="Major">Of the protocol: 7.</param>
/// <param name="Minor">Of the protocol: 38 is Linux 6.2.</param>
/// <param name="OffersIoUring">A mount made now could be served over io_uring.</param>
/// <param name="OffersResend">A server that is killed can have a successor: Linux 6.9.</param>
public readonly record struct KernelFuse(int Major, int Minor, bool OffersIoUring, bool OffersResend);

/// <summary>Asks the kernel what it speaks without mounting anything anywhere.</summary>
public static unsafe class FuseProbe
{
    private const int SYS_fsopen = 430; // the same on every architecture
    private const int SYS_fsconfig = 431;
    private const int FSOPEN_CLOEXEC = 1; // linux/mount.h
    private const int FSCONFIG_SET_STRING = 1;
    private const int FSCONFIG_CMD_CREATE = 6;

    /// <summary>
    /// What the kernel speaks and offers, out of the INIT that it sends when the file system is made: one that is attached to no directory, and gone on
    /// return. Needs CAP_SYS_ADMIN and Linux 5.2.
    /// </summary>
    /// <exception cref="FuseException">/dev/fuse cannot be opened, or the file system not made.</exception>
    public static KernelFuse Ask()
    {
        using FuseDevice device = FuseDevice.Open();
        int context;
        fixed (byte* name = "fuse\0"u8) context = (int)(long)syscall(SYS_fsopen, name, FSOPEN_CLOEXEC);
        if (context < 0) throw new FuseException("make file system", "fuse", errno);
        try
        {
            Configure(context, "fd", device.Descriptor.ToString(CultureInfo.InvariantCulture));
            Configure(context, "rootmode", "40000");
            Configure(context, "user_id", "0");
            Configure(context, "group_id", "0");
            if ((long)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, null, null, 0) < 0) throw new FuseException("make file system", "fuse", errno);
            byte[] request = new byte[FuseProtocol.FUSE_MIN_READ_BUFFER];
            int length = device.Receive(request);
            if (length < sizeof(fuse_in_header) + (2 * sizeof(uint))) throw new FuseException("read", "/dev/fuse", length < 0 ? -length : EPROTO);
            fuse_init_in init = default;
            ReadOnlySpan<byte> body = request.AsSpan(sizeof(fuse_in_header), Math.Min(length - sizeof(fuse_in_header), sizeof(fuse_init_in)));
            body.CopyTo(MemoryMarshal.AsBytes(new Span<fuse_init_in>(ref init)));
            return new KernelFuse((int)init.major, (int)init.minor, init.OffersIoUring, init.OffersResend);
        }
        finally
        {
            close(context);
        }
    }

    private static void Configure(int context, string key, string value)
    {
        fixed (byte* k = Encoding.UTF8.GetBytes(key + '\0'), v = Encoding.UTF8.GetBytes(value + '\0'))
        {
            if ((long)syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, k, v, 0) < 0) throw new FuseException("make file system", "fuse", errno);
        }
    }
}
