namespace Fuse;

/// <summary>What was agreed with the kernel, and the way to tell it that something it may have cached is out of date.</summary>
public sealed class FuseConnection
{
    private readonly INotifier? _notifier;

    internal FuseConnection(INotifier? notifier) => _notifier = notifier;

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

    /// <summary>
    /// Tells the kernel to drop what it knows of a node: its attributes, and its pages from <paramref name="offset"/> on
    /// (<paramref name="length"/> 0 or less = to the end). Offset -1 drops the attributes only.
    /// </summary>
    /// <remarks>Dropping pages waits for reads of that node: never call it with an offset of 0 or more from within a Read of it.</remarks>
    /// <returns>0, or ENOENT when the kernel does not know the node, which is as good; ENODEV or ENOTCONN after the unmount.</returns>
    public int InvalidateInode(ulong node, long offset, long length) =>
        _notifier?.InvalidateInode(node, offset, length) ?? 0;

    /// <summary>
    /// Tells the kernel that a file has grown so that its last byte is <paramref name="value"/> at <paramref name="offset"/>. Dropping the attributes does
    /// not do that: until somebody asks for them, sendfile(2) ends where the kernel last knew the file to end.
    /// </summary>
    /// <remarks>
    /// The kernel locks the byte's page, and so waits for reads of it through the page cache: never call it from within a Read of the node. Elsewhere it may
    /// wait for another worker to answer such a read.
    /// </remarks>
    /// <returns>0, or ENOENT when the kernel does not know the node, which is as good; ENODEV or ENOTCONN after the unmount.</returns>
    public int StoreByte(ulong node, long offset, byte value) =>
        _notifier?.StoreByte(node, offset, value) ?? 0;

    /// <summary>Tells the kernel to drop a name, also a remembered "no such name".</summary>
    /// <remarks>The kernel takes the directory's lock: never call it from within a Lookup or ReadDir of that directory.</remarks>
    /// <returns>0, or ENOENT when the kernel does not know the name, which is as good; ENODEV or ENOTCONN after the unmount.</returns>
    public int InvalidateEntry(ulong parent, ReadOnlySpan<byte> name) =>
        _notifier?.InvalidateEntry(parent, name) ?? 0;
}
