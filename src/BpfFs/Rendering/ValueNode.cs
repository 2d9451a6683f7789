using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace BpfFs.Rendering;

/// <summary>
/// A type of a map's key or value, ready to print: made once from BTF (<see cref="ValueFormat"/>), then written for element after element without looking
/// at BTF again and without allocating. The text is JSON, as bpftool formats values (src/btf_dumper.c there).
/// </summary>
internal abstract class ValueNode
{
    /// <summary>No value takes more characters. From <see cref="Endless"/> on it is not counted.</summary>
    public abstract long Ceiling { get; }

    /// <summary>More than is ever written; small enough to be multiplied by a count.</summary>
    public const long Endless = int.MaxValue;

    /// <summary>Writes the value that starts at the first byte; <paramref name="data"/> is long enough, its type's size was checked.</summary>
    public abstract void Write(ReadOnlySpan<byte> data, TextBuffer to);
}

/// <summary>An integer of 1, 2, 4 or 8 bytes, or some of its bits.</summary>
internal sealed class IntNode(int bytes, bool isSigned, bool isBool) : ValueNode
{
    public int Bytes => bytes;

    public override long Ceiling => 20;

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to) => WriteBits(Load(data, bytes), bytes * 8, to);

    /// <summary>Writes the lowest <paramref name="bits"/> of a number.</summary>
    public void WriteBits(ulong value, int bits, TextBuffer to)
    {
        if (isBool) to.Append(value != 0 ? "true"u8 : "false"u8);
        else if (isSigned) to.Append(SignExtend(value, bits));
        else to.Append(value);
    }

    public static long SignExtend(ulong value, int bits) => (long)(value << (64 - bits)) >> (64 - bits);

    public static ulong Load(ReadOnlySpan<byte> data, int bytes) => bytes switch
    {
        1 => data[0],
        2 => MemoryMarshal.Read<ushort>(data),
        4 => MemoryMarshal.Read<uint>(data),
        _ => MemoryMarshal.Read<ulong>(data),
    };
}

/// <summary>An integer that is larger than 8 bytes: hex digits, the most significant first.</summary>
internal sealed class WideIntNode(int bytes) : ValueNode
{
    public override long Ceiling => (bytes * 2) + 4;

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to)
    {
        to.Append("\"0x"u8);
        for (int i = bytes - 1; i >= 0; i--) to.AppendHex(data.Slice(i, 1));
        to.Append((byte)'"');
    }
}

/// <summary>A float or double.</summary>
internal sealed class FloatNode(int bytes) : ValueNode
{
    public override long Ceiling => 32;

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to)
    {
        double value = bytes == 4 ? BinaryPrimitives.ReadSingleLittleEndian(data) : BinaryPrimitives.ReadDoubleLittleEndian(data);
        if (!double.IsFinite(value))
        {
            to.Append("null"u8); // JSON has no such number
            return;
        }
        value.TryFormat(to.Room(32), out int written, default, System.Globalization.CultureInfo.InvariantCulture);
        to.Advance(written);
    }
}

/// <summary>An enumerator's name, or the number if it is none. Of two names for a value it is the first.</summary>
internal sealed class EnumNode : ValueNode
{
    private readonly int _bytes;
    private readonly bool _isSigned;
    private readonly long[] _values; // ascending: an enum may have 100,000 and stand in each of many members
    private readonly byte[][] _quoted;

    public EnumNode(int bytes, bool isSigned, (long Value, byte[] Quoted)[] names)
    {
        _bytes = bytes;
        _isSigned = isSigned;
        (long Value, byte[] Quoted)[] sorted = [.. names.DistinctBy(n => n.Value).OrderBy(n => n.Value)];
        _values = [.. sorted.Select(n => n.Value)];
        _quoted = [.. sorted.Select(n => n.Quoted)];
        Ceiling = Math.Max(20, sorted.Length == 0 ? 0 : sorted.Max(n => n.Quoted.Length));
    }

    public override long Ceiling { get; }

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to) => WriteBits(IntNode.Load(data, _bytes), _bytes * 8, to);

    public void WriteBits(ulong raw, int bits, TextBuffer to)
    {
        long value = _isSigned ? IntNode.SignExtend(raw, bits) : (long)raw;
        int i = Array.BinarySearch(_values, value);
        if (i >= 0) to.Append(_quoted[i]);
        else if (_isSigned) to.Append(value);
        else to.Append(raw);
    }
}

/// <summary>A bitfield: some bits of the bytes that hold it.</summary>
internal sealed class BitfieldNode(ValueNode type, int bitOffset, int bits, bool asHex = false) : ValueNode
{
    public override long Ceiling => Math.Max(type.Ceiling, 20);

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to)
    {
        ulong value = 0;
        for (int bit = bits - 1; bit >= 0; bit--) // little-endian: bit n of the structure is bit n%8 of byte n/8
        {
            int at = bitOffset + bit;
            value = (value << 1) | (uint)((data[at >> 3] >> (at & 7)) & 1);
        }
        if (asHex)
        {
            to.Append("\"0x"u8);
            to.AppendHex(value);
            to.Append((byte)'"');
        }
        else if (type is IntNode number) number.WriteBits(value, bits, to);
        else if (type is EnumNode name) name.WriteBits(value, bits, to);
        else to.Append(value);
    }
}

/// <summary>What belongs to the kernel within a value (locks, timers, pointers it owns): never shown.</summary>
internal sealed class HiddenNode : ValueNode
{
    public override long Ceiling => 4;

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to) => to.Append("null"u8);
}

/// <summary>Bytes of a type that has no better form.</summary>
internal sealed class HexNode(int bytes) : ValueNode
{
    public override long Ceiling => (bytes * 3L) + 2;

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to)
    {
        to.Append((byte)'"');
        to.AppendHex(data[..bytes], (byte)' ');
        to.Append((byte)'"');
    }
}

/// <summary>An array; of chars: a string, if it is printable and ends.</summary>
internal sealed class ArrayNode(ValueNode element, int count, int stride, bool isText) : ValueNode
{
    public override long Ceiling { get; } = Math.Min((count * (element.Ceiling + 1)) + 2, Endless);

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to)
    {
        if (isText && TryWriteText(data[..count], to)) return;
        to.Append((byte)'[');
        for (int i = 0; i < count; i++)
        {
            if (i > 0) to.Append((byte)',');
            element.Write(data[(i * stride)..], to);
        }
        to.Append((byte)']');
    }

    private static bool TryWriteText(ReadOnlySpan<byte> data, TextBuffer to)
    {
        int end = data.IndexOf((byte)0);
        if (end < 0 || data[..end].ContainsAnyExceptInRange((byte)0x20, (byte)0x7e)) return false;
        to.Append((byte)'"');
        foreach (byte c in data[..end])
        {
            if (c is (byte)'"' or (byte)'\\') to.Append((byte)'\\');
            to.Append(c);
        }
        to.Append((byte)'"');
        return true;
    }
}

/// <summary>A struct or union (an object), or a section of variables (an object within an array, as bpftool has it).</summary>
internal sealed class StructNode((byte[] Prefix, int Offset, ValueNode Type)[] members, byte[] open, byte[] close) : ValueNode
{
    public override long Ceiling { get; } = Math.Min(open.Length + close.Length + members.Sum(m => m.Prefix.Length + m.Type.Ceiling), Endless);

    public override void Write(ReadOnlySpan<byte> data, TextBuffer to)
    {
        to.Append(open);
        foreach ((byte[] prefix, int offset, ValueNode type) in members)
        {
            to.Append(prefix);
            type.Write(data[offset..], to);
        }
        to.Append(close);
    }
}
