using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>Files that are only memory (memfd_create(2)).</summary>
internal static unsafe class MemoryFile
{
    /// <summary>A new file with these bytes, to be read from its start. Fails with EMFILE, ENFILE, ENOMEM.</summary>
    public static Fd Of(ReadOnlySpan<byte> bytes)
    {
        int fd;
        fixed (byte* name = "bpffs-view\0"u8) fd = Native.LibC.memfd_create(name, Native.LibC.MFD_CLOEXEC);
        if (fd < 0) return new Fd(-Marshal.GetLastPInvokeError());
        Fd file = new(fd);
        while (!bytes.IsEmpty)
        {
            long written;
            fixed (byte* start = bytes) written = (long)LibC.write(fd, start, bytes.Length);
            if (written < 0)
            {
                int errno = LibC.errno;
                if (errno == LibC.EINTR) continue;
                file.Dispose();
                return new Fd(-errno);
            }
            bytes = bytes[(int)written..];
        }
        LibC.lseek(fd, 0, LibC.SEEK_SET);
        return file;
    }
}
