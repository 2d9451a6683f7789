using System.Runtime.InteropServices;

namespace Fuse;

internal static class Errno
{
    internal static string Text(int errno) => Marshal.GetPInvokeErrorMessage(errno);
}
