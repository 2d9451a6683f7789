using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tasks;

/// <summary><c>tasks/&lt;pid&gt;/vmas</c>: the process's mappings in the form of /proc/PID/maps, proc_pid_maps(5).</summary>
internal static class TaskVmas
{
    private const int NameColumn = 73; // as in show_map_vma(), fs/proc/task_mmu.c
    private const ulong VM_READ = 1;
    private const ulong VM_WRITE = 2;
    private const ulong VM_EXEC = 4;
    private const ulong VM_MAYSHARE = 0x80;

    public static int Write(RecordStream from, TextBuffer to, ref ulong position, out task_owner_record owner)
    {
        int got = from.ReadRecord(out task_vma_record r);
        owner = r.owner;
        if (got <= 0) return got;
        // Aimed at one thread, the iterator does not end: after the last mapping it starts again where the last but one read had (task_vma_seq_get_next, 6.1 to 6.18).
        if (r.end <= position) return 0;
        position = r.end;
        int errno = from.ReadTail(r.length, out ReadOnlySpan<byte> name);
        if (errno != 0) return -errno;
        Append(to, r, name.IsEmpty ? name : name[..^1]);
        return 1;
    }

    /// <param name="to">Takes the line.</param>
    /// <param name="r">The mapping.</param>
    /// <param name="name">Without NUL.</param>
    public static void Append(TextBuffer to, in task_vma_record r, ReadOnlySpan<byte> name)
    {
        int start = to.Length;
        AppendPadded(to, r.start, 8);
        to.Append((byte)'-');
        AppendPadded(to, r.end, 8);
        to.Append((byte)' ');
        to.Append((r.flags & VM_READ) != 0 ? (byte)'r' : (byte)'-');
        to.Append((r.flags & VM_WRITE) != 0 ? (byte)'w' : (byte)'-');
        to.Append((r.flags & VM_EXEC) != 0 ? (byte)'x' : (byte)'-');
        to.Append((r.flags & VM_MAYSHARE) != 0 ? (byte)'s' : (byte)'p');
        to.Append((byte)' ');
        AppendPadded(to, r.offset, 8);
        to.Append((byte)' ');
        AppendPadded(to, r.dev >> 20, 2);
        to.Append((byte)':');
        AppendPadded(to, r.dev & 0xFFFFF, 2);
        to.Append((byte)' ');
        to.Append(r.ino);
        to.Append((byte)' ');
        if (r.name == vma_name.VMA_NONE && r.error == 0)
        {
            to.Append((byte)'\n');
            return;
        }
        to.PadTo(start, NameColumn);
        AppendName(to, r, name);
        to.Append((byte)'\n');
    }

    private static void AppendName(TextBuffer to, in task_vma_record r, ReadOnlySpan<byte> name)
    {
        if (r.error != 0)
        {
            to.Append((byte)'-');
            return;
        }
        ReadOnlySpan<byte> before = r.name switch
        {
            vma_name.VMA_SHARED_ANON => "[anon_shmem:"u8,
            vma_name.VMA_ANON => "[anon:"u8,
            vma_name.VMA_HEAP => "[heap]"u8,
            vma_name.VMA_STACK => "[stack]"u8,
            _ => default,
        };
        to.Append(before);
        to.AppendText(name);
        if (r.name is vma_name.VMA_SHARED_ANON or vma_name.VMA_ANON) to.Append((byte)']');
    }

    private static void AppendPadded(TextBuffer to, ulong value, int digits)
    {
        for (int digit = digits - 1; digit > 0 && value >> (4 * digit) == 0; digit--) to.Append((byte)'0');
        to.AppendHex(value);
    }
}
