using System.Buffers.Binary;

namespace Iterators;

/// <summary>
/// Where the sections of a BTF lie in its bytes: <c>struct btf_header</c>, <c>&lt;linux/btf.h&gt;</c> of Linux 7.2. All of them lie within the bytes, in any order, as the kernel allows
/// (btf_check_sec_info, kernel/bpf/btf.c).
/// </summary>
internal readonly record struct BtfSections(Range Types, Range Strings, Range Layout)
{
    public const ushort Magic = 0xeB9F;
    public const byte Version = 1;
    public const int HeaderSize = 24; // up to str_len; since 7.2 layout_off and layout_len follow
    private const int LayoutHeaderSize = 32;

    /// <summary>False: it is no BTF of this version and this machine's byte order, or says of itself what is not so.</summary>
    public static bool TryFind(ReadOnlySpan<byte> btf, out BtfSections sections)
    {
        sections = default;
        if (btf.Length < HeaderSize || BinaryPrimitives.ReadUInt16LittleEndian(btf) != Magic || btf[2] != Version) return false;
        uint header = Word(btf, 4);
        if (header < HeaderSize || header > btf.Length) return false;
        Range layout = default;
        if (!TryFind(btf, header, 8, out Range types) || !TryFind(btf, header, 16, out Range strings)) return false;
        if (header >= LayoutHeaderSize && !TryFind(btf, header, 24, out layout)) return false;
        sections = new BtfSections(types, strings, layout);
        return Word(btf, 8) % sizeof(uint) == 0;
    }

    private static bool TryFind(ReadOnlySpan<byte> btf, uint header, int at, out Range section)
    {
        (long start, long length) = ((long)header + Word(btf, at), Word(btf, at + sizeof(uint)));
        bool isWithin = start + length <= btf.Length;
        section = isWithin ? new Range((int)start, (int)(start + length)) : default;
        return isWithin;
    }

    private static uint Word(ReadOnlySpan<byte> btf, int at) => BinaryPrimitives.ReadUInt32LittleEndian(btf[at..]);
}
