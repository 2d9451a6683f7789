using System.Buffers.Binary;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Objects.Code;

/// <summary>
/// <c>jited</c> on arm64: the instructions as hexadecimal words, as nothing here disassembles them. The parts of them that make addresses are hidden: constants
/// put together 16 bits at a time, distances to what is outside the function, and literals.
/// </summary>
internal static class Arm64Text
{
    private const int WordSize = 4;

    /// <summary>0 or EINTR.</summary>
    public static int Append(MachineFunction function, ReadOnlySpan<bpf_line_info> lines, Btf? btf, TextBuffer to)
    {
        ReadOnlySpan<byte> code = function.Code;
        int nextLine = 0;
        for (int at = 0; at + WordSize <= code.Length; at += WordSize)
        {
            if (CodeBudget.Ends(to, out int errno)) return errno;
            while (nextLine < function.LineOffsets.Length && function.LineOffsets[nextLine] <= at)
            {
                if (function.FirstLine + nextLine < lines.Length) FunctionText.AppendLine(btf, lines[function.FirstLine + nextLine], to);
                nextLine++;
            }
            MachineText.AppendOffset(at, to);
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(code[at..]);
            if (IsLiteral(code, at, word)) to.Append("<kernel>"u8);
            else AppendWord(word, at, code.Length, to);
            to.Append((byte)'\n');
        }
        return 0;
    }

    private static void AppendWord(uint word, int at, int length, TextBuffer to)
    {
        uint hidden = HiddenBits(word, at, length);
        Span<byte> bytes = stackalloc byte[WordSize];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, word & ~hidden);
        to.AppendHex(bytes);
        if (hidden != 0) to.Append(" <hidden>"u8);
    }

    /// <summary>Arm ARM, C4.1: which bits of an instruction may be part of an address.</summary>
    private static uint HiddenBits(uint word, int at, int length)
    {
        if ((word & 0x1F80_0000) == 0x1280_0000 && (word & 0x0060_0000) != 0) return 0xFFFF << 5; // movn, movz, movk above the lowest 16 bits
        if ((word & 0x1F00_0000) == 0x1000_0000) return 0x60FF_FFE0; // adr, adrp
        if ((word & 0x7C00_0000) == 0x1400_0000) // b, bl: 26 bits, in words
        {
            int distance = (int)(word << 6) >> 4;
            return (uint)(at + distance) < (uint)length ? 0 : 0x03FF_FFFFu;
        }
        return 0;
    }

    /// <summary>Half of an address that stands between the instructions (the target of a long jump): no instruction begins with 0xffff.</summary>
    private static bool IsLiteral(ReadOnlySpan<byte> code, int at, uint word)
    {
        if (word >> 16 == 0xFFFF) return true;
        return at + (2 * WordSize) <= code.Length && BinaryPrimitives.ReadUInt32LittleEndian(code[(at + WordSize)..]) >> 16 == 0xFFFF;
    }
}
