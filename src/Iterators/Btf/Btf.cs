using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>One member of a struct, union or data section.</summary>
/// <param name="NameOffset">For <see cref="Btf.Name"/>; 0: anonymous.</param>
/// <param name="Type">Type id.</param>
/// <param name="BitOffset">From the start of what holds it.</param>
/// <param name="BitSize">Of a bitfield; 0: no bitfield.</param>
public readonly record struct BtfMember(uint NameOffset, uint Type, int BitOffset, int BitSize);

/// <summary>
/// The types that a loaded BTF object describes. Whoever loaded it may mean harm: every type id, offset and string that comes out of it lies within it, and ids that the caller made up give
/// <see cref="BtfKind.Void"/>.
/// </summary>
public sealed unsafe class Btf : SafeHandle
{
    private const int MaxDepth = 32; // the kernel's MAX_RESOLVE_DEPTH
    private readonly BtfBytes _bytes;
    private readonly BtfSections _sections;
    private readonly uint _count; // with void
    private uint _pointerSize; // 0: not looked for

    private Btf(BtfBytes bytes, in BtfSections sections)
        : base(0, ownsHandle: true)
    {
        _bytes = bytes;
        _sections = sections;
        SetHandle((nint)NativeMemory.Alloc((nuint)MostTypes + 2, sizeof(int)));
        IsWhole = Index(out _count);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Whether all of its types are known here. If not, some are kinds that <see cref="BtfKind"/> does not name, or those behind one could not be found.</summary>
    public bool IsWhole { get; }

    /// <summary>How many type ids there are; 0 is void.</summary>
    internal uint Count => _count;

    private int MostTypes => Types.Length / BtfCursor.TypeSize;

    private ReadOnlySpan<byte> Types => _bytes.Span[_sections.Types];

    private ReadOnlySpan<byte> Strings => _bytes.Span[_sections.Strings];

    /// <summary>Where each type begins in the section, and then where the last one ends.</summary>
    private Span<int> Offsets => new((void*)handle, MostTypes + 2);

    /// <summary>Takes a copy of the kernel's BTF object with this id; null with the errno if there is none or it is not allowed, EINVAL for a module's, which builds on another.</summary>
    public static Btf? TryLoad(uint id, out int errno) => BtfBytes.TryLoad(id, out errno) is { } bytes ? TryParse(bytes, out errno) : null;

    /// <summary>Takes a copy of the running kernel's own BTF, which is an object with an id only since Linux 5.11; null with the errno if it has none.</summary>
    public static Btf? TryLoadKernel(out int errno)
    {
        try
        {
            return TryParse(BtfBytes.Read(KernelTypes.Path), out errno);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            errno = LibC.ENOENT;
            return null;
        }
    }

    /// <summary>Parses BTF as it stands in a .BTF section; null with the errno if it is none.</summary>
    public static Btf? TryParse(ReadOnlySpan<byte> data, out int errno)
    {
        BtfBytes bytes = new(data.Length);
        data.CopyTo(bytes.Span);
        return TryParse(bytes, out errno);
    }

    /// <summary>The same, of bytes that are then its own.</summary>
    internal static Btf? TryParse(BtfBytes bytes, out int errno)
    {
        errno = 0;
        if (BtfSections.TryFind(bytes.Span, out BtfSections sections) && bytes.Span[sections.Strings] is [0, .., 0] or [0])
        {
            return new Btf(bytes, sections);
        }
        bytes.Dispose();
        errno = LibC.EINVAL;
        return null;
    }

    /// <summary>The kind of a type; one that <see cref="BtfKind"/> does not name is a newer kernel's.</summary>
    public BtfKind Kind(uint type) => BtfInfoWord.Kind(Word(type, 1));

    /// <summary>Of members, enumerators or parameters: how many.</summary>
    public int Length(uint type) => BtfInfoWord.Length(Word(type, 1));

    /// <summary>The type's own name; empty: anonymous.</summary>
    public ReadOnlySpan<byte> TypeName(uint type) => Name(Word(type, 0));

    /// <summary>The size in bytes of an int, enum, struct, union, float or section.</summary>
    public int Size(uint type) => (int)Word(type, 2);

    /// <summary>What a pointer, typedef or qualifier refers to.</summary>
    public uint Referred(uint type) => Word(type, 2);

    /// <summary>The size in bytes of a type after typedefs, arrays multiplied out; negative if it has none.</summary>
    public long ResolveSize(uint type)
    {
        long count = 1;
        for (int depth = 0; depth < MaxDepth; depth++)
        {
            switch (Kind(type))
            {
                case BtfKind.Int or BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.Datasec or BtfKind.Float:
                    return Multiply(count, Word(type, 2));
                case BtfKind.Ptr:
                    return Multiply(count, _pointerSize != 0 ? _pointerSize : _pointerSize = PointerSize());
                case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.Var or BtfKind.DeclTag or BtfKind.TypeTag:
                    type = Referred(type);
                    break;
                case BtfKind.Array:
                    count = Multiply(count, Rest(type, 2));
                    if (count < 0) return -1;
                    type = Rest(type, 0);
                    break;
                default:
                    return -1;
            }
        }
        return -1;
    }

    /// <summary>A string of the string section.</summary>
    public ReadOnlySpan<byte> Name(uint offset) => RawBtf.NameIn(Strings, offset);

    /// <summary>At most <paramref name="most"/> bytes of one: it may have megabytes.</summary>
    public ReadOnlySpan<byte> NameStart(uint offset, int most)
    {
        ReadOnlySpan<byte> strings = Strings;
        return offset < strings.Length ? RawBtf.NameIn(strings[..(int)Math.Min(strings.Length, offset + (long)most)], offset) : default;
    }

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
        uint data = Rest(type, 0);
        uint encoding = (data >> 24) & 0xF;
        return ((encoding & 1) != 0, (encoding & 4) != 0, (encoding & 2) != 0, (int)((data >> 16) & 0xFF), (int)(data & 0xFF));
    }

