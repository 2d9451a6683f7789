using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>What Tmds.LibC 0.5 lacks of the C library.</summary>
internal static unsafe partial class MissingLibC
{
    // The name Tmds.LibC uses: with another one a statically linked program would load a second C library, with an errno of its own.
    private const string Library = "libc.so.6";

    internal const int PATH_MAX = 4096;

    internal const int AT_STATX_FORCE_SYNC = 0x2000; // linux/fcntl.h

    internal const int SYS_io_uring_setup = 425; // the same on every architecture
    internal const int SYS_io_uring_enter = 426;

    /// <summary>syscall(2) with the arguments of io_uring_setup(2).</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint syscall(nint number, nuint entries, io_uring_params* parameters);

    /// <summary>syscall(2) with the arguments of io_uring_enter(2).</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial nint syscall(nint number, nuint fd, nuint toSubmit, nuint minComplete, nuint flags, void* argument, nuint size);

    /// <summary>The mask is an array of longs, a bit for each processor; pid 0 is the calling thread.</summary>
    [LibraryImport(Library, SetLastError = true)]
    internal static partial int sched_getaffinity(int pid, nuint size, ulong* mask);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int sched_setaffinity(int pid, nuint size, ulong* mask);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial int flock(int fd, int operation);

    [LibraryImport(Library, SetLastError = true)]
    internal static partial byte* realpath(byte* path, byte* resolved);
}
