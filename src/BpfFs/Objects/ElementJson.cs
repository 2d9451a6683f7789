using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// The elements of one map as `bpftool -j map dump` prints them: an array of objects with key and value as bytes, of per-CPU maps a value for each
/// CPU, and with BTF the same again, formatted.
/// </summary>
internal sealed class ElementJson(ElementReader reader, ElementFormat format) : LineProducer
{
    private const int PieceSize = 64 * 1024;
    private readonly byte[] _value = new byte[reader.Layout.ValueStride * reader.Layout.Cpus];
    private bool _hasBegun, _hasElements;

    public override long Ceiling
    {
        get
        {
            const int around = 160; // names and punctuation
            long key = (reader.Layout.KeySize * 7L) + (format.Keys?.Ceiling ?? 0);
            long value = (reader.Layout.ValueSize * 7L) + (format.Values?.Ceiling ?? 0) + 64;
            return ((reader.Map.max_entries + 1L) * (around + key + (value * reader.Layout.Cpus))) + around;
        }
    }

    public override int Restart()
    {
        _hasBegun = _hasElements = false;
        return reader.Restart();
    }

    public override int Produce(TextBuffer to, out bool ended)
    {
        ended = false;
        int start = to.Length;
        if (!_hasBegun) to.Append((byte)'[');
        _hasBegun = true;
        while (to.Length - start < PieceSize)
        {
            int got = reader.ReadNext(out ReadOnlySpan<byte> element);
            if (got < 0) return -got;
            ended = got == 0;
            if (ended)
            {
                to.Append("]\n"u8);
                return 0;
            }
            if (_hasElements) to.Append((byte)',');
            _hasElements = true;
            WriteElement(element, to);
        }
        return 0;
    }

    public override void Dispose() => reader.Dispose();

    private void WriteElement(ReadOnlySpan<byte> element, TextBuffer to)
    {
        ReadOnlySpan<byte> key = element[..reader.Layout.KeySize];
        element.Slice(reader.Layout.ValueOffset, _value.Length).CopyTo(_value);
        for (int cpu = 0; cpu < reader.Layout.Cpus; cpu++)
        {
            foreach ((int offset, int length) in format.KernelRanges) _value.AsSpan((cpu * reader.Layout.ValueStride) + offset, length).Clear();
        }

        to.Append("{\"key\":"u8);
        WriteBytes(key, to);
        to.Append((byte)',');
        WriteValues(null, to);
        if (format.Values is not null)
        {
            to.Append(",\"formatted\":{"u8);
            if (format.Keys is not null)
            {
                to.Append("\"key\":"u8);
                format.Keys.Write(element, to);
                to.Append((byte)',');
            }
            WriteValues(format.Values, to);
            to.Append((byte)'}');
        }
        to.Append((byte)'}');
    }

    /// <summary>One value, or each CPU's.</summary>
    private void WriteValues(ValueNode? node, TextBuffer to)
    {
        if (!reader.IsPercpu)
        {
            to.Append("\"value\":"u8);
            WriteValue(0, node, to);
            return;
        }
        to.Append("\"values\":["u8);
        for (int cpu = 0; cpu < reader.Layout.Cpus; cpu++)
        {
            to.Append(cpu == 0 ? "{\"cpu\":"u8 : ",{\"cpu\":"u8);
            to.Append((ulong)cpu);
            to.Append(",\"value\":"u8);
            WriteValue(cpu, node, to);
            to.Append((byte)'}');
        }
        to.Append((byte)']');
    }

    private void WriteValue(int cpu, ValueNode? node, TextBuffer to)
    {
        ReadOnlySpan<byte> value = _value.AsSpan(cpu * reader.Layout.ValueStride, reader.Layout.ValueSize);
        if (node is null) WriteBytes(value, to);
        else node.Write(value, to);
    }

    private static void WriteBytes(ReadOnlySpan<byte> bytes, TextBuffer to)
    {
        to.Append((byte)'[');
        for (int i = 0; i < bytes.Length; i++)
        {
            to.Append(i == 0 ? "\"0x"u8 : ",\"0x"u8);
            to.AppendHex(bytes.Slice(i, 1));
            to.Append((byte)'"');
        }
        to.Append((byte)']');
    }
}
