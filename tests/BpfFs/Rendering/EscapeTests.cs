using System.Text;
using BpfFs.Rendering;

namespace BpfFs.Tests.Rendering;

public sealed class EscapeTests
{
    [Fact]
    public void Every_byte_alone()
    {
        var lines = new StringBuilder();
        for (int b = 0; b < 256; b++)
        {
            byte[] one = [(byte)b];
            byte[] text = Text.Bytes(to => to.AppendText(one));
            Text.AssertSafe(text);
            lines.Append($"{b:x2}\t{Encoding.UTF8.GetString(text)}\n");
        }
        Golden.Verify(lines.ToString(), "Escape.bytes");
    }

    [Theory]
    [InlineData("\x1b[2J\x1b]0;title\x07", @"\x1b[2J\x1b]0;title\x07")]
    [InlineData("a\nb\tc\r\\", @"a\nb\tc\x0d\\")]
    [InlineData("\x7f", @"\x7f")]
    [InlineData("\u0080\u0085\u009b31m\u009f", @"\xc2\x80\xc2\x85\xc2\x9b31m\xc2\x9f")]
    [InlineData("\u00a0\u00e9\u20ac\U0001f41d", "\u00a0\u00e9\u20ac\U0001f41d")]
    [InlineData("", "")]
    public void Text_of_any_kind(string foreign, string expected) => Assert.Equal(expected, Escaped(Encoding.UTF8.GetBytes(foreign)));

    [Theory]
    [InlineData("c080", @"\xc0\x80")] // NUL, overlong
    [InlineData("c0af", @"\xc0\xaf")] // '/', overlong
    [InlineData("e0809b", @"\xe0\x80\x9b")] // ESC, overlong
    [InlineData("f0808a8a", @"\xf0\x80\x8a\x8a")]
    [InlineData("eda080", @"\xed\xa0\x80")] // a surrogate
    [InlineData("edbfbf", @"\xed\xbf\xbf")]
    [InlineData("f4908080", @"\xf4\x90\x80\x80")] // beyond U+10FFFF
    [InlineData("f8888080", @"\xf8\x88\x80\x80")]
    [InlineData("e282", @"\xe2\x82")] // truncated at the end
    [InlineData("e28241", @"\xe2\x82A")] // and in the middle
    [InlineData("f09f90", @"\xf0\x9f\x90")]
    [InlineData("80", @"\x80")]
    [InlineData("ff", @"\xff")]
    public void What_is_no_utf8_is_hex(string bytes, string expected) => Assert.Equal(expected, Escaped(Convert.FromHexString(bytes)));

    [Fact]
    public void Different_texts_stay_different()
    {
        string[] alike = [@"\n", "\n", @"\x0a", @"\\n", "\\\n"];
        Assert.Equal(alike.Length, alike.Select(t => Escaped(Encoding.UTF8.GetBytes(t))).Distinct().Count());
    }

    [Fact]
    public void Random_bytes_come_out_safe_and_can_be_read_back()
    {
        Random random = new(1);
        for (int round = 0; round < 3000; round++)
        {
            byte[] foreign = Mixed(random, random.Next(300));
            byte[] text = Text.Bytes(to => to.AppendText(foreign));
            Text.AssertSafe(text);
            Assert.Equal(foreign, Unescaped(text));
        }
    }

    [Fact]
    public void Long_text()
    {
        byte[] foreign = Mixed(new Random(2), 3_000_000);
        byte[] text = Text.Bytes(to => to.AppendText(foreign));
        Text.AssertSafe(text);
        Assert.Equal(foreign, Unescaped(text));
    }

    [Fact]
    public void Json_text_of_any_bytes_is_a_string()
    {
        Random random = new(3);
        for (int round = 0; round < 1000; round++)
        {
            byte[] foreign = round < 256 ? [(byte)round] : Mixed(random, random.Next(300));
            byte[] text = Text.Bytes(to =>
            {
                System.Text.Json.Utf8JsonWriter json = to.StartJson();
                Json.WriteText(json, foreign);
                json.Flush();
            });
            Assert.Equal(Encoding.UTF8.GetString(foreign), Text.AssertJson(text).GetString());
        }
    }

    private static string Escaped(byte[] foreign)
    {
        byte[] text = Text.Bytes(to => to.AppendText(foreign));
        Text.AssertSafe(text);
        return Encoding.UTF8.GetString(text);
    }

    // plain letters, whole characters, controls and noise in turns
    private static byte[] Mixed(Random random, int length)
    {
        var bytes = new List<byte>(length + 4);
        while (bytes.Count < length)
        {
            switch (random.Next(5))
            {
                case 0: bytes.AddRange(Encoding.UTF8.GetBytes(new Rune(random.Next(0xA0, 0xD800)).ToString())); break;
                case 1: bytes.Add((byte)random.Next(256)); break;
                case 2: bytes.Add((byte)random.Next(32)); break;
                case 3: bytes.AddRange(Encoding.UTF8.GetBytes(new Rune(random.Next(0x10000, 0x110000)).ToString())); break;
                default: bytes.AddRange("plain \\ text"u8); break;
            }
        }
        return [.. bytes];
    }

    private static byte[] Unescaped(byte[] text)
    {
        var bytes = new List<byte>(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                bytes.Add(text[i]);
                continue;
            }
            switch ((char)text[++i])
            {
                case 'n': bytes.Add((byte)'\n'); break;
                case 't': bytes.Add((byte)'\t'); break;
                case '\\': bytes.Add((byte)'\\'); break;
                default:
                    bytes.Add(Convert.FromHexString(Encoding.ASCII.GetString(text, i + 1, 2))[0]);
                    i += 2;
                    break;
            }
        }
        return [.. bytes];
    }
}
