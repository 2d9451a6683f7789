using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>Namespaces, namespaces(7). Functions that fail give -1 and set errno.</summary>
internal static unsafe partial class LibC
{
    /// <summary><c>struct file_handle</c> with <c>struct nsfs_file_handle</c> in it (<c>&lt;linux/nsfs.h&gt;</c>, Linux 6.18).</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct nsfs_handle
    {
        public uint handle_bytes;
        public int handle_type;
        public ulong ns_id;
        public uint ns_type;
        public uint ns_inum;
    }

    /// <summary>Moves the calling thread.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int setns(int fd, int nstype);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int open_by_handle_at(int mount_fd, nsfs_handle* handle, int flags);
}
