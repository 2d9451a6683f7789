using System.Buffers.Binary;
using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>What <see cref="BtfForLibBpf"/> could not take over as it is.</summary>
/// <param name="Id">The type's id.</param>
/// <param name="Kind">Its kind, unknown to libbpf; or one that is known, of which the members beyond <see cref="BtfForLibBpf.MostMembers"/> are left out.</param>
/// <param name="Length">How many members it has.</param>
internal readonly record struct BtfChange(uint Id, BtfKind Kind, int Length);

/// <summary>
/// BTF in the form that libbpf 1.1 parses: it knows kinds up to <see cref="BtfKind.Enum64"/>, takes bits 16 to 23 and 29 to 30 of a type's info for nothing, so that it would misread what Linux 7.2
/// made of them, and wants strings behind types. Ids and strings stay what they are. A type of an unknown kind is replaced by one that needs no other and is written as its name: a
/// float, or an empty struct if it has no name. Members beyond 65535 are left out.
/// </summary>
internal ref struct BtfForLibBpf
{
    public const int MostMembers = ushort.MaxValue;

    /// <summary>Stands before the name of a type tag that is written as an attribute of its own; nothing that passed <see cref="BtfStrings.Clean"/> has it.</summary>
    public const byte AttributeMark = 1;

    private const int MostMarks = 64 * 1024; // bytes: a compiler writes a handful of names
    private readonly ReadOnlySpan<byte> _btf, _base;
    private readonly bool _marksAttributes;
    private BtfSections _sections, _baseSections;
    private Dictionary<uint, uint>? _marks; // where behind the strings the marked name will stand, by the name's offset
    private List<BtfChange>? _changes;
    private long _types, _marksLength;
    private uint _id;

    /// <param name="btf">Of a .BTF section, or of the kernel.</param>
    /// <param name="baseBtf">What it builds on; empty: nothing. The form then has both.</param>
    /// <param name="marksAttributes">Whether a type tag whose kind_flag is set gets the mark instead, for <see cref="BtfDump"/>: libbpf takes no notice of the flag before 1.6.</param>
    public BtfForLibBpf(ReadOnlySpan<byte> btf, ReadOnlySpan<byte> baseBtf = default, bool marksAttributes = false)
    {
        _btf = btf;
        _base = baseBtf;
        _marksAttributes = marksAttributes;
    }

    /// <summary>False: the bytes will do as they are.</summary>
    public bool IsNeeded { get; private set; }

    /// <summary>The first id that is not one of the base's.</summary>
    public uint First { get; private set; } = 1;

    /// <summary>What could not be taken over, by id.</summary>
    public readonly ReadOnlySpan<BtfChange> Changes => CollectionsMarshal.AsSpan(_changes);

    /// <summary>Of the form, in bytes.</summary>
    public readonly int Size => (int)SizeAsLong;

    private readonly long SizeAsLong => BtfSections.HeaderSize + _types + StringsLength + _marksLength;

    private readonly int StringsLength => _base[_baseSections.Strings].Length + _btf[_sections.Strings].Length;

    /// <summary>One pass over the types; 0, EINVAL where it is no BTF, EOPNOTSUPP where it has a kind of which nobody knows how long it is.</summary>
    public int Plan()
    {
        int errno = _base.IsEmpty ? 0 : Plan(_base, out _baseSections);
        if (errno != 0) return errno;
        First = _id + 1;
        errno = Plan(_btf, out _sections);
        if (errno != 0) return errno;
        IsNeeded |= !_base.IsEmpty || _sections.Strings.Start.Value < _sections.Types.End.Value;
        return SizeAsLong <= int.MaxValue ? 0 : LibC.EFBIG;
    }

    /// <summary>Writes the form.</summary>
    /// <param name="to"><see cref="Size"/> bytes.</param>
    public readonly void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(to, BtfSections.Magic);
        to[2] = BtfSections.Version;
        to[3] = 0; // flags
        int strings = StringsLength + (int)_marksLength;
        Span<uint> header = MemoryMarshal.Cast<byte, uint>(to[sizeof(uint)..BtfSections.HeaderSize]); // hdr_len, type_off, type_len, str_off, str_len
        (header[0], header[1], header[2], header[3], header[4]) = (BtfSections.HeaderSize, 0, (uint)_types, (uint)_types, (uint)strings);
        to = to[BtfSections.HeaderSize..];
        to = to[WriteTypes(_base, _baseSections, to)..];
        to = to[WriteTypes(_btf, _sections, to)..];
        _base[_baseSections.Strings].CopyTo(to);
        _btf[_sections.Strings].CopyTo(to[_base[_baseSections.Strings].Length..]);
        foreach ((uint name, uint mark) in _marks ?? [])
        {
            Span<byte> room = to[(StringsLength + (int)mark)..];
            room[0] = AttributeMark;
            NameAt(name).CopyTo(room[1..]);
            room[1 + NameAt(name).Length] = 0;
        }
    }

    private int Plan(ReadOnlySpan<byte> btf, out BtfSections sections)
    {
        if (!BtfSections.TryFind(btf, out sections)) return LibC.EINVAL;
        BtfCursor at = CursorOf(btf, sections);
        while (at.MoveNext())
        {
            _id++;
            if (IsUnknown(at.Kind) || IsTooLong(at))
            {
                IsNeeded = true;
                if (at.Kind != BtfKind.Datasec) (_changes ??= []).Add(new BtfChange(_id, at.Kind, at.Length)); // C has no sections
            }
            if (_marksAttributes && at.Kind == BtfKind.TypeTag && at.Flag) Mark(at.NameOffset);
            _types += LengthOf(at);
        }
        return at.IsAtEnd ? 0 : LibC.EOPNOTSUPP;
    }

    /// <summary>What builds on another has that one's layout where it has none.</summary>
    private readonly BtfCursor CursorOf(ReadOnlySpan<byte> btf, in BtfSections sections)
    {
        ReadOnlySpan<byte> layout = btf[sections.Layout];
        return new(btf[sections.Types], layout.IsEmpty ? _base[_baseSections.Layout] : layout);
    }

    private void Mark(uint name)
    {
        int length = 1 + NameAt(name).Length + 1;
        if (_marksLength + length > MostMarks || !(_marks ??= []).TryAdd(name, (uint)_marksLength)) return;
        _marksLength += length;
        IsNeeded = true;
    }

    private readonly int WriteTypes(ReadOnlySpan<byte> btf, in BtfSections sections, Span<byte> to)
    {
        int written = 0;
        for (BtfCursor at = CursorOf(btf, sections); at.MoveNext();)
        {
            int length = LengthOf(at);
            Span<byte> type = to.Slice(written, length);
            written += length;
            at.Bytes[..length].CopyTo(type);
            Span<uint> words = MemoryMarshal.Cast<byte, uint>(type)[..3]; // struct btf_type
            if (IsUnknown(at.Kind)) (words[1], words[2]) = at.NameOffset == 0 ? (BtfInfoWord.Of(BtfKind.Struct, 0, false), 0u) : (BtfInfoWord.Of(BtfKind.Float, 0, false), 1u);
            else if (IsTooLong(at)) words[1] = BtfInfoWord.Of(at.Kind, MostMembers, at.Flag);
            else if (at.Kind == BtfKind.TypeTag && _marks is not null && at.Flag && _marks.TryGetValue(at.NameOffset, out uint mark)) (words[0], words[1]) = ((uint)StringsLength + mark, BtfInfoWord.Of(at.Kind, 0, false));
        }
        return written;
    }

    private static bool IsUnknown(BtfKind kind) => kind > BtfKind.Enum64;

    private static bool IsTooLong(in BtfCursor at) =>
        at.Length > MostMembers && at.Kind is BtfKind.Struct or BtfKind.Union or BtfKind.Enum or BtfKind.Enum64 or BtfKind.FuncProto or BtfKind.Datasec;

    private static int LengthOf(in BtfCursor at)
    {
        if (IsUnknown(at.Kind)) return BtfCursor.TypeSize;
        return IsTooLong(at) ? BtfCursor.TypeSize + (at.Tail.Length / at.Length * MostMembers) : at.Bytes.Length;
    }

    private readonly ReadOnlySpan<byte> NameAt(uint offset)
    {
        ReadOnlySpan<byte> first = _base[_baseSections.Strings];
        return offset < first.Length ? RawBtf.NameIn(first, offset) : RawBtf.NameIn(_btf[_sections.Strings], offset - (uint)first.Length);
    }
}
