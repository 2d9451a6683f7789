using BpfFs.Rendering;

namespace BpfFs.Objects.Code;

/// <summary>
/// BPF instructions as text, in the form of the kernel's verifier log and bpftool (kernel/bpf/disasm.c of Linux 6.18). Calls and 64-bit loads are not here: they
/// need names (<see cref="XlatedText"/>).
/// </summary>
internal static class InsnText
{
    private static readonly byte[][] s_sizes = ["u32"u8.ToArray(), "u16"u8.ToArray(), "u8"u8.ToArray(), "u64"u8.ToArray()];
    private static readonly byte[][] s_signedSizes = ["s32"u8.ToArray(), "s16"u8.ToArray(), "s8"u8.ToArray(), "s64"u8.ToArray()];

    private static readonly byte[][] s_alu =
    [
        "+="u8.ToArray(), "-="u8.ToArray(), "*="u8.ToArray(), "/="u8.ToArray(), "|="u8.ToArray(), "&="u8.ToArray(), "<<="u8.ToArray(), ">>="u8.ToArray(),
        "neg"u8.ToArray(), "%="u8.ToArray(), "^="u8.ToArray(), "="u8.ToArray(), "s>>="u8.ToArray(), "endian"u8.ToArray(), [], [],
    ];

    private static readonly byte[][] s_compare =
    [
        "jmp"u8.ToArray(), "=="u8.ToArray(), ">"u8.ToArray(), ">="u8.ToArray(), "&"u8.ToArray(), "!="u8.ToArray(), "s>"u8.ToArray(), "s>="u8.ToArray(),
        "call"u8.ToArray(), "exit"u8.ToArray(), "<"u8.ToArray(), "<="u8.ToArray(), "s<"u8.ToArray(), "s<="u8.ToArray(), [], [],
    ];

    private const int Add = 0, Div = 3, Or = 4, And = 5, Neg = 8, Mod = 9, Xor = 10, Mov = 11, End = 13; // BPF_OP of BPF_ALU
    private const int Always = 0, Exit = 9, Conditional = 14; // BPF_OP of BPF_JMP
    private const int Fetch = 1, Exchange = 0xE1, CompareExchange = 0xF1, LoadAcquire = 0x100, StoreRelease = 0x110; // of BPF_ATOMIC

    /// <summary><c>(code) </c>.</summary>
    public static void AppendCode(Insn insn, TextBuffer to)
    {
        to.Append((byte)'(');
        to.AppendHex([insn.Code]);
        to.Append(") "u8);
    }

    /// <summary>The instruction, without index and line end.</summary>
    public static void Append(Insn insn, TextBuffer to)
    {
        AppendCode(insn, to);
        switch (insn.Class)
        {
            case InsnClass.Alu or InsnClass.Alu64:
                AppendAlu(insn, to);
                break;
            case InsnClass.Jmp or InsnClass.Jmp32:
                AppendJump(insn, to);
                break;
            case InsnClass.Ldx when insn.Mode is InsnMode.Mem or InsnMode.MemSigned:
                AppendRegister('r', insn.Dst, to);
                to.Append(" = "u8);
                AppendMemory(insn.Mode == InsnMode.Mem ? s_sizes[insn.Size] : s_signedSizes[insn.Size], insn.Src, insn.Offset, to);
                break;
            case InsnClass.Ld when insn.Mode is InsnMode.Abs or InsnMode.Ind:
                to.Append("r0 = *("u8);
                to.Append(s_sizes[insn.Size]);
                to.Append(" *)skb["u8);
                if (insn.Mode == InsnMode.Ind)
                {
                    AppendRegister('r', insn.Src, to);
                    to.Append(" + "u8);
                }
                to.Append((long)insn.Immediate);
                to.Append((byte)']');
                break;
            case InsnClass.St when insn.Mode == InsnMode.Mem:
                AppendMemory(s_sizes[insn.Size], insn.Dst, insn.Offset, to);
                to.Append(" = "u8);
                to.Append((long)insn.Immediate);
                break;
            case InsnClass.St when insn.Mode == InsnMode.Atomic:
                to.Append("nospec"u8);
                break;
            case InsnClass.Stx when insn.Mode == InsnMode.Mem:
                AppendMemory(s_sizes[insn.Size], insn.Dst, insn.Offset, to);
                to.Append(" = "u8);
                AppendRegister('r', insn.Src, to);
                break;
            case InsnClass.Stx when insn.Mode == InsnMode.Atomic:
                AppendAtomic(insn, to);
                break;
            default:
                to.Append("unknown"u8);
                break;
        }
    }

    public static void AppendRegister(char prefix, int number, TextBuffer to)
    {
        to.Append((byte)prefix);
        to.Append((ulong)number);
    }

    /// <summary>With its sign, also a plus.</summary>
    public static void AppendSigned(long value, TextBuffer to)
    {
        if (value >= 0) to.Append((byte)'+');
        to.Append(value);
    }

