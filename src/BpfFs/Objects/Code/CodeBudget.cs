using BpfFs.Rendering;
using Fuse;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects.Code;

/// <summary>
/// How far the text of a program's code goes. A million instructions may each have a source line, all of them the same string of megabytes: text that no machine has room for.
/// </summary>
internal static class CodeBudget
{
    /// <summary>Bytes. The longest program without such lines has less: a million instructions of 40 bytes, and lines as long as compilers' are.</summary>
    public const int MaxText = 128 * 1024 * 1024;

    /// <summary>Bytes of one source line; what is longer is cut.</summary>
    public const int MaxLine = 4096;

    /// <summary>To be asked before each instruction or line. False: go on; true: end with <paramref name="errno"/>, EINTR where nobody waits any more. Where it is too long, the last line says so.</summary>
    public static bool Ends(TextBuffer to, out int errno)
    {
        errno = Request.IsCurrentInterrupted ? EINTR : 0;
        if (errno == 0 && !IsUsedUp(to)) return false;
        if (errno == 0) to.Append("# the rest is left out: it is longer than 128 MiB\n"u8);
        return true;
    }

    /// <summary>Whether there is no room for more.</summary>
    public static bool IsUsedUp(TextBuffer to) => to.Length > MaxText;
}
