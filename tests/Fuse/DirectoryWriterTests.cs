using System.Buffers.Binary;

namespace Fuse.Tests;

public sealed class DirectoryWriterTests
{
    [Fact]
    public void Records_are_padded_to_eight_with_zeros()
    {
        byte[] buffer = new byte[64];
        Array.Fill(buffer, (byte)0xEE);
        DirectoryWriter writer = new(buffer, isPlus: false);
        Assert.True(writer.TryAdd("abc"u8, 7, 0x8124, 1));
        Assert.Equal(32, writer.Length);
        Assert.Equal(8u, BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(20))); // DT_REG
        Assert.Equal([(byte)'a', (byte)'b', (byte)'c', 0, 0, 0, 0, 0], buffer[24..32]);
    }

    [Fact]
    public void What_does_not_fit_leaves_no_trace()
    {
        byte[] buffer = new byte[40];
        DirectoryWriter writer = new(buffer, isPlus: false);
        Assert.True(writer.TryAdd("abc"u8, 7, 0x8124, 1));
        Assert.False(writer.TryAdd("abc"u8, 8, 0x8124, 2));
        Assert.Equal(32, writer.Length);
        Assert.All(buffer[32..], b => Assert.Equal(0, b));
    }

    [Fact]
    public void Plus_without_an_entry_has_node_0()
    {
        byte[] buffer = new byte[200];
        DirectoryWriter writer = new(buffer, isPlus: true);
        Assert.True(writer.TryAdd("."u8, 1, 0x4000, 1));
        Assert.Equal(160, writer.Length);
        Assert.Equal(0UL, BinaryPrimitives.ReadUInt64LittleEndian(buffer));
        Assert.False(writer.TryAdd(".."u8, 1, 0x4000, 2));
    }

    [Fact]
    public void A_name_the_kernel_would_refuse_is_refused_here()
    {
        Assert.Throws<ArgumentException>(() => new DirectoryWriter(new byte[64], false).TryAdd([], 1, 0, 1));
        Assert.Throws<ArgumentException>(() => new DirectoryWriter(new byte[4096], false).TryAdd(new byte[1025], 1, 0, 1));
    }
}