    /// <summary>An array's element type and count.</summary>
    public (uint Element, int Count) Array(uint type) => (Rest(type, 0), (int)Rest(type, 2)); // struct btf_array: type, index_type, nelems

    /// <summary>Member <paramref name="index"/> of a struct or union; variable of a section (its name is the variable's).</summary>
    public BtfMember Member(uint type, int index)
    {
        (uint first, uint second, uint third) = (Rest(type, 3 * index), Rest(type, (3 * index) + 1), Rest(type, (3 * index) + 2));
        if (Kind(type) == BtfKind.Datasec) return new BtfMember(Word(first, 0), Referred(first), (int)second * 8, 0); // struct btf_var_secinfo: type, offset, size
        bool hasBitfields = Flag(type); // struct btf_member: name_off, type, offset
        return new BtfMember(first, second, (int)(hasBitfields ? third & 0xFFFFFF : third), hasBitfields ? (int)(third >> 24) : 0);
    }

    /// <summary>Parameter <paramref name="index"/> of a prototype; type 0: the rest are variable.</summary>
    public (uint NameOffset, uint Type) Parameter(uint type, int index) => (Rest(type, 2 * index), Rest(type, (2 * index) + 1)); // struct btf_param: name_off, type

    /// <summary>Enumerator <paramref name="index"/>: its name's offset and its value.</summary>
    public (uint NameOffset, long Value) Enumerator(uint type, int index)
    {
        if (Kind(type) == BtfKind.Enum) return (Rest(type, 2 * index), (int)Rest(type, (2 * index) + 1)); // struct btf_enum: name_off, val
        return (Rest(type, 3 * index), (long)(((ulong)Rest(type, (3 * index) + 2) << 32) | Rest(type, (3 * index) + 1))); // struct btf_enum64: name_off, val_lo32, val_hi32
    }

    /// <summary>Whether an enum's values are signed.</summary>
    public bool IsSignedEnum(uint type) => Flag(type);

    /// <summary>Whether a forward declaration is of a union; else of a struct.</summary>
    public bool IsUnionFwd(uint type) => Flag(type);

