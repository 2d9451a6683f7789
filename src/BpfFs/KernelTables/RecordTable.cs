using System.Text.Json;
using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;

namespace BpfFs.KernelTables;

/// <summary>One table of the kernel: each field is a column of the text and a key of the JSON.</summary>
/// <param name="walk">Shows every row to a visitor; 0 or an errno.</param>
/// <param name="columns">Fields, and how many characters wide; the last is as wide as it is.</param>
internal sealed class RecordTable<T>(RecordTable<T>.Walker walk, params (Field<T> Field, int Width)[] columns)
    where T : allows ref struct
{
    public delegate void Visitor(in T row);

    public delegate int Walker(ViewContext context, Visitor visit);

    /// <summary>Its columns.</summary>
    public Field<T>[] Fields => [.. columns.Select(c => c.Field)];

    /// <summary>A line of names, then a line per row; <c>-</c> where a row lacks a field.</summary>
    public int Text(ViewContext context, ulong key, TextBuffer to)
    {
        int start = to.Length, column = 0;
        foreach ((Field<T> field, int width) in columns)
        {
            to.Append(field.Utf8Name);
            EndCell(to, start, ref column, width);
        }
        return walk(context, (in T row) =>
        {
            int line = to.Length, at = 0;
            foreach ((Field<T> field, int width) in columns)
            {
                if (field.IsPresent(row)) field.Write(row, new ValueWriter(to));
                else to.Append((byte)'-');
                EndCell(to, line, ref at, width);
            }
        });
    }

    /// <summary>An array.</summary>
    public int Json(ViewContext context, ulong key, TextBuffer to)
    {
        Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        Field<T>[] fields = Fields;
        int errno = walk(context, (in T row) => FieldFiles.WriteJson(fields, row, json));
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return errno;
    }

    private static void EndCell(TextBuffer to, int lineStart, ref int column, int width)
    {
        column += width + 1;
        if (width == 0)
        {
            to.Append((byte)'\n');
            return;
        }
        to.Append((byte)' ');
        to.PadTo(lineStart, column);
    }
}
