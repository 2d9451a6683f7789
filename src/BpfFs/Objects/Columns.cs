using BpfFs.Rendering;

namespace BpfFs.Objects;

/// <summary>Fields as columns of a table: each at least as wide as <see cref="Field{T}.Width"/>, blanks between them.</summary>
internal static class Columns
{
    public static void WriteHeader<T>(Field<T>[] fields, TextBuffer to)
        where T : allows ref struct
    {
        foreach (Field<T> field in fields)
        {
            int start = to.Length;
            to.Append(field.Utf8Name);
            End(field, ReferenceEquals(field, fields[^1]), start, to);
        }
    }

    /// <summary>One line. What is not there is <c>-</c>; a blank within a value is <c>\x20</c>, so that columns can be counted.</summary>
    public static void WriteLine<T>(Field<T>[] fields, in T value, TextBuffer to)
        where T : allows ref struct
    {
        foreach (Field<T> field in fields)
        {
            int start = to.Length;
            if (field.IsPresent(value)) field.Write(value, new ValueWriter(to));
            if (to.Length == start) to.Append((byte)'-');
            EscapeBlanks(start, to);
            End(field, ReferenceEquals(field, fields[^1]), start, to);
        }
    }

    private static void End<T>(Field<T> field, bool isLast, int start, TextBuffer to)
        where T : allows ref struct
    {
        int pad = field.Width - (to.Length - start);
        if (field.IsNumber && pad > 0)
        {
            int length = to.Length - start;
            to.Room(pad);
            to.Advance(pad);
            Span<byte> column = to.WrittenSpan[start..];
            column[..length].CopyTo(column[pad..]);
            column[..pad].Fill((byte)' ');
        }
        else if (!isLast)
        {
            to.PadTo(start, field.Width);
        }
        to.Append(isLast ? (byte)'\n' : (byte)' ');
    }

    private static void EscapeBlanks(int start, TextBuffer to)
    {
        int blanks = to.Written[start..].Count((byte)' ');
        if (blanks == 0) return;
        int from = to.Length - 1;
        to.Room(blanks * 3);
        to.Advance(blanks * 3);
        Span<byte> all = to.WrittenSpan;
        for (int at = to.Length - 1; from >= start; from--)
        {
            if (all[from] != (byte)' ')
            {
                all[at--] = all[from];
                continue;
            }
            "\\x20"u8.CopyTo(all[(at - 3)..]);
            at -= 4;
        }
    }
}
