using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Objects.Code;

/// <summary>
/// What stands between instructions: functions' prototypes and source lines, out of a program's BTF. Its strings are the loader's, so they are escaped.
/// </summary>
internal static class FunctionText
{
    private const int MaxLength = 1024; // bpftool's limit
    private const int MaxDepth = 32; // the end of prototypes that refer to themselves, also before they have written anything

    /// <summary><c>int name(struct ctx * ctx):</c> and a line end, as bpftool; nothing where the type is no function.</summary>
    public static void AppendHeader(Btf? btf, uint type, TextBuffer to)
    {
        if (btf is null || btf.Kind(type) != BtfKind.Func) return;
        int start = to.Length;
        if (AppendType(btf, type, to, start, 0)) to.Append(":\n"u8);
        else to.Truncate(start);
    }

    /// <summary><c>; text [file:name line_num:1 line_col:2]</c> and a line end, as bpftool.</summary>
    public static void AppendLine(Btf? btf, bpf_line_info line, TextBuffer to)
    {
        if (btf is null) return;
        to.Append("; "u8);
        to.AppendText(TextOf(btf, line));
        to.Append(" [file:"u8);
        to.AppendText(FileOf(btf, line));
        to.Append(" line_num:"u8);
        to.Append((ulong)line.Line);
        to.Append(" line_col:"u8);
        to.Append((ulong)line.Column);
        to.Append("]\n"u8);
    }

    /// <summary>The line's text without indentation, as far as it is shown.</summary>
    public static ReadOnlySpan<byte> TextOf(Btf btf, bpf_line_info line) => btf.NameStart(line.line_off, CodeBudget.MaxLine).TrimStart(" \t\n\v\f\r"u8);

    /// <summary>The file's name, as far as it is shown.</summary>
    public static ReadOnlySpan<byte> FileOf(Btf btf, bpf_line_info line) => btf.NameStart(line.file_name_off, CodeBudget.MaxLine);

    /// <summary>False: it is too long or too deep, or of a kind that has no place in a prototype.</summary>
    private static bool AppendType(Btf btf, uint type, TextBuffer to, int start, int depth)
    {
        if (to.Length - start >= MaxLength || depth > MaxDepth) return false;
        if (type == 0)
        {
            to.Append("void "u8);
            return true;
        }
        switch (btf.Kind(type))
        {
            case BtfKind.Int or BtfKind.Typedef or BtfKind.Float:
                return AppendName(btf, default, type, to);
            case BtfKind.Struct:
                return AppendName(btf, "struct "u8, type, to);
            case BtfKind.Union:
                return AppendName(btf, "union "u8, type, to);
            case BtfKind.Enum or BtfKind.Enum64:
                return AppendName(btf, "enum "u8, type, to);
            case BtfKind.Fwd:
                return AppendName(btf, btf.IsUnionFwd(type) ? "union "u8 : "struct "u8, type, to);
            case BtfKind.Ptr:
                if (!AppendType(btf, btf.Referred(type), to, start, depth + 1)) return false;
                to.Append("* "u8);
                return true;
            case BtfKind.Array:
                (uint element, int count) = btf.Array(type);
                if (!AppendType(btf, element, to, start, depth + 1)) return false;
                to.Append((byte)'[');
                to.Append((long)count);
                to.Append((byte)']');
                return true;
            case BtfKind.Volatile:
                to.Append("volatile "u8);
                return AppendType(btf, btf.Referred(type), to, start, depth + 1);
            case BtfKind.Const:
                to.Append("const "u8);
                return AppendType(btf, btf.Referred(type), to, start, depth + 1);
            case BtfKind.Restrict:
                to.Append("restrict "u8);
                return AppendType(btf, btf.Referred(type), to, start, depth + 1);
            case BtfKind.FuncProto:
                return AppendPrototype(btf, type, default, to, start, depth);
            case BtfKind.Func:
                return AppendPrototype(btf, btf.Referred(type), btf.TypeName(type), to, start, depth);
            default:
                return false;
        }
    }

    private static bool AppendName(Btf btf, ReadOnlySpan<byte> kind, uint type, TextBuffer to)
    {
        to.Append(kind);
        to.AppendText(btf.TypeName(type));
        to.Append((byte)' ');
        return true;
    }

    private static bool AppendPrototype(Btf btf, uint prototype, ReadOnlySpan<byte> name, TextBuffer to, int start, int depth)
    {
        if (btf.Kind(prototype) != BtfKind.FuncProto || !AppendType(btf, btf.Referred(prototype), to, start, depth + 1)) return false;
        to.AppendText(name);
        to.Append((byte)'(');
        for (int i = 0; i < btf.Length(prototype); i++)
        {
            if (i > 0) to.Append(", "u8);
            (uint nameOffset, uint type) = btf.Parameter(prototype, i);
            if (type == 0)
            {
                to.Append("..."u8);
                continue;
            }
            if (!AppendType(btf, type, to, start, depth + 1)) return false;
            to.AppendText(btf.Name(nameOffset));
        }
        to.Append((byte)')');
        return to.Length - start < MaxLength;
    }
}
