using System.Buffers.Text;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>What the kernel says of a map only in /proc/self/fdinfo (bpf_map_show_fdinfo, kernel/bpf/syscall.c).</summary>
public struct MapFdInfo
{
    /// <summary>Bytes the map occupies: ops->map_mem_usage() since 6.4, an estimate from its sizes before.</summary>
    public long memlock;

    /// <summary>enum bpf_prog_type of the programs that own a prog_array; -1: no owner.</summary>
    public int owner_prog_type;

    /// <summary>Whether they are jited; -1: no owner.</summary>
    public int owner_jited;

    /// <summary>1: user space can no longer change it.</summary>
    public uint frozen;

    /// <summary>Reads it for a map's descriptor; 0 or an errno. A program's has memlock.</summary>
    public static unsafe int Read(in Fd map, out MapFdInfo info)
    {
        info = new MapFdInfo { owner_prog_type = -1, owner_jited = -1 };
        Span<byte> path = stackalloc byte[40];
        "/proc/self/fdinfo/"u8.CopyTo(path);
        Utf8Formatter.TryFormat(map.Value, path[18..], out int digits);
        path[18 + digits] = 0;
        Span<byte> text = stackalloc byte[2048];
        int length;
        fixed (byte* p = path)
        {
            using Fd file = new(LibC.open(p, LibC.O_RDONLY | LibC.O_CLOEXEC) is >= 0 and int fd ? fd : -LibC.errno);
            if (file.Errno != 0) return file.Errno;
            length = IteratorFd.Read(file.Value, text);
            if (length < 0) return -length;
        }
        foreach (Range range in ((ReadOnlySpan<byte>)text[..length]).Split((byte)'\n'))
        {
            ReadOnlySpan<byte> line = text[range];
            int colon = line.IndexOf(":\t"u8);
            if (colon < 0 || !Utf8Parser.TryParse(line[(colon + 2)..], out long value, out _)) continue;
            ReadOnlySpan<byte> key = line[..colon];
            if (key.SequenceEqual("memlock"u8)) info.memlock = value;
            else if (key.SequenceEqual("frozen"u8)) info.frozen = (uint)value;
            else if (key.SequenceEqual("owner_prog_type"u8)) info.owner_prog_type = (int)value;
            else if (key.SequenceEqual("owner_jited"u8)) info.owner_jited = (int)value;
        }
        return 0;
    }
}
