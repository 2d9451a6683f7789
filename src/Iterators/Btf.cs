using System.Runtime.InteropServices;
using Iterators.Native;

namespace Iterators;

/// <summary>BTF_KIND_*, <c>&lt;linux/btf.h&gt;</c>.</summary>
public enum BtfKind
{
    /// <summary>void, type id 0.</summary>
    Void = 0,

    /// <summary>An integer.</summary>
    Int = 1,

    /// <summary>A pointer.</summary>
    Ptr = 2,

    /// <summary>An array.</summary>
    Array = 3,

    /// <summary>A struct.</summary>
    Struct = 4,

    /// <summary>A union.</summary>
    Union = 5,

    /// <summary>An enum of up to 32 bits.</summary>
    Enum = 6,

    /// <summary>A forward declaration.</summary>
    Fwd = 7,

    /// <summary>A typedef.</summary>
    Typedef = 8,

    /// <summary>volatile.</summary>
    Volatile = 9,

    /// <summary>const.</summary>
    Const = 10,

    /// <summary>restrict.</summary>
    Restrict = 11,

    /// <summary>A function.</summary>
    Func = 12,

    /// <summary>A function's prototype.</summary>
    FuncProto = 13,

    /// <summary>A variable.</summary>
    Var = 14,

    /// <summary>A section of variables, as the value of a .bss or .data map.</summary>
    Datasec = 15,

    /// <summary>A floating-point number.</summary>
    Float = 16,

    /// <summary>A tag on a declaration.</summary>
    DeclTag = 17,

    /// <summary>A tag on a type.</summary>
    TypeTag = 18,

    /// <summary>An enum of 64 bits.</summary>
    Enum64 = 19,
}

/// <summary>One member of a struct, union or data section.</summary>
/// <param name="NameOffset">For <see cref="Btf.Name"/>; 0: anonymous.</param>
/// <param name="Type">Type id.</param>
/// <param name="BitOffset">From the start of what holds it.</param>
/// <param name="BitSize">Of a bitfield; 0: no bitfield.</param>
public readonly record struct BtfMember(uint NameOffset, uint Type, int BitOffset, int BitSize);

/// <summary>
/// The types that a loaded BTF object describes, parsed and checked by libbpf. Every type id and offset that comes out of it is
/// within it; ids that the caller made up give <see cref="BtfKind.Void"/>.
/// </summary>
public sealed unsafe class Btf : SafeHandle
{
    private readonly uint _count;

    private Btf(nint handle)
        : base(0, ownsHandle: true)
    {
        SetHandle(handle);
        _count = LibBpf.btf__type_cnt(handle);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Takes a copy of the kernel's BTF object with this id; null with the errno if there is none or it is not allowed.</summary>
    public static Btf? TryLoad(uint id, out int errno)
    {
        nint handle = LibBpf.btf__load_from_kernel_by_id(id);
        errno = handle == 0 ? Marshal.GetLastPInvokeError() : 0;
        return handle == 0 ? null : new Btf(handle);
    }

    /// <summary>Parses BTF as it stands in a .BTF section; null with the errno if it is none.</summary>
    public static Btf? TryParse(ReadOnlySpan<byte> data, out int errno)
    {
        fixed (byte* start = data)
        {
            nint handle = LibBpf.btf__new(start, (uint)data.Length);
            errno = handle == 0 ? Marshal.GetLastPInvokeError() : 0;
            return handle == 0 ? null : new Btf(handle);
        }
    }

    /// <summary>The kind of a type.</summary>
    public BtfKind Kind(uint type) => TypeById(type) is var t && t is null ? BtfKind.Void : (BtfKind)((t->info >> 24) & 0x1F);

    /// <summary>Of members, enumerators or parameters: how many.</summary>
    public int Length(uint type) => TypeById(type) is var t && t is null ? 0 : (int)(t->info & 0xFFFF);

    /// <summary>The type's own name; empty: anonymous.</summary>
    public ReadOnlySpan<byte> TypeName(uint type) => TypeById(type) is var t && t is null ? default : Name(t->name_off);

    /// <summary>The size in bytes of an int, enum, struct, union, float or section.</summary>
    public int Size(uint type) => TypeById(type) is var t && t is null ? 0 : (int)t->size_or_type;

    /// <summary>What a pointer, typedef or qualifier refers to.</summary>
    public uint Referred(uint type) => TypeById(type) is var t && t is null ? 0 : t->size_or_type;

    /// <summary>The size in bytes of a type after typedefs, arrays multiplied out; negative if it has none.</summary>
    public long ResolveSize(uint type) => LibBpf.btf__resolve_size(handle, type);

    /// <summary>A string of the string section.</summary>
    public ReadOnlySpan<byte> Name(uint offset) =>
        LibBpf.btf__name_by_offset(handle, offset) is var name && name is null ? default : MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name);

