using System.Runtime.InteropServices;

namespace Fuse.Tests;

public sealed class TurnsTests
{
    [Fact]
    public void A_user_has_his_share_and_the_rest_comes_in_order()
    {
        Turns turns = new(2);
        Assert.True(turns.TryBegin(1, Request(1)));
        Assert.True(turns.TryBegin(1, Request(2)));
        for (ulong unique = 3; unique < 6; unique++) Assert.False(turns.TryBegin(1, Request(unique)));
        Assert.True(turns.TryBegin(2, Request(10))); // another is not concerned
        Assert.Equal(3UL, UniqueOf(turns.End(1)));
        Assert.Equal(4UL, UniqueOf(turns.End(1)));
        Assert.Null(turns.End(2));
        Assert.Equal(5UL, UniqueOf(turns.End(1)));
        Assert.Null(turns.End(1));
        Assert.Null(turns.End(1));
        Assert.True(turns.TryBegin(1, Request(6)));
    }

    [Fact]
    public void What_is_taken_out_does_not_come()
    {
        Turns turns = new(1);
        Assert.True(turns.TryBegin(1, Request(1)));
        Assert.False(turns.TryBegin(1, Request(2)));
        Assert.False(turns.TryBegin(1, Request(3)));
        Assert.True(turns.TryCancel(2));
        Assert.False(turns.TryCancel(2));
        Assert.False(turns.TryCancel(1)); // it is being worked on
        Assert.Equal(3UL, UniqueOf(turns.End(1)));
        Assert.Null(turns.End(1));
    }

    private static byte[] Request(ulong unique)
    {
        fuse_in_header header = new() { unique = unique };
        return MemoryMarshal.AsBytes(new ReadOnlySpan<fuse_in_header>(in header)).ToArray();
    }

    private static ulong UniqueOf(byte[]? request) => MemoryMarshal.Read<fuse_in_header>(request).unique;
}
