using System.Runtime.InteropServices;

namespace Iterators;

/// <summary><c>struct bpf_prog_info</c>, <c>&lt;linux/bpf.h&gt;</c> (Linux 6.1 to 6.18): what bpf(2) tells of a program.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct bpf_prog_info
{
    /// <summary>enum bpf_prog_type.</summary>
    public uint type;

    /// <summary>The program's id.</summary>
    public uint id;

    /// <summary>Hash over the instructions.</summary>
    public fixed byte tag[8];

    /// <summary>Bytes of machine code.</summary>
    public uint jited_prog_len;

    /// <summary>Bytes of translated instructions.</summary>
    public uint xlated_prog_len;

    /// <summary>Buffer; null afterwards: not shown without CAP_SYSLOG.</summary>
    public ulong jited_prog_insns;

    /// <summary>Buffer; null afterwards: not shown, its constants are hidden.</summary>
    public ulong xlated_prog_insns;

    /// <summary>ns since boot.</summary>
    public ulong load_time;

    /// <summary>The loader.</summary>
    public uint created_by_uid;

    /// <summary>Of map_ids.</summary>
    public uint nr_map_ids;

    /// <summary>Buffer.</summary>
    public ulong map_ids;

    /// <summary>The name as the loader gave it.</summary>
    public fixed byte name[16];

    /// <summary>The device it is offloaded to.</summary>
    public uint ifindex;

    /// <summary>gpl_compatible is bit 0 of it.</summary>
    public uint reserved;

    /// <summary>Of that device.</summary>
    public ulong netns_dev;

    /// <summary>Of that device.</summary>
    public ulong netns_ino;

    /// <summary>Of jited_ksyms.</summary>
    public uint nr_jited_ksyms;

    /// <summary>Of jited_func_lens.</summary>
    public uint nr_jited_func_lens;

    /// <summary>Buffer.</summary>
    public ulong jited_ksyms;

    /// <summary>Buffer.</summary>
    public ulong jited_func_lens;

    /// <summary>Id of its BTF; 0: none.</summary>
    public uint btf_id;

    /// <summary>Bytes of a func_info.</summary>
    public uint func_info_rec_size;

    /// <summary>Buffer of <see cref="bpf_func_info"/>.</summary>
    public ulong func_info;

    /// <summary>Of func_info.</summary>
    public uint nr_func_info;

    /// <summary>Of line_info.</summary>
    public uint nr_line_info;

    /// <summary>Buffer of <see cref="bpf_line_info"/>.</summary>
    public ulong line_info;

    /// <summary>Buffer.</summary>
    public ulong jited_line_info;

    /// <summary>Of jited_line_info.</summary>
    public uint nr_jited_line_info;

    /// <summary>Bytes of a line_info.</summary>
    public uint line_info_rec_size;

    /// <summary>Bytes of a jited_line_info.</summary>
    public uint jited_line_info_rec_size;

    /// <summary>Of prog_tags.</summary>
    public uint nr_prog_tags;

    /// <summary>Buffer.</summary>
    public ulong prog_tags;

    /// <summary>While statistics were on.</summary>
    public ulong run_time_ns;

    /// <summary>While statistics were on.</summary>
    public ulong run_cnt;

    /// <summary>Runs left out.</summary>
    public ulong recursion_misses;

    /// <summary>Instructions the verifier went through.</summary>
    public uint verified_insns;

    /// <summary>BTF object of attach_btf_id.</summary>
    public uint attach_btf_obj_id;

    /// <summary>Type id of the function it attaches to.</summary>
    public uint attach_btf_id;

    private readonly uint _pad;
}

/// <summary><c>struct bpf_func_info</c>, <c>&lt;linux/bpf.h&gt;</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct bpf_func_info
{
    /// <summary>Index of the function's first instruction.</summary>
    public uint insn_off;

    /// <summary>BTF type id of the function.</summary>
    public uint type_id;
}

/// <summary><c>struct bpf_line_info</c>, <c>&lt;linux/bpf.h&gt;</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct bpf_line_info
{
    /// <summary>Index of the line's first instruction.</summary>
    public uint insn_off;

    /// <summary>Offset of the file's name in the string section of the program's BTF.</summary>
    public uint file_name_off;

    /// <summary>Offset of the line's text.</summary>
    public uint line_off;

    /// <summary>Line &lt;&lt; 10 | column.</summary>
    public uint line_col;

    /// <summary>From 1; 0: none.</summary>
    public readonly uint Line => line_col >> 10;

    /// <summary>From 1; 0: none.</summary>
    public readonly uint Column => line_col & 0x3FF;
}
