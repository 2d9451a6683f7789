using System.Buffers.Binary;

namespace Iterators;

/// <summary>
/// Goes over the types of a BTF in their order. How long a type of a kind that this version does not know is, the BTF's own layout section tells (Linux 7.2); where that
/// does not, the types behind it cannot be found. No type reaches beyond the section.
/// </summary>
public ref struct BtfCursor
{
    internal const int TypeSize = 12; // struct btf_type: name_off, info, size or type
    private const int LayoutSize = 4; // struct btf_layout: info_sz, elem_sz, flags; one for each kind, from 0
    private readonly ReadOnlySpan<byte> _types, _layout;
    private int _at, _next;

    internal BtfCursor(ReadOnlySpan<byte> types, ReadOnlySpan<byte> layout)
    {
        _types = types;
        _layout = layout;
    }

    /// <summary>The type's id, from 1.</summary>
    public uint Id { get; private set; }

    /// <summary>Its kind; a number that <see cref="BtfKind"/> does not name: one of a newer kernel.</summary>
    public readonly BtfKind Kind => BtfInfoWord.Kind(Info);

    /// <summary>How many members, enumerators or parameters follow.</summary>
    public readonly int Length => BtfInfoWord.Length(Info);

    /// <summary>What bit 31 means depends on the kind.</summary>
    public readonly bool Flag => BtfInfoWord.Flag(Info);

    /// <summary>For <see cref="RawBtf.Name"/>.</summary>
    public readonly uint NameOffset => Word(0);

    /// <summary>Bytes, or the id of another type, depending on the kind.</summary>
    public readonly uint SizeOrType => Word(8);

    /// <summary>What follows the type: members, enumerators.</summary>
    public readonly ReadOnlySpan<byte> Tail => _types[(_at + TypeSize).._next];

    /// <summary>All of it.</summary>
    public readonly ReadOnlySpan<byte> Bytes => _types[_at.._next];

    /// <summary>Where it begins in the section.</summary>
    public readonly int Offset => _at;

    /// <summary>After <see cref="MoveNext"/> said false: whether all types were passed.</summary>
    public readonly bool IsAtEnd => _next == _types.Length;

    private readonly uint Info => Word(4);

    /// <summary>Goes to the next type; false: at the end, or at what is no type or of unknown length.</summary>
    public bool MoveNext()
    {
        _at = _next;
        if (_types.Length - _at < TypeSize) return false;
        long tail = TailLength(Kind, Length, _layout);
        if (tail < 0 || tail > _types.Length - _at - TypeSize) return false;
        _next = _at + TypeSize + (int)tail;
        Id++;
        return true;
    }

    /// <summary>How many bytes follow the type; negative: nobody knows.</summary>
    private static long TailLength(BtfKind kind, int length, ReadOnlySpan<byte> layout)
    {
        switch (kind)
        {
            case BtfKind.Int or BtfKind.Var or BtfKind.DeclTag:
                return 4;
            case BtfKind.Array:
                return 12;
            case BtfKind.Struct or BtfKind.Union or BtfKind.Datasec or BtfKind.Enum64:
                return length * 12L;
            case BtfKind.Enum or BtfKind.FuncProto:
                return length * 8L;
            case BtfKind.Ptr or BtfKind.Fwd or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.Func or BtfKind.Float or BtfKind.TypeTag:
                return 0;
        }
        int at = (int)kind * LayoutSize;
        if (kind == BtfKind.Void || at + LayoutSize > layout.Length) return -1;
        (byte once, byte each) = (layout[at], layout[at + 1]);
        return (once | each) % sizeof(uint) == 0 ? once + ((long)each * length) : -1;
    }

    private readonly uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_types[(_at + offset)..]);
}

/// <summary><c>info</c> of <c>struct btf_type</c>: vlen in bits 0 to 23 (to 15 before Linux 7.2), kind in 24 to 30 (24 to 28), kind_flag in 31. What older kernels left unused was zero.</summary>
internal static class BtfInfoWord
{
    public static BtfKind Kind(uint info) => (BtfKind)((info >> 24) & 0x7F);

    public static int Length(uint info) => (int)(info & 0xFF_FFFF);

    public static bool Flag(uint info) => info >> 31 != 0;

    public static uint Of(BtfKind kind, int length, bool flag) => ((uint)kind << 24) | (uint)length | (flag ? 1u << 31 : 0);
}
