using BpfFs.Objects;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tasks;

/// <summary><c>tasks/&lt;pid&gt;/files</c>: <c>fd access kind id path</c>, a line per open file.</summary>
internal static class TaskFiles
{
    private const uint S_IFMT = 0xF000;
    private const uint O_PATH = 0x200000;

    public static int Write(RecordStream from, TextBuffer to, ref ulong position, out task_owner_record owner)
    {
        int got = from.ReadRecord(out task_file_record r);
        owner = r.owner;
        if (got <= 0) return got;
        int errno = from.ReadTail(r.length, out ReadOnlySpan<byte> path);
        if (errno != 0) return -errno;
        Append(to, r, path);
        return 1;
    }

    /// <param name="to">Takes the line.</param>
    /// <param name="r">The file.</param>
    /// <param name="path">With its NUL; empty: not known.</param>
    public static void Append(TextBuffer to, in task_file_record r, ReadOnlySpan<byte> path)
    {
        int start = to.Length;
        to.AppendRight(r.fd, 4);
        to.Append((byte)' ');
        to.Append(Knows(r, task_file_known_flags.TASK_FILE_HAS_FLAGS) ? AccessOf(r.flags) : "-"u8);
        to.PadTo(start, 10);
        to.Append((byte)' ');
        to.Append(r.kind != 0 || Knows(r, task_file_known_flags.TASK_FILE_HAS_MODE) ? KindOf(r) : "-"u8);
        to.PadTo(start, 21);
        to.Append((byte)' ');
        if (r.id != 0) to.AppendRight(r.id, 6);
        else to.Append("     -"u8);
        to.Append((byte)' ');
        if (path.IsEmpty) to.Append((byte)'-');
        else to.AppendText(path[..^1]);
        to.Append((byte)'\n');
    }

    private static bool Knows(in task_file_record r, task_file_known_flags what) => ((task_file_known_flags)r.known & what) != 0;

    private static ReadOnlySpan<byte> AccessOf(uint flags) => (flags & O_PATH) != 0 ? "path"u8 : (flags & 3) switch
    {
        0 => "r"u8,
        1 => "w"u8,
        2 => "rw"u8,
        _ => "-"u8, // 3: only for ioctl(2)
    };

    private static ReadOnlySpan<byte> KindOf(in task_file_record r) => r.kind != 0 ? Holders.KindName(r.kind) : (r.mode & S_IFMT) switch
    {
        0x1000 => "fifo"u8,
        0x2000 => "char"u8,
        0x4000 => "directory"u8,
        0x6000 => "block"u8,
        0x8000 => "file"u8,
        0xA000 => "symlink"u8,
        0xC000 => "socket"u8,
        _ => "anon"u8, // an anonymous inode has no type
    };
}
