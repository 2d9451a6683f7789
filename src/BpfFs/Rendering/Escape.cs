using System.Buffers;
using System.Text;

namespace BpfFs.Rendering;

/// <summary>
/// The one place where foreign text is made safe for plain text files: a control character, a backslash or a byte that is no valid UTF-8 becomes
/// \n, \t, \\ or \xNN, so that a name can neither break a line nor move a terminal's cursor. (JSON has its own rules, which
/// System.Text.Json keeps.)
/// </summary>
internal static class Escape
{
    private static readonly SearchValues<byte> s_plain = SearchValues.Create(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 _.-:/@,;+=()[]{}<>!?#$%&*'\"`^~|"u8);

    public static void AppendText(this TextBuffer to, ReadOnlySpan<byte> text)
    {
        while (!text.IsEmpty)
        {
            int plain = text.IndexOfAnyExcept(s_plain);
            if (plain != 0)
            {
                to.Append(plain < 0 ? text : text[..plain]);
                if (plain < 0) return;
                text = text[plain..];
            }
            OperationStatus status = Rune.DecodeFromUtf8(text, out Rune rune, out int length);
            if (status == OperationStatus.Done && rune.Value >= 0xA0) to.Append(text[..length]); // U+0080 to U+009F are control characters
            else foreach (byte b in text[..length]) AppendEscaped(to, b);
            text = text[length..];
        }
    }

    /// <summary>
    /// Within a quoted string of DOT (graphviz, "The DOT Language") or of Prometheus' text format: the text escaped as in all text, then its quotes and
    /// backslashes once more.
    /// </summary>
    public static void AppendQuoted(this TextBuffer to, ReadOnlySpan<byte> text)
    {
        int start = to.Length;
        to.AppendText(text);
        to.QuoteFrom(start);
    }

    /// <summary>The same for text from <paramref name="start"/> on, which is escaped already.</summary>
    public static void QuoteFrom(this TextBuffer to, int start)
    {
        int special = to.Written[start..].Count((byte)'"') + to.Written[start..].Count((byte)'\\');
        if (special == 0) return;
        int from = to.Length - 1;
        to.Room(special);
        to.Advance(special);
        Span<byte> bytes = to.WrittenSpan;
        for (int at = bytes.Length - 1; at > from; from--)
        {
            bytes[at--] = bytes[from];
            if (bytes[from] is (byte)'"' or (byte)'\\') bytes[at--] = (byte)'\\';
        }
    }

    private static void AppendEscaped(TextBuffer to, byte value)
    {
        switch (value)
        {
            case (byte)'\n': to.Append("\\n"u8); break;
            case (byte)'\t': to.Append("\\t"u8); break;
            case (byte)'\\': to.Append("\\\\"u8); break;
            default:
                to.Append("\\x"u8);
                to.AppendHex([value]);
                break;
        }
    }
}
