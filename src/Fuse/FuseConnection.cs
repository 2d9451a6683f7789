namespace Fuse;

/// <summary>
/// What was agreed with the kernel. There is no way to tell it that something it remembers is out of date: NOTIFY_STORE and NOTIFY_INVAL_* wait for pages and locks
/// whose holders wait for a reply, so whoever serves must not send them (README.md, "No notifications").
/// </summary>
public sealed class FuseConnection
{
    internal FuseConnection() { }

    /// <summary>Minor number of the protocol 7.x in use: the smaller of the kernel's and ours.</summary>
    public int ProtocolMinor { get; internal set; }

    /// <summary>The kernel's own minor number: 38 is Linux 6.2, 41 is 6.12, 42 is 6.14.</summary>
    public int KernelMinor { get; internal set; }

    /// <summary>The largest READ the kernel may send, in bytes.</summary>
    public int MaxRead { get; internal set; }

    /// <summary>INIT flags in use; the upper half is flags2.</summary>
    public ulong Flags { get; internal set; }

    /// <summary>The kernel can send again what a server died with (Linux 6.9), so another process may take the connection over.</summary>
    public bool CanResend { get; internal set; }

    /// <summary>Requests come over io_uring: INIT has agreed on it. <see cref="FuseMount.Transport"/> tells what became of it.</summary>
    internal bool IsOverIoUring => (Flags & FuseProtocol.FUSE_OVER_IO_URING) != 0;
}
