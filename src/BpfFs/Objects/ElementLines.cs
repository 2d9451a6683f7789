using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>The lines of one map.</summary>
internal sealed class ElementLines(ElementReader reader, ElementFormat format) : LineProducer
{
    private const int PieceSize = 64 * 1024;
    private const int ReferenceCeiling = 160; // kind, id and name
    private const int SocketCeiling = 40; // a cookie

    public override long Ceiling
    {
        get
        {
            long key = format.Keys?.Ceiling ?? reader.Layout.KeySize * 3L;
            long value = format.References is not null ? ReferenceCeiling : format.AreSockets ? SocketCeiling : format.Values?.Ceiling ?? reader.Layout.ValueSize * 3L;
            return (reader.Map.max_entries + 1L) * (key + ((value + 3) * reader.Layout.Cpus) + 4);
        }
    }

    public override int Restart() => reader.Restart();

    public override int Produce(TextBuffer to, out bool ended)
    {
        ended = false;
        int start = to.Length;
        while (to.Length - start < PieceSize)
        {
            int got = reader.ReadNext(out ReadOnlySpan<byte> element);
            ended = got == 0;
            if (got <= 0) return -got;
            WriteLine(element, to);
        }
        return 0;
    }

    public override void Dispose() => reader.Dispose();

    private void WriteLine(ReadOnlySpan<byte> element, TextBuffer to)
    {
        ElementLayout layout = reader.Layout;
        if (format.Keys is null) to.AppendHex(element[..layout.KeySize], (byte)' ');
        else format.Keys.Write(element, to);
        to.Append((byte)'\t');
        if (format.AreSockets)
        {
            SocketText.AppendCookie(reader.HasValues ? BitConverter.ToUInt64(element[layout.ValueOffset..]) : null, to);
            to.Append((byte)'\n');
            return;
        }
        bool isList = reader.IsPercpu && format.Values is not null;
        if (isList) to.Append((byte)'[');
        for (int cpu = 0; cpu < layout.Cpus; cpu++)
        {
            ReadOnlySpan<byte> value = element.Slice(layout.ValueOffset + (cpu * layout.ValueStride), layout.ValueSize);
            if (cpu > 0) to.Append(isList ? ","u8 : " | "u8);
            if (format.Values is not null) format.Values.Write(value, to);
            else if (format.References is not null && value.Length == sizeof(uint)) WriteReference(BitConverter.ToUInt32(value), to);
            else to.AppendHex(value, (byte)' ');
        }
        if (isList) to.Append((byte)']');
        to.Append((byte)'\n');
    }

    /// <summary><c>prog 12 name</c>, <c>map 5 name</c>.</summary>
    private void WriteReference(uint id, TextBuffer to)
    {
        to.Append(format.References == Progs.Kind ? "prog "u8 : "map "u8);
        to.Append((ulong)id);
        var namer = new Namer { To = to };
        format.References!.VisitOne(format.Context, id, ref namer); // gone meanwhile: the id alone
    }

    private struct Namer : IObjectVisitor
    {
        public TextBuffer To;

        public readonly void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag)
        {
            if (name.IsEmpty) return;
            To.Append((byte)' ');
            To.AppendText(name);
        }
    }
}

/// <summary>One line that says why there are no others.</summary>
internal sealed class NoticeLine(string text) : LineProducer
{
    public override long Ceiling => text.Length + 3;

    public override int Restart() => 0;

    public override int Produce(TextBuffer to, out bool ended)
    {
        to.Append("# "u8);
        to.Append(System.Text.Encoding.UTF8.GetBytes(text));
        to.Append((byte)'\n');
        ended = true;
        return 0;
    }

    public override void Dispose() { }
}
