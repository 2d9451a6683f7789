using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>What Tmds.LibC lacks of libc, for this project.</summary>
internal static unsafe partial class LibC
{
    private const string Library = "libc.so.6"; // as Tmds.LibC names it

    public const int CLOCK_REALTIME = 0;
    public const int CLOCK_MONOTONIC_COARSE = 6;
    public const int CLOCK_BOOTTIME = 7;

    /// <summary><c>struct timespec</c> on 64-bit Linux.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct timespec
    {
        public long tv_sec;
        public long tv_nsec;
    }

    [LibraryImport(Library)]
    public static partial int clock_gettime(int clock, timespec* time);

    [LibraryImport(Library)]
    public static partial int clock_getres(int clock, timespec* resolution);
}
