namespace BpfFs.Objects.Code;

/// <summary>One struct bpf_insn, <c>&lt;linux/bpf.h&gt;</c>.</summary>
internal readonly struct Insn(ulong bits)
{
    public const byte LoadImmediate64 = 0x18; // BPF_LD | BPF_IMM | BPF_DW: its upper half is in the next
    public const byte Call = 0x85; // BPF_JMP | BPF_CALL

    public byte Code => (byte)bits;

    public int Dst => (int)(bits >> 8) & 0xF;

    public int Src => (int)(bits >> 12) & 0xF;

    public short Offset => (short)(bits >> 16);

    public int Immediate => (int)(bits >> 32);

    /// <summary>BPF_CLASS.</summary>
    public InsnClass Class => (InsnClass)(Code & 7);

    /// <summary>BPF_OP, as a number from 0.</summary>
    public int Operation => Code >> 4;

    /// <summary>BPF_SRC is BPF_X: the operand is a register.</summary>
    public bool IsRegister => (Code & 8) != 0;

    /// <summary>BPF_MODE of a load or store.</summary>
    public InsnMode Mode => (InsnMode)(Code & 0xE0);

    /// <summary>BPF_SIZE of a load or store: u32, u16, u8, u64.</summary>
    public int Size => (Code >> 3) & 3;

    /// <summary>The kernel's own: a per-CPU address out of an address (Linux 6.10, 7bdbf7446305).</summary>
    public bool IsPerCpuAddress => Code == 0xBF && Offset == -1;

    /// <summary>The kernel's own: dst = immediate, of which the next instruction makes a per-CPU address.</summary>
    public bool IsAddressFor(Insn next) => Code is 0xB7 or 0xB4 && next.IsPerCpuAddress && next.Src == Dst;
}

/// <summary>BPF_CLASS.</summary>
internal enum InsnClass
{
    Ld,
    Ldx,
    St,
    Stx,
    Alu,
    Jmp,
    Jmp32,
    Alu64,
}

/// <summary>BPF_MODE.</summary>
internal enum InsnMode
{
    Imm = 0,
    Abs = 0x20,
    Ind = 0x40,
    Mem = 0x60,
    MemSigned = 0x80,
    Atomic = 0xC0, // of a BPF_ST the kernel's own BPF_NOSPEC
}

/// <summary>BPF_PSEUDO_*: what the source register of a 64-bit load or a call stands for.</summary>
internal static class Pseudo
{
    public const int MapFd = 1;
    public const int MapValue = 2;
    public const int Function = 4;
    public const int MapIndex = 5;
    public const int MapIndexValue = 6;
    public const int Call = 1;
    public const int KernelCall = 2; // BPF_PSEUDO_KFUNC_CALL
}
