using System.Runtime.InteropServices;

namespace Iterators.Native;

/// <summary>What Tmds.LibC lacks of libc.</summary>
internal static unsafe partial class LibC
{
    private const string Library = "libc.so.6"; // as Tmds.LibC names it: under another name a second libc would be loaded, with an errno of its own

    // glibc's va_list is passed as a pointer on x86-64 (an array type) and on arm64 (a structure over 16 bytes).
    [LibraryImport(Library)]
    public static partial int vsnprintf(byte* str, nuint size, byte* format, void* ap);

    /// <summary>statfs(2). <c>struct statfs</c> is 120 bytes on 64-bit Linux and starts with <c>f_type</c>.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int statfs(byte* path, long* buf);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int rename(byte* from, byte* to);

    public const uint MFD_CLOEXEC = 1;

    /// <summary>memfd_create(2).</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int memfd_create(byte* name, uint flags);

    public const long SYS_fsopen = 430; // the same on every architecture
    public const long SYS_fsconfig = 431;
    public const long SYS_fsmount = 432;

    /// <summary>setns(2): of the calling thread.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int setns(int fd, int nstype);

    /// <summary>open_by_handle_at(2).</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int open_by_handle_at(int mount_fd, void* handle, int flags);

    /// <summary>syscall(2), for what libc has no function for; -1: errno tells why.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial long syscall(long number, nint a, nint b, nint c, nint d, nint e);

    public const uint IN_ATTRIB = 0x4; // <sys/inotify.h>
    public const uint IN_CLOSE_WRITE = 0x8;
    public const uint IN_MOVED_FROM = 0x40;
    public const uint IN_MOVED_TO = 0x80;
    public const uint IN_CREATE = 0x100;
    public const uint IN_DELETE = 0x200;
    public const uint IN_DELETE_SELF = 0x400;
    public const uint IN_MOVE_SELF = 0x800;
    public const uint IN_ONLYDIR = 0x1000000;
    public const int IN_CLOEXEC = 0x80000;
    public const int EFD_CLOEXEC = 0x80000; // <sys/eventfd.h>
    public const short POLLIN = 1;

    /// <summary><c>struct pollfd</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    [LibraryImport(Library, SetLastError = true)]
    public static partial int inotify_init1(int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int inotify_add_watch(int fd, byte* pathname, uint mask);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int eventfd(uint initval, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int poll(pollfd* fds, nuint nfds, int timeout);
}
