using BpfFs.Top;

namespace BpfFs.Tests.Top;

public sealed class ScreenTextTests
{
    [Theory]
    [InlineData("plain_name.1", "plain_name.1")]
    [InlineData("a\x1b[2Jb\n", "a\\u{1b}[2Jb\\u{a}")]
    [InlineData("\u009b31m", "\\u{9b}31m")]
    [InlineData("größe", "größe")]
    [InlineData("e\u0301", "e\\u{301}")] // takes no column
    [InlineData("\u202eabc", "\\u{202e}abc")] // turns the line
    [InlineData("字", "\\u{5b57}")] // takes two
    [InlineData("\U0001F600", "\\u{1f600}")]
    public void Text_can_do_nothing_to_a_terminal(string text, string expected) => Assert.Equal(expected, ScreenText.Safe(text));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(0.04, "0")]
    [InlineData(12.34, "12.3")]
    [InlineData(9999, "9999")]
    [InlineData(12_345, "12.3k")]
    [InlineData(123_456, "123k")]
    [InlineData(5_100_000, "5.1M")]
    [InlineData(1e30, "1000000000000E")]
    public void Counts(double value, string expected) => Assert.Equal(expected, ScreenText.Count(value));

    [Theory]
    [InlineData(0, "0")]
    [InlineData(1023, "1023")]
    [InlineData(4096, "4.0K")]
    [InlineData(270_336, "264K")]
    [InlineData(ulong.MaxValue, "16E")]
    public void Bytes(ulong value, string expected) => Assert.Equal(expected, ScreenText.Bytes(value));

    [Fact]
    public void Bars()
    {
        Assert.Equal("   ▁▄█ ", ScreenText.Sparkline([0.1, 4, 8, 0], 7, isUtf8: true));
        Assert.Equal("#. ", ScreenText.Sparkline([99, 8, 1, 0], 3, isUtf8: false)); // what is not shown does not count
        Assert.Equal("     ", ScreenText.Sparkline([], 5, isUtf8: true));
    }
}
