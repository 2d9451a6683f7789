using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>The records of all objects that bpf(2) shows, in a memory file: for kernels whose iterators may not read them.</summary>
internal sealed unsafe class SyscallWalk<T>(SyscallIds ids, SyscallWalk<T>.Reader read) : IRecordSource
    where T : unmanaged
{
    /// <summary>Appends the records of one object; 0 or an errno.</summary>
    public delegate int Reader(in Fd fd, List<T> to);

    /// <inheritdoc/>
    public Fd Create()
    {
        List<T> records = [];
        uint id = 0;
        int errno;
        while ((errno = ids.Next(ref id)) == 0)
        {
            using Fd fd = ids.Open(id);
            errno = fd.Errno != 0 ? fd.Errno : read(fd, records);
            if (errno != 0 && errno != LibC.ENOENT) return new Fd(-errno);
        }
        return errno == LibC.ENOENT ? MemoryFile(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(records))) : new Fd(-errno);
    }

    private static Fd MemoryFile(ReadOnlySpan<byte> bytes)
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
