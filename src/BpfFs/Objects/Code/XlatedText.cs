using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Objects.Code;

/// <summary>
/// <c>xlated</c>: the instructions as the verifier left them, in the form of <c>bpftool prog dump xlated id N linum</c>. Where bpftool has an address or a
/// distance between kernel functions, this has the name alone. Only calls and maps have names, which the kernel's structures tell: a constant has none.
/// </summary>
internal sealed class XlatedText(ProgramCode code, MachineFunction[] functions, ulong[] raw, Btf? btf, CodeNames names)
{
    private const int TailCall = 12; // BPF_FUNC_tail_call; the kernel's own encoding of it is not shown

    /// <summary>0 or EINTR.</summary>
    public int Append(TextBuffer to)
    {
        int nextFunction = 0, nextLine = 0;
        for (int i = 0; i < code.Instructions.Length; i++)
        {
            if (CodeBudget.Ends(to, out int errno)) return errno;
            while (nextFunction < code.Functions.Length && code.Functions[nextFunction].insn_off <= i)
            {
                FunctionText.AppendHeader(btf, code.Functions[nextFunction++].type_id, to);
            }
            while (nextLine < code.Lines.Length && code.Lines[nextLine].insn_off <= i) FunctionText.AppendLine(btf, code.Lines[nextLine++], to);
            to.AppendRight((ulong)i, 4);
            to.Append(": "u8);
            Insn insn = At(i);
            AppendInsn(i, insn, to);
            to.Append((byte)'\n');
            if (insn.Code == Insn.LoadImmediate64) i++;
        }
        return 0;
    }

    private Insn At(int index) => new(index < code.Instructions.Length ? code.Instructions[index] : 0);

    private void AppendInsn(int index, Insn insn, TextBuffer to)
    {
        if (insn.Code == Insn.LoadImmediate64)
        {
            InsnText.AppendCode(insn, to);
            InsnText.AppendRegister('r', insn.Dst, to);
            to.Append(" = "u8);
            AppendImmediate(insn, At(index + 1), to);
        }
        else if (insn.Code == Insn.Call)
        {
            InsnText.AppendCode(insn, to);
            to.Append("call "u8);
            if (insn.Src == Pseudo.Call) AppendSubprogram(index, insn, to);
            else AppendHelper(index, insn, to);
        }
        else if (insn.IsAddressFor(At(index + 1))) // by the instructions, which only the kernel can write
        {
            InsnText.AppendCode(insn, to);
            InsnText.AppendRegister('r', insn.Dst, to);
            to.Append(" = "u8);
            to.Append(KernelAddress.Unnamed);
        }
        else
        {
            InsnText.Append(insn, to);
        }
    }

    private static void AppendImmediate(Insn insn, Insn next, TextBuffer to)
    {
        switch (insn.Src)
        {
            case Pseudo.MapFd:
                AppendMap(insn, to);
                break;
            case Pseudo.MapValue:
                AppendMap(insn, to);
                to.Append("[0]+"u8);
                to.Append((ulong)(uint)next.Immediate);
                break;
            case Pseudo.Function:
                to.Append("subprog["u8);
                InsnText.AppendSigned(insn.Immediate, to);
                to.Append((byte)']');
                break;
            default:
                ulong value = (uint)insn.Immediate | ((ulong)(uint)next.Immediate << 32);
                if (KernelAddress.IsPossible(value)) // its author's or the kernel's: nothing tells
                {
                    to.Append(KernelAddress.Unnamed);
                    break;
                }
                to.Append("0x"u8);
                to.AppendHex(value);
                break;
        }
    }

    private static void AppendMap(Insn insn, TextBuffer to)
    {
        to.Append("map[id:"u8);
        to.Append((ulong)(uint)insn.Immediate);
        to.Append((byte)']');
    }

    private void AppendHelper(int index, Insn insn, TextBuffer to)
    {
        Span<byte> name = stackalloc byte[CodeNames.MaxLength];
        int length = insn.Src == 0 && insn.Immediate == TailCall ? 0 : names.Call(index, name);
        if (length > 0) KernelAddress.AppendSymbol(name[..length], to);
        else to.Append(insn.Src == 0 && insn.Immediate == TailCall ? "bpf_tail_call"u8 : KernelAddress.Unnamed);
    }

    /// <summary><c>pc+5#bpf_prog_TAG_NAME</c>; an interpreted function has no symbol.</summary>
    private void AppendSubprogram(int index, Insn insn, TextBuffer to)
    {
        to.Append("pc"u8);
        // The kernel puts the distance here and the function's number where the distance was (jit_subprogs()).
        InsnText.AppendSigned(insn.Offset, to);
        int function = index < raw.Length ? new Insn(raw[index]).Immediate : -1;
        if ((uint)function >= (uint)functions.Length || functions[function].Code.Length == 0) return;
        to.Append((byte)'#');
        to.AppendText(functions[function].Symbol);
    }
}
