using System.Buffers;
using System.Text;

namespace Iterators;

/// <summary>
/// The string section of BTF. The kernel checks the names of structs, functions and variables, but takes any bytes as those of ints and as tags; in C none of
/// them could be escaped.
/// </summary>
public static class BtfStrings
{
    private static readonly SearchValues<byte> s_plain = SearchValues.Create(
        [0, .. Enumerable.Range(' ', '~' - ' ' + 1).Select(c => (byte)c).Where(c => c is not ((byte)'"' or (byte)'\\'))]);

    /// <summary>Puts an underscore in the place of each byte that cannot stand in C: not printable, quotes and backslashes, no UTF-8.</summary>
    public static void Clean(Span<byte> strings)
    {
        int at;
        while ((at = Next(strings, out int length)) >= 0)
        {
            strings.Slice(at, length).Fill((byte)'_');
            strings = strings[(at + length)..];
        }
    }

    /// <summary>The same in the string section of a BTF, if it is one.</summary>
    internal static void CleanIn(Span<byte> btf)
    {
        if (BtfSections.TryFind(btf, out BtfSections sections)) Clean(btf[sections.Strings]);
    }

    /// <summary>The first place that is wrong, and how many bytes are; negative: none.</summary>
    private static int Next(ReadOnlySpan<byte> strings, out int length)
    {
        int passed = 0;
        while (true)
        {
            int odd = strings[passed..].IndexOfAnyExcept(s_plain);
            length = 0;
            if (odd < 0) return -1;
            passed += odd;
            OperationStatus status = Rune.DecodeFromUtf8(strings[passed..], out Rune rune, out length);
            if (status != OperationStatus.Done || rune.Value < 0xA0) return passed; // U+0080 to U+009F are control characters
            passed += length;
        }
    }
}