    private static void AppendAlu(Insn insn, TextBuffer to)
    {
        char register = insn.Class == InsnClass.Alu ? 'w' : 'r';
        int operation = insn.Operation;
        if (operation == End)
        {
            AppendRegister('r', insn.Dst, to);
            to.Append(insn.Class == InsnClass.Alu64 ? " = bswap"u8 : insn.IsRegister ? " = be"u8 : " = le"u8);
            to.Append((long)insn.Immediate);
            to.Append((byte)' ');
            AppendRegister('r', insn.Dst, to);
            return;
        }
        AppendRegister(register, insn.Dst, to);
        to.Append((byte)' ');
        if (operation == Neg)
        {
            to.Append("= -"u8);
            AppendRegister(register, insn.Dst, to);
            return;
        }
        if (insn.IsPerCpuAddress)
        {
            to.Append("= &(void __percpu *)("u8);
            AppendRegister('r', insn.Src, to);
            to.Append((byte)')');
            return;
        }
        if (insn.Code == 0xBF && insn.Offset == 1) // BPF_ADDR_SPACE_CAST
        {
            to.Append("= addr_space_cast("u8);
            AppendRegister('r', insn.Src, to);
            to.Append(", "u8);
            to.Append((ulong)((uint)insn.Immediate >> 16));
            to.Append(", "u8);
            to.Append((ulong)(insn.Immediate & 0xFFFF));
            to.Append((byte)')');
            return;
        }
        if (operation is Div or Mod && insn.Offset == 1) to.Append((byte)'s');
        to.Append(s_alu[operation]);
        to.Append((byte)' ');
        if (!insn.IsRegister)
        {
            to.Append((long)insn.Immediate);
            return;
        }
        if (operation == Mov && insn.Offset is 8 or 16 or 32)
        {
            to.Append("(s"u8);
            to.Append((long)insn.Offset);
            to.Append((byte)')');
        }
        AppendRegister(register, insn.Src, to);
    }

    private static void AppendJump(Insn insn, TextBuffer to)
    {
        bool isWide = insn.Class == InsnClass.Jmp;
        switch (insn.Operation)
        {
            case Always when insn.IsRegister:
                to.Append("gotox "u8);
                AppendRegister('r', insn.Dst, to);
                return;
            case Always:
                to.Append(isWide ? "goto pc"u8 : "gotol pc"u8);
                AppendSigned(isWide ? insn.Offset : insn.Immediate, to);
                return;
            case Exit when isWide:
                to.Append("exit"u8);
                return;
            case Conditional when isWide:
                to.Append("may_goto pc"u8);
                AppendSigned(insn.Offset, to);
                return;
        }
        char register = isWide ? 'r' : 'w';
        to.Append("if "u8);
        AppendRegister(register, insn.Dst, to);
        to.Append((byte)' ');
        to.Append(s_compare[insn.Operation]);
        to.Append((byte)' ');
        if (insn.IsRegister)
        {
            AppendRegister(register, insn.Src, to);
        }
        else
        {
            to.Append("0x"u8);
            to.AppendHex((ulong)(uint)insn.Immediate);
        }
        to.Append(" goto pc"u8);
        AppendSigned(insn.Offset, to);
    }

    private static void AppendAtomic(Insn insn, TextBuffer to)
    {
        byte[] size = s_sizes[insn.Size];
        switch (insn.Immediate)
        {
            case LoadAcquire:
                AppendRegister('r', insn.Dst, to);
                to.Append(" = load_acquire("u8);
                AppendMemory(size, insn.Src, insn.Offset, to, isPointer: true);
                to.Append((byte)')');
                return;
            case StoreRelease:
                to.Append("store_release("u8);
                AppendMemory(size, insn.Dst, insn.Offset, to, isPointer: true);
                to.Append(", "u8);
                AppendRegister('r', insn.Src, to);
                to.Append((byte)')');
                return;
        }
        if (insn.Immediate is (Add << 4) or (Or << 4) or (And << 4) or (Xor << 4))
        {
            to.Append("lock "u8);
            AppendMemory(size, insn.Dst, insn.Offset, to);
            to.Append((byte)' ');
            to.Append(s_alu[insn.Immediate >> 4]);
            to.Append((byte)' ');
            AppendRegister('r', insn.Src, to);
            return;
        }
        ReadOnlySpan<byte> name = insn.Immediate switch
        {
            Exchange => "xchg"u8,
            CompareExchange => "cmpxchg"u8,
            (Add << 4) | Fetch => "fetch_add"u8,
            (Or << 4) | Fetch => "fetch_or"u8,
            (And << 4) | Fetch => "fetch_and"u8,
            (Xor << 4) | Fetch => "fetch_xor"u8,
            _ => default,
        };
        if (name.IsEmpty)
        {
            to.Append("unknown"u8);
            return;
        }
        AppendRegister('r', insn.Immediate == CompareExchange ? 0 : insn.Src, to);
        to.Append(insn.Size == 3 ? " = atomic64_"u8 : " = atomic_"u8);
        to.Append(name);
        to.Append((byte)'(');
        AppendMemory(size, insn.Dst, insn.Offset, to, isPointer: true);
        to.Append(insn.Immediate == CompareExchange ? ", r0, "u8 : ", "u8);
        AppendRegister('r', insn.Src, to);
        to.Append((byte)')');
    }

    /// <summary><c>*(u32 *)(r1 +8)</c>; a pointer is that without the first star.</summary>
    private static void AppendMemory(byte[] size, int register, short offset, TextBuffer to, bool isPointer = false)
    {
        to.Append(isPointer ? "("u8 : "*("u8);
        to.Append(size);
        to.Append(" *)("u8);
        AppendRegister('r', register, to);
        to.Append((byte)' ');
        AppendSigned(offset, to);
        to.Append((byte)')');
    }
}
