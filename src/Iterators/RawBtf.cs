using System.Buffers.Binary;
using System.Text;

namespace Iterators;

/// <summary>
/// The types of a BTF file in their order, read from its bytes: <c>Documentation/bpf/btf.rst</c>. It needs no library, so a kind that libbpf does not know
/// ends nothing, and finding a handful of names takes one pass of a few milliseconds. Not checked beyond its bounds: for the kernel's own BTF.
/// </summary>
public sealed class RawBtf
{
    private const ushort Magic = 0xeB9F;
    private const int HeaderSize = 24; // struct btf_header, <linux/btf.h>
    private readonly byte[] _bytes;
    private readonly int _types, _typesEnd, _strings, _stringsEnd;

    private RawBtf(byte[] bytes, int types, int typesEnd, int strings, int stringsEnd)
    {
        _bytes = bytes;
        (_types, _typesEnd, _strings, _stringsEnd) = (types, typesEnd, strings, stringsEnd);
    }

    /// <summary>The BTF of the running kernel, or of a file; null: there is none, or it is no BTF of this machine's byte order.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RawBtf? Read(string? path) => Of(File.ReadAllBytes(path ?? KernelTypes.Path));

    /// <summary>BTF as it stands in a .BTF section; null: it is none.</summary>
    public static RawBtf? Of(byte[] bytes)
    {
        if (bytes.Length < HeaderSize || BitConverter.ToUInt16(bytes) != Magic) return null;
        long header = BitConverter.ToUInt32(bytes, 4);
        (long types, long typesLength) = (header + BitConverter.ToUInt32(bytes, 8), BitConverter.ToUInt32(bytes, 12));
        (long strings, long stringsLength) = (header + BitConverter.ToUInt32(bytes, 16), BitConverter.ToUInt32(bytes, 20));
        if (types + typesLength > bytes.Length || strings + stringsLength > bytes.Length) return null;
        return new RawBtf(bytes, (int)types, (int)(types + typesLength), (int)strings, (int)(strings + stringsLength));
    }

    /// <summary>The ids of functions by their names, in their order; 0: there is none.</summary>
    public uint[] FindFunctions(IReadOnlyList<string> names)
    {
        var ids = new uint[names.Count];
        var wanted = new Dictionary<uint, int>();
        for (int i = 0; i < names.Count; i++)
        {
            if (OffsetOf(names[i]) is > 0 and uint offset) wanted[offset] = i;
        }
        for (BtfCursor at = First(); at.MoveNext();)
        {
            if (at.Kind == BtfKind.Func && wanted.TryGetValue(at.NameOffset, out int i) && ids[i] == 0) ids[i] = at.Id;
        }
        return ids;
    }

    /// <summary>Before the first type.</summary>
    public BtfCursor First() => new(_bytes.AsSpan(_types, _typesEnd - _types));

    /// <summary>A string of the string section.</summary>
    public ReadOnlySpan<byte> Name(uint offset)
    {
        if (offset >= _stringsEnd - _strings) return default;
        ReadOnlySpan<byte> rest = _bytes.AsSpan(_strings + (int)offset, _stringsEnd - _strings - (int)offset);
        int end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }

    /// <summary>Where a whole string stands in the string section; 0: nowhere. Strings are there once: pahole and the linker of BTF see to it.</summary>
    public uint OffsetOf(string name)
    {
        int at = _bytes.AsSpan(_strings, _stringsEnd - _strings).IndexOf(Encoding.UTF8.GetBytes($"\0{name}\0"));
        return at < 0 ? 0 : (uint)at + 1;
    }
}

/// <summary>Goes over the types of <see cref="RawBtf"/>.</summary>
public ref struct BtfCursor
{
    private const int TypeSize = 12; // struct btf_type: name_off, info, size or type
    private readonly ReadOnlySpan<byte> _types;
    private int _at, _next;

    internal BtfCursor(ReadOnlySpan<byte> types) => _types = types;

    /// <summary>The type's id, from 1.</summary>
    public uint Id { get; private set; }

    /// <summary>Its kind; a number that <see cref="BtfKind"/> does not name: one of a newer kernel.</summary>
    public readonly BtfKind Kind => (BtfKind)((Word(4) >> 24) & 0x1F);

    /// <summary>How many members, enumerators or parameters follow.</summary>
    public readonly int Length => (int)(Word(4) & 0xFFFF);

    /// <summary>For <see cref="RawBtf.Name"/>.</summary>
    public readonly uint NameOffset => Word(0);

    /// <summary>What follows the type: members, enumerators.</summary>
    public readonly ReadOnlySpan<byte> Tail => _types[(_at + TypeSize).._next];

    /// <summary>Goes to the next type; false: at the end, or at a kind of unknown length.</summary>
    public bool MoveNext()
    {
        _at = _next;
        if (_at + TypeSize > _types.Length) return false;
        int tail = TailLength(Kind, Length);
        if (tail < 0 || _at + TypeSize + (long)tail > _types.Length) return false;
        _next = _at + TypeSize + tail;
        Id++;
        return true;
    }

    private static int TailLength(BtfKind kind, int length) => kind switch
    {
        BtfKind.Int or BtfKind.Var or BtfKind.DeclTag => 4,
        BtfKind.Array => 12,
        BtfKind.Struct or BtfKind.Union or BtfKind.Datasec or BtfKind.Enum64 => length * 12,
        BtfKind.Enum or BtfKind.FuncProto => length * 8,
        BtfKind.Ptr or BtfKind.Fwd or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.Func or BtfKind.Float or BtfKind.TypeTag => 0,
        _ => -1,
    };

    private readonly uint Word(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(_types[(_at + offset)..]);
}
