namespace Fuse;

/// <summary>Carries notifications to the kernel; each method returns 0 or a positive errno.</summary>
internal interface INotifier
{
    int InvalidateInode(ulong node, long offset, long length);

    int InvalidateEntry(ulong parent, ReadOnlySpan<byte> name);

    int StoreByte(ulong node, long offset, byte value);
}
