using System.Net;
using System.Text;
using BpfFs.Rendering;

namespace BpfFs.Tests.Net;

public sealed class IpTextTests
{
    [Theory] // RFC 5952, 4
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("1::")]
    [InlineData("2001:db8::1")]
    [InlineData("2001:db8:0:1:1:1:1:1")]
    [InlineData("2001:0:0:1::1")]
    [InlineData("2001:db8::1:0:0:1")]
    [InlineData("::ffff:192.0.2.1")]
    [InlineData("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")]
    [InlineData("0.0.0.0")]
    [InlineData("255.255.255.255")]
    public void Is_as_short_as_it_should(string text) => Assert.Equal(text, Format(IPAddress.Parse(text).GetAddressBytes()));

    [Fact]
    public void Reads_back_as_what_it_was()
    {
        var random = new Random(1);
        byte[] address = new byte[16];
        for (int i = 0; i < 20000; i++)
        {
            random.NextBytes(address);
            for (int group = 0; group < 8; group++)
            {
                if (random.Next(2) == 0) address.AsSpan(group * 2, 2).Clear();
            }
            Assert.Equal(new IPAddress(address), IPAddress.Parse(Format(address)));
            Assert.Equal(new IPAddress(address.AsSpan(0, 4)), IPAddress.Parse(Format(address.AsSpan(0, 4))));
        }
    }

    private static string Format(ReadOnlySpan<byte> address)
    {
        Span<byte> text = stackalloc byte[IpText.Longest];
        return Encoding.ASCII.GetString(text[..IpText.Format(address, text)]);
    }
}
