using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>Memory: what outlives its process, what is free. Functions that fail give -1 and set errno.</summary>
internal static unsafe partial class LibC
{
    public const uint MFD_CLOEXEC = 1; // <linux/memfd.h>
    public const int FALLOC_FL_KEEP_SIZE = 1; // <linux/falloc.h>
    public const int FALLOC_FL_PUNCH_HOLE = 2;
    public const int RLIMIT_FSIZE = 1; // <bits/resource.h>
    public const int RLIMIT_NOFILE = 7;
    public const int RLIMIT_MEMLOCK = 8;
    public const ulong RLIM_INFINITY = ulong.MaxValue;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int memfd_create(byte* name, uint flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ftruncate(int fd, long length);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pread(int fd, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint pwrite(int fd, byte* buffer, nuint count, long offset);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fallocate(int fd, int mode, long offset, long length);

    /// <summary><c>struct rlimit</c> is two words: soft and hard.</summary>
    [LibraryImport(Library, SetLastError = true)]
    public static partial int getrlimit(int resource, ulong* limit);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int setrlimit(int resource, ulong* limit);

    /// <summary>malloc_trim(3): gives free pages of malloc(3) back.</summary>
    [LibraryImport(Library)]
    public static partial int malloc_trim(nuint pad);
}