    /// <summary>The type behind typedefs, qualifiers and tags; 0 when they go in a circle.</summary>
    public uint SkipModifiers(uint type)
    {
        for (int depth = 0; depth < 64; depth++)
        {
            if (Kind(type) is not (BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag)) return type;
            type = Referred(type);
        }
        return 0;
    }

    /// <summary>An int's bits: signed, bool or char flag (BTF_INT_*), offset within its bytes, width.</summary>
    public (bool IsSigned, bool IsBool, bool IsChar, int BitOffset, int Bits) Int(uint type)
    {
        uint data = *(uint*)(TypeById(type) + 1);
        uint encoding = (data >> 24) & 0xF;
        return ((encoding & 1) != 0, (encoding & 4) != 0, (encoding & 2) != 0, (int)((data >> 16) & 0xFF), (int)(data & 0xFF));
    }

    /// <summary>An array's element type and count.</summary>
    public (uint Element, int Count) Array(uint type)
    {
        uint* array = (uint*)(TypeById(type) + 1); // struct btf_array: type, index_type, nelems
        return (array[0], (int)array[2]);
    }

    /// <summary>Member <paramref name="index"/> of a struct or union; variable of a section (its name is the variable's).</summary>
    public BtfMember Member(uint type, int index)
    {
        btf_type* t = TypeById(type);
        uint* entry = (uint*)(t + 1) + (3 * index); // struct btf_member: name_off, type, offset; btf_var_secinfo: type, offset, size
        if (Kind(type) == BtfKind.Datasec)
        {
            btf_type* variable = TypeById(entry[0]);
            if (variable is null) return new BtfMember(0, 0, (int)entry[1] * 8, 0);
            return new BtfMember(variable->name_off, variable->size_or_type, (int)entry[1] * 8, 0);
        }
        bool hasBitfields = t->info >> 31 != 0; // kind_flag
        return new BtfMember(entry[0], entry[1], (int)(hasBitfields ? entry[2] & 0xFFFFFF : entry[2]), hasBitfields ? (int)(entry[2] >> 24) : 0);
    }

    /// <summary>Parameter <paramref name="index"/> of a prototype; type 0: the rest are variable.</summary>
    public (uint NameOffset, uint Type) Parameter(uint type, int index)
    {
        uint* entry = (uint*)(TypeById(type) + 1) + (2 * index); // struct btf_param: name_off, type
        return (entry[0], entry[1]);
    }

    /// <summary>Enumerator <paramref name="index"/>: its name's offset and its value.</summary>
    public (uint NameOffset, long Value) Enumerator(uint type, int index)
    {
        btf_type* t = TypeById(type);
        uint* entry = (uint*)(t + 1);
        if (Kind(type) == BtfKind.Enum64)
        {
            entry += 3 * index; // struct btf_enum64: name_off, val_lo32, val_hi32
            return (entry[0], (long)(((ulong)entry[2] << 32) | entry[1]));
        }
        entry += 2 * index; // struct btf_enum: name_off, val
        return (entry[0], (int)entry[1]);
    }

    /// <summary>Whether an enum's values are signed.</summary>
    public bool IsSignedEnum(uint type) => TypeById(type)->info >> 31 != 0;

    /// <summary>Whether a forward declaration is of a union; else of a struct.</summary>
    public bool IsUnionFwd(uint type) => TypeById(type)->info >> 31 != 0;

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LibBpf.btf__free(handle);
        return true;
    }

    private btf_type* TypeById(uint type) => type == 0 || type >= _count ? null : LibBpf.btf__type_by_id(handle, type);
}
