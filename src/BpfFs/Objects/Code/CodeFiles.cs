using System.Runtime.InteropServices;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects.Code;

/// <summary>
/// <c>xlated</c>, <c>jited</c> and <c>source</c> of a program. They are read seldom and by root alone, so they allocate what they need.
/// </summary>
internal static class CodeFiles
{
    /// <summary>Whether there is <c>xlated</c>: 0 or an errno.</summary>
    public static int HasXlated(ViewContext context, ulong key) => Has(context, key, program => program.ReadParts(out bool shows, out _) is var errno and not 0 ? errno : shows ? 0 : ENOENT);

    /// <summary>Whether there is <c>jited</c>: 0 or an errno.</summary>
    public static int HasJited(ViewContext context, ulong key) => IsMachineKnown ? Has(context, key, program => program.ReadHasMachineCode(out bool has) is var errno and not 0 ? errno : has ? 0 : ENOENT) : ENOENT;

    /// <summary>Whether there is <c>source</c>: 0 or an errno.</summary>
    public static int HasSource(ViewContext context, ulong key) => Has(context, key, program => program.ReadParts(out _, out bool hasLines) is var errno and not 0 ? errno : hasLines ? 0 : ENOENT);

    /// <summary>The instructions; ENOENT: the kernel does not show them, as their constants are hidden (net.core.bpf_jit_harden).</summary>
    public static int Xlated(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Open(context, key, withInstructions: true, out OpenProgram? program, out ProgramCode? code);
        using (program)
        {
            if (errno != 0) return errno;
            if (code!.Instructions.Length == 0) return ENOENT;
            errno = program!.ReadFunctions(code.Lines.Length, out MachineFunction[] functions, out _);
            if (errno != 0) return errno;
            using Btf? btf = LoadBtf(code);
            ulong[] raw = program.ReadRawInstructions(code.Instructions.Length);
            return new XlatedText(code, functions, raw, btf, new ProgramNames(program)).Append(to);
        }
    }

    /// <summary>The machine code; ENOENT: it is interpreted, or this kind of machine's code is not known here.</summary>
    public static int Jited(ViewContext context, ulong key, TextBuffer to)
    {
        if (!IsMachineKnown) return ENOENT;
        int errno = Open(context, key, withInstructions: true, out OpenProgram? program, out ProgramCode? code);
        using (program)
        {
            if (errno != 0) return errno;
            errno = program!.ReadFunctions(code!.Lines.Length, out MachineFunction[] functions, out bool isBlinded);
            if (errno != 0) return errno;
            using Btf? btf = LoadBtf(code);
            ulong[] raw = program.ReadRawInstructions(code.Instructions.Length);
            var x86 = new MachineText(new KnownMaps(code.Instructions, raw), new ProgramNames(program), isBlinded);
            for (int i = 0; i < functions.Length; i++)
            {
                if (functions[i].Code.Length == 0) continue;
                if (to.Length > 0) to.Append((byte)'\n');
                if (functions.Length == code.Functions.Length) FunctionText.AppendHeader(btf, code.Functions[i].type_id, to);
                to.AppendText(functions[i].Symbol);
                to.Append(":\n"u8);
                errno = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? x86.Append(i, functions[i], code.Lines, btf, to) : Arm64Text.Append(functions[i], code.Lines, btf, to);
                if (errno != 0 || CodeBudget.IsUsedUp(to)) return errno;
            }
            return to.Length == 0 ? ENOENT : 0;
        }
    }

    /// <summary>The source; ENOENT: it was loaded without line info.</summary>
    public static int Source(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Open(context, key, withInstructions: false, out OpenProgram? program, out ProgramCode? code);
        using (program)
        {
            if (errno != 0) return errno;
            if (code!.Lines.Length == 0) return ENOENT;
            using Btf? btf = Btf.TryLoad(code.BtfId, out errno);
            if (btf is null) return errno != 0 ? errno : EIO;
            return SourceText.Append(code, btf, to);
        }
    }

    private static bool IsMachineKnown => RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    private static int Has(ViewContext context, ulong key, Func<OpenProgram, int> has)
    {
        int errno = context.Iterators.Code.Open((uint)key, out OpenProgram? program);
        using (program) return errno != 0 ? errno : has(program!);
    }

    internal static int Open(ViewContext context, ulong key, bool withInstructions, out OpenProgram? program, out ProgramCode? code)
    {
        code = null;
        int errno = context.Iterators.Code.Open((uint)key, out program);
        return errno != 0 ? errno : program!.Read(withInstructions, out code);
    }

    private static Btf? LoadBtf(ProgramCode code) => code.BtfId == 0 ? null : Btf.TryLoad(code.BtfId, out _);

    internal sealed class ProgramNames(OpenProgram program) : CodeNames
    {
        public override int Call(int instruction, Span<byte> name) => program.NameCall(instruction, name);

        public override int Near(int function, long offset, Span<byte> name) => program.NameNear(function, offset, name);
    }
}
