namespace Iterators;

/// <summary>What bpf(2) shows of a program's code to a reader that may not see addresses.</summary>
public sealed class ProgramCode
{
    /// <summary>
    /// struct bpf_insn, little-endian: maps by their ids, calls of kernel functions without their target. Empty: not shown, the program's
    /// constants are hidden.
    /// </summary>
    public ulong[] Instructions { get; init; } = [];

    /// <summary>BTF types of the functions, in program order.</summary>
    public bpf_func_info[] Functions { get; init; } = [];

    /// <summary>Source lines, in program order.</summary>
    public bpf_line_info[] Lines { get; init; } = [];

    /// <summary>Id of the BTF that those two refer to; 0: none.</summary>
    public uint BtfId { get; init; }
}

/// <summary>One function of a program as machine code. The code has kernel addresses in it.</summary>
public sealed class MachineFunction
{
    /// <summary>Its symbol: bpf_prog_TAG_NAME.</summary>
    public byte[] Symbol { get; init; } = [];

    /// <summary>The machine code; empty: it is interpreted.</summary>
    public byte[] Code { get; init; } = [];

    /// <summary>Index of its first line in <see cref="ProgramCode.Lines"/>.</summary>
    public int FirstLine { get; init; }

    /// <summary>Where its lines begin: bytes from the start of <see cref="Code"/>.</summary>
    public int[] LineOffsets { get; init; } = [];
}
