using System.Buffers.Binary;
using System.Buffers.Text;

namespace BpfFs.Rendering;

/// <summary>IP addresses as text, IPv6 by RFC 5952. Nothing is allocated.</summary>
internal static class IpText
{
    /// <summary>The longest: eight groups of four digits.</summary>
    public const int Longest = 39;

    /// <summary>Writes 4 or 16 bytes in network order; the number of characters.</summary>
    public static int Format(ReadOnlySpan<byte> address, Span<byte> to) => address.Length == 4 ? Format4(address, to) : Format6(address, to);

    private static int Format4(ReadOnlySpan<byte> address, Span<byte> to)
    {
        int at = 0;
        for (int i = 0; i < 4; i++)
        {
            if (i > 0) to[at++] = (byte)'.';
            Utf8Formatter.TryFormat(address[i], to[at..], out int written);
            at += written;
        }
        return at;
    }

    private static int Format6(ReadOnlySpan<byte> address, Span<byte> to)
    {
        if (address[..10].IndexOfAnyExcept((byte)0) < 0 && address[10] == 0xFF && address[11] == 0xFF)
        {
            "::ffff:"u8.CopyTo(to);
            return 7 + Format4(address[12..], to[7..]);
        }
        (int gap, int gapEnd) = LongestZeros(address);
        int at = 0;
        for (int i = 0; i < 8; i++)
        {
            if (i == gap)
            {
                to[at++] = (byte)':';
                to[at++] = (byte)':';
                i = gapEnd - 1;
                continue;
            }
            if (i > 0 && i != gapEnd) to[at++] = (byte)':';
            Utf8Formatter.TryFormat(Group(address, i), to[at..], out int written, 'x');
            at += written;
        }
        return at;
    }

    /// <summary>The first of the longest runs of two or more zero groups; (-1, -1): there is none.</summary>
    private static (int Start, int End) LongestZeros(ReadOnlySpan<byte> address)
    {
        (int Start, int End) best = (-1, -1);
        for (int i = 0; i < 8; i++)
        {
            int end = i;
            while (end < 8 && Group(address, end) == 0) end++;
            if (end - i > 1 && end - i > best.End - best.Start) best = (i, end);
            if (end > i) i = end;
        }
        return best;
    }

    private static ushort Group(ReadOnlySpan<byte> address, int index) => BinaryPrimitives.ReadUInt16BigEndian(address[(index * 2)..]);
}
