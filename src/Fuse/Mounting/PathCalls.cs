using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>The system calls on paths that mounting needs. Each returns 0 or a positive errno.</summary>
internal static unsafe class PathCalls
{
    internal static int Mount(string source, string target, string type, ulong flags, string data)
    {
        fixed (byte* s = Bytes(source), t = Bytes(target), y = Bytes(type), d = Bytes(data))
        {
            return mount(s, t, y, (ulong_t)flags, d) == 0 ? 0 : errno;
        }
    }

    internal static int Unmount(string target, int flags)
    {
        fixed (byte* t = Bytes(target))
        {
            return umount2(t, flags | UMOUNT_NOFOLLOW) == 0 ? 0 : errno;
        }
    }

    internal static int Stat(string path, out uint mode)
    {
        stat found = default;
        fixed (byte* p = Bytes(path))
        {
            int reason = stat(p, &found) == 0 ? 0 : errno;
            mode = (uint)found.st_mode;
            return reason;
        }
    }

    /// <summary>
    /// Asks the server itself for attributes: without AT_STATX_FORCE_SYNC the kernel answers from memory, also for a server long dead
    /// (fuse_update_get_attr, fs/fuse/dir.c).
    /// </summary>
    internal static int StatServer(string path)
    {
        statx found;
        fixed (byte* p = Bytes(path))
        {
            return statx(AT_FDCWD, p, MissingLibC.AT_STATX_FORCE_SYNC, (uint)STATX_TYPE, &found) == 0 ? 0 : errno;
        }
    }

    /// <summary>The absolute path without symbolic links, or null and why.</summary>
    internal static string? RealPath(string path, out int reason)
    {
        byte* resolved = stackalloc byte[MissingLibC.PATH_MAX];
        fixed (byte* p = Bytes(path))
        {
            reason = 0;
            if (MissingLibC.realpath(p, resolved) != null)
            {
                return Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(resolved));
            }
            reason = Marshal.GetLastPInvokeError();
            return null;
        }
    }

    private static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text + '\0');
}
