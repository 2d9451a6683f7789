using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>What Tmds.LibC 0.5 lacks of the C library.</summary>
internal static unsafe partial class MissingLibC
{
    // The name Tmds.LibC uses: with another one a statically linked program would load a second C library, with an errno of its own.
    private const string Library = "libc.so.6";

    internal const int PATH_MAX = 4096;

    internal const int AT_STATX_FORCE_SYNC = 0x2000; // linux/fcntl.h

    [LibraryImport(Library, SetLastError = true)]
    internal static partial byte* realpath(byte* path, byte* resolved);
}
