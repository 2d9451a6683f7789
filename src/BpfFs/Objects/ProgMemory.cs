using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// <c>progs/&lt;id&gt;/memory</c>: <c>bytes what</c>, a line for each thing that is in memory for the program, and their total. BTF and maps may be
/// shared with other programs.
/// </summary>
internal static class ProgMemory
{
    private const int FuncInfoSize = 8, LineInfoSize = 16; // struct bpf_func_info, struct bpf_line_info

    public static int Render(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Progs.Read(context, (uint)key, out Prog prog);
        if (errno != 0) return errno;
        ref readonly prog_record r = ref prog.Record;
        ulong total = 0;
        Line("xlated"u8, r.pages * (ulong)Environment.SystemPageSize, ref total, to);
        Line("jited"u8, r.bytes_jited, ref total, to);
        Line("func_info"u8, r.func_info_cnt * (ulong)FuncInfoSize, ref total, to);
        // of machine code the kernel also keeps where each line begins
        Line("line_info"u8, r.line_info_cnt * (ulong)(LineInfoSize + (r.bytes_jited == 0 ? 0 : sizeof(ulong))), ref total, to);
        if (r.btf_id != 0 && BtfObjects.Read(r.btf_id, out bpf_btf_info btf, default) == 0)
        {
            ObjectLine("btf"u8, r.btf_id, default, btf.btf_size, ref total, to);
        }
        foreach (uint id in prog.MapIds)
        {
            if (Maps.Read(context, id, out Map map) != 0) continue; // the program itself went meanwhile
            ObjectLine("map"u8, id, map.Record.name.Text, (ulong)map.FdInfo.memlock, ref total, to);
        }
        if (Prog.Knows(prog, prog_known_flags.PROG_HAS_PAGES) && Prog.Knows(prog, prog_known_flags.PROG_HAS_JITED))
        {
            Append(total, "total"u8, to);
            to.Append((byte)'\n');
        }
        return to.Length == 0 ? Tmds.Linux.LibC.ENOENT : 0;
    }

    /// <summary>Nothing where it has none.</summary>
    private static void Line(ReadOnlySpan<byte> what, ulong bytes, ref ulong total, TextBuffer to)
    {
        if (bytes == 0) return;
        total += bytes;
        Append(bytes, what, to);
        to.Append((byte)'\n');
    }

    private static void Append(ulong bytes, ReadOnlySpan<byte> what, TextBuffer to)
    {
        to.AppendRight(bytes, 10);
        to.Append((byte)' ');
        to.Append(what);
    }

    private static void ObjectLine(ReadOnlySpan<byte> what, uint id, ReadOnlySpan<byte> name, ulong bytes, ref ulong total, TextBuffer to)
    {
        total += bytes;
        Append(bytes, what, to);
        to.Append((byte)' ');
        to.Append((ulong)id);
        if (!name.IsEmpty)
        {
            to.Append((byte)' ');
            to.AppendText(name);
        }
        to.Append((byte)'\n');
    }
}
