using System.Buffers.Binary;
using System.Text;

namespace Relocations.Tests;

/// <summary>A section of an ELF file; of relocations, Info is the section that they are of.</summary>
internal sealed record ElfSection(string Name, uint Type, int Info, byte[] Bytes);

/// <summary>A symbol: its value is bytes from the start of the section with that number.</summary>
internal sealed record ElfSymbol(string Name, int Section, int Value, int Size, bool IsFunction, bool IsGlobal);

/// <summary>Sections, symbols and relocations of an object file as clang writes it for BPF: ELF64, little-endian. Not checked: it is ours.</summary>
internal sealed class ElfObject
{
    private const uint SHT_SYMTAB = 2;
    private const uint SHT_REL = 9;
    private const int STT_FUNC = 2;

    public ElfObject(byte[] file)
    {
        int headers = (int)Long(file, 0x28), size = Short(file, 0x3A), count = Short(file, 0x3C), names = Short(file, 0x3E);
        int namesAt = (int)Long(file, headers + (names * size) + 0x18);
        for (int i = 0; i < count; i++)
        {
            int at = headers + (i * size);
            (int offset, int length) = ((int)Long(file, at + 0x18), (int)Long(file, at + 0x20));
            uint type = Int(file, at + 4);
            Sections.Add(new(Text(file, namesAt + (int)Int(file, at)), type, (int)Int(file, at + 0x2C), type == 8 /* SHT_NOBITS */ ? [] : file[offset..(offset + length)]));
            if (type == SHT_SYMTAB) Symbols = ReadSymbols(file, offset, length, headers + ((int)Int(file, at + 0x28) * size));
        }
    }

    public List<ElfSection> Sections { get; } = [];

    public IReadOnlyList<ElfSymbol> Symbols { get; } = [];

    /// <summary>What stands in a section by where in it.</summary>
    public Dictionary<int, ElfSymbol> RelocationsOf(int section)
    {
        Dictionary<int, ElfSymbol> relocations = [];
        foreach (byte[] bytes in Sections.Where(s => s.Type == SHT_REL && s.Info == section).Select(s => s.Bytes))
        {
            for (int at = 0; at < bytes.Length; at += 16) relocations[(int)Long(bytes, at)] = Symbols[(int)Int(bytes, at + 12)];
        }
        return relocations;
    }

    private static List<ElfSymbol> ReadSymbols(byte[] file, int offset, int length, int namesHeader)
    {
        int names = (int)Long(file, namesHeader + 0x18);
        List<ElfSymbol> symbols = [];
        for (int at = offset; at < offset + length; at += 24)
            symbols.Add(new(Text(file, names + (int)Int(file, at)), Short(file, at + 6), (int)Long(file, at + 8), (int)Long(file, at + 16), (file[at + 4] & 15) == STT_FUNC, file[at + 4] >> 4 != 0));
        return symbols;
    }

    private static ushort Short(byte[] file, int at) => BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(at));

    private static uint Int(byte[] file, int at) => BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at));

    private static long Long(byte[] file, int at) => BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at));

    private static string Text(byte[] file, int at) => Encoding.ASCII.GetString(file, at, file.AsSpan(at).IndexOf((byte)0));
}