    /// <summary>Whether all types and strings that its types refer to are in it: what the kernel checks, and libbpf does not before 1.4.</summary>
    internal bool IsComplete()
    {
        for (uint type = 1; type < _count; type++)
        {
            int length = Length(type);
            bool isComplete = HasString(Word(type, 0)) && Kind(type) switch
            {
                BtfKind.Ptr or BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.Func or BtfKind.Var or BtfKind.DeclTag or BtfKind.TypeTag => HasType(Referred(type)),
                BtfKind.Array => HasType(Rest(type, 0)) && HasType(Rest(type, 1)),
                BtfKind.Struct or BtfKind.Union => HasAll(type, length, 3, 0, 1),
                BtfKind.Enum => HasAll(type, length, 2, 0, -1),
                BtfKind.Enum64 => HasAll(type, length, 3, 0, -1),
                BtfKind.Datasec => HasAll(type, length, 3, -1, 0),
                BtfKind.FuncProto => HasType(Referred(type)) && HasAll(type, length, 2, 0, 1),
                _ => true,
            };
            if (!isComplete) return false;
        }
        return true;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _bytes.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Finds where each type begins, so that an id leads to it; false: not all are known.</summary>
    private bool Index(out uint count)
    {
        bool isWhole = true;
        Span<int> offsets = Offsets;
        BtfCursor at = new(Types, _bytes.Span[_sections.Layout]);
        while (at.MoveNext())
        {
            offsets[(int)at.Id] = at.Offset;
            isWhole &= at.Kind <= BtfKind.Enum64;
        }
        count = at.Id + 1;
        offsets[(int)count] = at.Offset;
        return isWhole && at.IsAtEnd;
    }

    /// <summary>Of what follows a type, so many words each, the string and the type; negative: it has none.</summary>
    private bool HasAll(uint type, int length, int words, int name, int referred)
    {
        for (int i = 0; i < length * words; i += words)
        {
            if (name >= 0 && !HasString(Rest(type, i + name))) return false;
            if (referred >= 0 && !HasType(Rest(type, i + referred))) return false;
        }
        return true;
    }

    private bool HasString(uint offset) => offset < Strings.Length;

    private bool HasType(uint type) => type < _count;

    /// <summary>In bytes: as a long of 4 or 8 bytes, by whatever name compilers give it; 8 where there is none. BPF has 8, a 32-bit host's structures may be described too.</summary>
    private uint PointerSize()
    {
        for (uint type = 1; type < _count; type++)
        {
            if (Kind(type) == BtfKind.Int && Size(type) is 4 or 8 && IsLong(TypeName(type))) return (uint)Size(type);
        }
        return 8;
    }

    private static bool IsLong(ReadOnlySpan<byte> name)
    {
        int longs = 0;
        foreach (Range word in name.Split((byte)' '))
        {
            if (name[word].SequenceEqual("long"u8)) longs++;
            else if (!name[word].SequenceEqual("int"u8) && !name[word].SequenceEqual("unsigned"u8)) return false;
        }
        return longs == 1;
    }

    private bool Flag(uint type) => BtfInfoWord.Flag(Word(type, 1));

    private static long Multiply(long count, uint size) => count * size is var product && product <= uint.MaxValue ? product : -1; // both have 32 bits

    /// <summary>A word of <c>struct btf_type</c>: name_off, info, size or type. 0 of no type.</summary>
    private uint Word(uint type, int index) => type == 0 || type >= _count ? 0 : WordAt(Offsets[(int)type] + (index * sizeof(uint)));

    /// <summary>A word of what follows it; 0 where there is none.</summary>
    private uint Rest(uint type, int index)
    {
        if (type == 0 || type >= _count) return 0;
        Span<int> offsets = Offsets[(int)type..];
        long at = offsets[0] + BtfCursor.TypeSize + ((long)index * sizeof(uint));
        return index < 0 || at + sizeof(uint) > offsets[1] ? 0 : WordAt((int)at);
    }

    private uint WordAt(int at) => BinaryPrimitives.ReadUInt32LittleEndian(Types[at..]);
}
