using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Objects.Code;

/// <summary><c>source</c>: a program's lines in program order, <c>file:line:column: text</c>, each function under its prototype.</summary>
internal static class SourceText
{
    /// <summary>0 or EINTR.</summary>
    public static int Append(ProgramCode code, Btf btf, TextBuffer to)
    {
        int next = 0;
        bpf_line_info before = default;
        foreach (bpf_line_info line in code.Lines)
        {
            if (CodeBudget.Ends(to, out int errno)) return errno;
            while (next < code.Functions.Length && code.Functions[next].insn_off <= line.insn_off)
            {
                if (next > 0) to.Append((byte)'\n');
                FunctionText.AppendHeader(btf, code.Functions[next++].type_id, to);
                before = default;
            }
            // Line 0 is what the compiler made up; one line of source can be several in a row.
            if (line.Line == 0 || (line.line_col == before.line_col && line.file_name_off == before.file_name_off)) continue;
            before = line;
            to.AppendText(FunctionText.FileOf(btf, line));
            to.Append((byte)':');
            to.Append((ulong)line.Line);
            to.Append((byte)':');
            to.Append((ulong)line.Column);
            to.Append(": "u8);
            to.AppendText(FunctionText.TextOf(btf, line));
            to.Append((byte)'\n');
        }
        return 0;
    }
}
