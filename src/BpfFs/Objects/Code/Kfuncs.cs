using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects.Code;

/// <summary>
/// <c>progs/&lt;id&gt;/kfuncs</c>: the kernel functions (kfuncs) that a program calls, one a line (of a module: <c>name [module]</c>), in the order of their first calls. The kernel throws its
/// own list away once the program is compiled (bpf_prog_jit_attempt_done, kernel/bpf/core.c), so they are found in the instructions; those that the
/// verifier put in place of a call are not there any more. ENOENT: it calls none.
/// </summary>
internal static class Kfuncs
{
    public static int Render(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = CodeFiles.Open(context, key, withInstructions: true, out OpenProgram? program, out ProgramCode? code);
        using (program)
        {
            if (errno != 0) return errno;
            ulong[] instructions = InstructionsOf(context, key, program!, code!);
            if (!instructions.Any(i => IsKernelCall(new Insn(i)))) return ENOENT;
            errno = Append(instructions, program!.ReadRawInstructions(instructions.Length), new CodeFiles.ProgramNames(program), to);
            return errno != 0 ? errno : to.Length == 0 ? ENOENT : 0;
        }
    }

    /// <summary>One line for each that is called. 0 or EINTR.</summary>
    /// <param name="instructions">As bpf(2) shows them.</param>
    /// <param name="raw">As the kernel holds them: two calls of one function are the same, and its name is asked for once. Empty: not known.</param>
    /// <param name="names">Names what is called.</param>
    /// <param name="to">Takes the lines.</param>
    internal static int Append(ReadOnlySpan<ulong> instructions, ReadOnlySpan<ulong> raw, CodeNames names, TextBuffer to)
    {
        HashSet<ulong> seen = [], asked = [];
        Span<byte> name = stackalloc byte[CodeNames.MaxLength];
        for (int i = 0; i < instructions.Length; i++)
        {
            var insn = new Insn(instructions[i]);
            if (insn.Code == Insn.LoadImmediate64) i++; // its second half is no instruction
            else if (!IsKernelCall(insn) || (i < raw.Length && !asked.Add(raw[i]))) continue;
            else if (Fuse.Request.IsCurrentInterrupted) return EINTR;
            else AppendOnce(names.Call(i, name), name, seen, to);
        }
        return 0;
    }

    private static bool IsKernelCall(Insn insn) => insn.Code == Insn.Call && insn.Src == Pseudo.KernelCall;

    private static void AppendOnce(int length, ReadOnlySpan<byte> name, HashSet<ulong> seen, TextBuffer to)
    {
        ReadOnlySpan<byte> symbol = length > 0 ? name[..length] : default;
        if (!seen.Add(NodeId.KeyOf(symbol))) return;
        if (length > 0) KernelAddress.AppendSymbol(symbol, to);
        else to.Append(KernelAddress.Unnamed);
        int module = symbol.IndexOf(" ["u8);
        if (module >= 0) to.AppendText(symbol[module..]);
        to.Append((byte)'\n');
    }

    /// <summary>As bpf(2) shows them; of a program whose constants the kernel hides (net.core.bpf_jit_harden) it shows none.</summary>
    private static ulong[] InstructionsOf(ViewContext context, ulong key, OpenProgram program, ProgramCode code)
    {
        if (code.Instructions.Length > 0 || Progs.Read(context, (uint)key, out Prog prog) != 0) return code.Instructions;
        return program.ReadRawInstructions((int)prog.Record.bytes_xlated / sizeof(ulong));
    }
}
