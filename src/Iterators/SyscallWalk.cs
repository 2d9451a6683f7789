using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>The records of all objects that bpf(2) shows, in a memory file: for kernels whose iterators may not read them.</summary>
internal sealed class SyscallWalk<T>(SyscallIds ids, SyscallWalk<T>.Reader read) : IRecordSource
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
        return errno == LibC.ENOENT ? MemoryFile.Of(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(records))) : new Fd(-errno);
    }
}
