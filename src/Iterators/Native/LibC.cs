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
}
