using System.Runtime.InteropServices;
using System.Text;
using Iterators;

namespace BpfFs.Tests.Rendering;

/// <summary>A member of a struct or union, offsets and sizes in bits; size 0: no bitfield.</summary>
internal readonly record struct Member(string Name, uint Type, int Offset, int Size = 0);

/// <summary>Writes BTF as linux/btf.h describes it, also such as no compiler makes. Each method gives the type's id.</summary>
internal sealed class BtfBuilder
{
    public const uint Signed = 1, Char = 2, Bool = 4;

    private readonly List<uint> _types = [];
    private readonly List<byte> _strings;
    private readonly byte[] _layout;
    private readonly uint _stringsBefore;
    private uint _last;

    /// <param name="layout">info_sz and elem_sz of each kind from 20 on; empty: no layout section, as before Linux 7.2.</param>
    /// <param name="under">What this builds on.</param>
    public BtfBuilder(ReadOnlySpan<(byte Once, byte Each)> layout = default, BtfBuilder? under = null)
    {
        List<byte> kinds = [];
        for (int kind = 0; layout.Length > 0 && kind <= (int)BtfKind.Enum64; kind++) kinds.AddRange([0, 0, 0, 0]); // a reader knows those without
        foreach ((byte once, byte each) in layout) kinds.AddRange([once, each, 0, 0]);
        _layout = [.. kinds];
        _strings = under is null ? [0] : [];
        (_last, _stringsBefore) = under is null ? (0, 0) : (under._last, under._stringsBefore + (uint)under._strings.Count);
    }

    public uint Int(string name, int size, uint encoding = 0, int bits = -1, int offset = 0) =>
        Add(name, BtfKind.Int, 0, false, (uint)size, (encoding << 24) | ((uint)offset << 16) | (uint)(bits < 0 ? size * 8 : bits));

    public uint Ptr(uint to) => Add("", BtfKind.Ptr, 0, false, to);

    /// <param name="element">Type.</param>
    /// <param name="count">How many.</param>
    /// <param name="index">Type of the index, which the kernel wants to be an int and nobody else cares about; 0: the element's.</param>
    public uint Array(uint element, uint count, uint index = 0) => Add("", BtfKind.Array, 0, false, 0, element, index == 0 ? element : index, count);

    public uint Struct(string name, int size, params Member[] members) => Composite(BtfKind.Struct, name, size, members);

    public uint Union(string name, int size, params Member[] members) => Composite(BtfKind.Union, name, size, members);

    public uint Enum(string name, int size, bool isSigned, params (string Name, int Value)[] values) =>
        Add(name, BtfKind.Enum, values.Length, isSigned, (uint)size, [.. values.SelectMany(v => new[] { String(v.Name), (uint)v.Value })]);

    public uint Enum64(string name, bool isSigned, params (string Name, long Value)[] values) =>
        Add(name, BtfKind.Enum64, values.Length, isSigned, 8, [.. values.SelectMany(v => new[] { String(v.Name), (uint)v.Value, (uint)(v.Value >> 32) })]);

    public uint Fwd(string name) => Add(name, BtfKind.Fwd, 0, false, 0);

    public uint Typedef(string name, uint to) => Add(name, BtfKind.Typedef, 0, false, to);

    public uint Const(uint to) => Add("", BtfKind.Const, 0, false, to);

    public uint Volatile(uint to) => Add("", BtfKind.Volatile, 0, false, to);

    /// <param name="tag">Its text.</param>
    /// <param name="to">Type.</param>
    /// <param name="isAttribute">The text is an attribute of its own, not btf_type_tag's: kind_flag, Linux 6.15.</param>
    public uint TypeTag(string tag, uint to, bool isAttribute = false) => Add(tag, BtfKind.TypeTag, 0, isAttribute, to);

    /// <summary>A type of a kind that nobody knows.</summary>
    public uint Newer(int kind, string name, int length, uint sizeOrType, params uint[] more) => Add(name, (BtfKind)kind, length, false, sizeOrType, more);

    public uint Float(string name, int size) => Add(name, BtfKind.Float, 0, false, (uint)size);

    public uint Var(string name, uint type) => Add(name, BtfKind.Var, 0, false, type, 1);

    public uint Prototype(uint result, params (string Name, uint Type)[] parameters) =>
        Add("", BtfKind.FuncProto, parameters.Length, false, result, [.. parameters.SelectMany(p => new[] { String(p.Name), p.Type })]);

    public uint Function(string name, uint prototype) => Add(name, BtfKind.Func, 0, false, prototype);

    public uint Datasec(string name, int size, params (uint Var, int Offset, int Size)[] variables) =>
        Add(name, BtfKind.Datasec, variables.Length, false, (uint)size, [.. variables.SelectMany(v => new[] { v.Var, (uint)v.Offset, (uint)v.Size })]);

    public Btf Build() => Btf.TryParse(Bytes(), out int errno) ?? throw new InvalidOperationException($"this is no BTF: {errno}");

    /// <summary>As a .BTF section has it.</summary>
    /// <param name="stringsFirst">In an order that the kernel takes, and libbpf does not.</param>
    public byte[] Bytes(bool stringsFirst = false)
    {
        byte[] types = MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_types)).ToArray();
        byte[] strings = stringsFirst ? [.. _strings, .. new byte[-_strings.Count & 3]] : [.. _strings]; // types are aligned
        uint layoutAt = (uint)types.Length, stringsAt = stringsFirst ? 0 : (uint)(types.Length + _layout.Length), typesAt = stringsFirst ? (uint)strings.Length : 0;
        if (stringsFirst) layoutAt += typesAt;
        uint[] header = [0x0001_eb9f, 24, typesAt, (uint)types.Length, stringsAt, (uint)strings.Length];
        if (_layout.Length > 0) header = [header[0], 32, .. header[2..], layoutAt, (uint)_layout.Length];
        ReadOnlySpan<byte> head = MemoryMarshal.AsBytes<uint>(header);
        return stringsFirst ? [.. head, .. strings, .. types, .. _layout] : [.. head, .. types, .. _layout, .. strings];
    }

    private uint Composite(BtfKind kind, string name, int size, Member[] members)
    {
        bool bitfields = members.Any(m => m.Size != 0);
        return Add(name, kind, members.Length, bitfields, (uint)size,
            [.. members.SelectMany(m => new[] { String(m.Name), m.Type, bitfields ? ((uint)m.Size << 24) | (uint)m.Offset : (uint)m.Offset })]);
    }

    private uint Add(string name, BtfKind kind, int length, bool flag, uint sizeOrType, params uint[] more)
    {
        _types.AddRange([String(name), (flag ? 1u << 31 : 0) | ((uint)kind << 24) | (uint)length, sizeOrType]);
        _types.AddRange(more);
        return ++_last;
    }

    private uint String(string text)
    {
        if (text.Length == 0) return 0;
        uint at = _stringsBefore + (uint)_strings.Count;
        _strings.AddRange(Encoding.Latin1.GetBytes(text)); // one byte per char: tests want bytes that are no UTF-8
        _strings.Add(0);
        return at;
    }
}
