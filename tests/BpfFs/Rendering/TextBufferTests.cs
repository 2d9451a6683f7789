using System.Buffers;
using System.Text;
using BpfFs.Rendering;

namespace BpfFs.Tests.Rendering;

public sealed class TextBufferTests : IDisposable
{
    private readonly Text.Holder _holder = new();

    private TextBuffer Buffer => _holder.Buffer;

    public void Dispose() => _holder.Dispose();

    [Fact]
    public void It_holds_what_was_appended_however_it_grew()
    {
        Random random = new(4);
        var expected = new List<byte>();
        for (int round = 0; round < 500; round++)
        {
            byte[] piece = new byte[random.Next(random.Next(10) == 0 ? 100_000 : 100)];
            random.NextBytes(piece);
            switch (random.Next(4))
            {
                case 0:
                    Buffer.Append(piece);
                    break;
                case 1:
                    piece.CopyTo(Buffer.Room(piece.Length));
                    Buffer.Advance(piece.Length);
                    break;
                case 2:
                    var writer = (IBufferWriter<byte>)Buffer;
                    piece.CopyTo(random.Next(2) == 0 ? writer.GetSpan(piece.Length) : writer.GetMemory(piece.Length).Span);
                    writer.Advance(piece.Length);
                    break;
                default:
                    foreach (byte b in piece) Buffer.Append(b);
                    break;
            }
            expected.AddRange(piece);
            if (random.Next(50) != 0) continue;
            expected.RemoveRange(expected.Count / 2, expected.Count - (expected.Count / 2));
            Buffer.Truncate(expected.Count);
        }
        Assert.Equal(expected.Count, Buffer.Length);
        Assert.True(Buffer.Written.SequenceEqual(expected.ToArray()));
    }

    [Fact]
    public void Large_memory_goes_back_and_small_memory_stays()
    {
        Buffer.Append(new byte[1000]);
        Buffer.Clear();
        Assert.True(Buffer.GetSpan().Length >= 1000);
        Buffer.Append(new byte[1_000_000]);
        Assert.True(Buffer.GetSpan().Length >= 1_000_000);
        Buffer.Clear();
        Assert.Equal(0, Buffer.GetSpan().Length);
        Buffer.Append("again"u8);
        Assert.Equal("again", Text.Of(Buffer));
    }

    [Theory]
    [InlineData(0UL, 0L)]
    [InlineData(ulong.MaxValue, long.MinValue)]
    [InlineData(1UL << 63, long.MaxValue)]
    [InlineData(10UL, -10L)]
    public void Numbers(ulong unsigned, long signed)
    {
        Buffer.Append(unsigned);
        Buffer.Append((byte)' ');
        Buffer.Append(signed);
        Buffer.Append((byte)' ');
        Buffer.AppendHex(unsigned);
        Assert.Equal($"{unsigned} {signed} {unsigned:x}", Text.Of(Buffer));
    }

    [Fact]
    public void Hex_with_and_without_separators()
    {
        Buffer.AppendHex([]);
        Buffer.AppendHex([], (byte)' ');
        Assert.Equal(0, Buffer.Length);
        Buffer.AppendHex([0x00, 0xff, 0x1a], (byte)' ');
        Buffer.Append((byte)'|');
        Buffer.AppendHex([0x00, 0xff, 0x1a]);
        Buffer.Append((byte)'|');
        Buffer.AppendHex([7], (byte)' ');
        Assert.Equal("00 ff 1a|00ff1a|07", Text.Of(Buffer));
    }

    [Fact]
    public void Hex_at_the_edge_of_the_memory()
    {
        for (int length = 4000; length < 4200; length++)
        {
            Buffer.Clear();
            Buffer.Append(new byte[length]);
            Buffer.AppendHex(new byte[50], (byte)' ');
            Assert.Equal(length + 149, Buffer.Length);
        }
    }

    [Fact]
    public void Columns()
    {
        Buffer.Append("line one\n"u8);
        int start = Buffer.Length;
        Buffer.Append("name"u8);
        Buffer.PadTo(start, 10);
        Buffer.AppendRight(42, 5);
        Buffer.PadTo(start, 3); // already beyond
        Buffer.AppendRight(123456, 3); // too narrow: the number stays whole
        Assert.Equal("line one\nname         42123456", Text.Of(Buffer));
    }

    [Fact]
    public void Columns_of_every_width()
    {
        Random random = new(5);
        for (int round = 0; round < 2000; round++)
        {
            ulong value = (ulong)random.NextInt64() >> random.Next(64);
            int width = random.Next(30);
            Buffer.Clear();
            Buffer.Append(new byte[random.Next(8192)]);
            int start = Buffer.Length;
            Buffer.AppendRight(value, width);
            Assert.Equal(value.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(width), Encoding.UTF8.GetString(Buffer.Written[start..]));
        }
    }

    [Fact]
    public void A_json_writer_goes_on_where_the_text_ends()
    {
        for (int round = 0; round < 3; round++)
        {
            Buffer.Append("before "u8);
            System.Text.Json.Utf8JsonWriter json = Buffer.StartJson();
            json.WriteStartArray();
            for (int i = 0; i < 10_000; i++) json.WriteNumberValue(i);
            json.WriteEndArray();
            json.Flush();
            Buffer.Append(" after"u8);
            Assert.Equal($"before [{string.Join(',', Enumerable.Range(0, 10_000))}] after", Text.Of(Buffer));
            Buffer.Clear();
        }
    }

    [Fact]
    public void More_than_2_GiB_is_refused()
    {
        Buffer.Append((byte)'x');
        Assert.Throws<InvalidOperationException>(() => { Buffer.Room(int.MaxValue); });
        Assert.Equal("x", Text.Of(Buffer));
    }
}
