using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>
/// <c>maps/&lt;id&gt;/entries</c>: a line per element, <c>key TAB value</c>. With BTF both are JSON, a per-CPU map's value an array; without, bytes in hex, the
/// values of CPUs separated by <c> | </c>.
/// </summary>
internal sealed class Elements : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        int errno = ElementReader.Open(context.Iterators, (uint)key, out ElementReader? reader);
        if (errno != 0) return errno == EOPNOTSUPP ? ENOENT : errno;
        errno = Formats(reader!, out ValueNode? keys, out ValueNode? values);
        if (errno == 0) producer = new ElementLines(reader!, keys, values);
        else reader!.Dispose();
        return errno;
    }

    public override int Exists(ViewContext context, ulong key)
    {
        int errno = Maps.Read(context, (uint)key, out Map map);
        return errno != 0 ? errno : context.Iterators.Elements.CanIterate(map.Record.type) ? 0 : ENOENT;
    }

    /// <summary>How to print keys and values; null: in hex. Without its BTF a value is not shown: there may be in it what is the kernel's.</summary>
    private static int Formats(ElementReader reader, out ValueNode? keys, out ValueNode? values)
    {
        keys = values = null;
        if (reader.Map.btf_id == 0) return 0;
        using Btf? btf = Btf.TryLoad(reader.Map.btf_id, out int errno);
        if (btf is null) return errno;
        if (reader.Map.btf_key_type_id != 0) keys = ValueFormat.Make(btf, reader.Map.btf_key_type_id, reader.Layout.KeySize);
        if (reader.Map.btf_value_type_id != 0) values = ValueFormat.Make(btf, reader.Map.btf_value_type_id, reader.Layout.ValueSize);
        return 0;
    }
}

/// <summary>The lines of one map.</summary>
internal sealed class ElementLines(ElementReader reader, ValueNode? keys, ValueNode? values) : LineProducer
{
    private const int PieceSize = 64 * 1024;

    public override long Ceiling
    {
        get
        {
            long key = keys?.Ceiling ?? reader.Layout.KeySize * 3L;
            long value = values?.Ceiling ?? reader.Layout.ValueSize * 3L;
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
        if (keys is null) to.AppendHex(element[..layout.KeySize], (byte)' ');
        else keys.Write(element, to);
        to.Append((byte)'\t');
        if (values is not null && layout.Cpus > 1) to.Append((byte)'[');
        for (int cpu = 0; cpu < layout.Cpus; cpu++)
        {
            ReadOnlySpan<byte> value = element.Slice(layout.ValueOffset + (cpu * layout.ValueStride), layout.ValueSize);
            if (cpu > 0) to.Append(values is null ? " | "u8 : ","u8);
            if (values is null) to.AppendHex(value, (byte)' ');
            else values.Write(value, to);
        }
        if (values is not null && layout.Cpus > 1) to.Append((byte)']');
        to.Append((byte)'\n');
    }
}
