using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace Fuse.Tests;

public sealed class InitTests
{
    private const uint Init = 26;
    private readonly Wire _wire = new();

    [Theory]
    [InlineData(31u, 31)] // Linux 5.4
    [InlineData(38u, 38)] // 6.2
    [InlineData(41u, 41)] // 6.12
    [InlineData(45u, 42)] // 6.18: newer than what we know
    public void The_smaller_minor_wins(uint kernel, int agreed)
    {
        fuse_init_in offer = new() { major = 7, minor = kernel, flags = uint.MaxValue, max_readahead = 131072 };
        int errno = _wire.Errno(_wire.Send(Init, 0, offer));
        fuse_init_out answer = _wire.Payload<fuse_init_out>();
        Assert.Equal(0, errno);
        Assert.Equal((uint)agreed, answer.minor);
        Assert.Equal(1 << 20, answer.max_pages * Environment.SystemPageSize);
        Assert.Equal(131072u, answer.max_readahead);
        Assert.Equal(agreed, _wire.Dispatcher.Connection.ProtocolMinor);
        Assert.Equal(1 << 20, _wire.Dispatcher.Connection.MaxRead);
    }

    [Fact]
    public void Nothing_is_taken_that_was_not_offered()
    {
        Assert.Equal(0, _wire.Errno(_wire.Send(Init, 0, new fuse_init_in { major = 7, minor = 41, flags = 1 })));
        Assert.Equal(1u, _wire.Payload<fuse_init_out>().flags);
        Assert.Equal(32 * 4096, _wire.Dispatcher.Connection.MaxRead);
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, false)] // taken only if there are rings
    [InlineData(false, true, false)] // and only if it was offered
    public void Io_uring_is_taken_where_it_is_offered_and_can_be_had(bool isOffered, bool canBeHad, bool isTaken)
    {
        int asked = 0;
        _wire.Dispatcher.PrepareRings = () =>
        {
            asked++;
            return canBeHad;
        };
        fuse_init_in offer = new() { major = 7, minor = 42, flags = uint.MaxValue, flags2 = uint.MaxValue };
        if (!isOffered) offer.flags2 &= ~(1u << 9);
        Assert.Equal(0, _wire.Errno(_wire.Send(Init, 0, offer)));
        fuse_init_out answer = _wire.Payload<fuse_init_out>();
        Assert.Equal(isTaken ? 1u << 9 : 0, answer.flags2); // nothing else of flags2
        Assert.Equal(isTaken, (answer.flags & (1u << 30)) != 0); // FUSE_INIT_EXT: it counts
        Assert.Equal(isOffered, asked == 1);
        Assert.Equal(isTaken, _wire.Dispatcher.Connection.IsOverIoUring);
    }

    [Fact]
    public void The_short_body_of_old_kernels_will_do()
    {
        ReadOnlySpan<uint> body = [7, 35, 131072, 0];
        Assert.Equal(0, _wire.Errno(_wire.Send(Init, 0, MemoryMarshal.AsBytes(body))));
    }

    [Fact]
    public void A_greater_major_is_asked_to_begin_anew()
    {
        Assert.Equal(0, _wire.Errno(_wire.Send(Init, 0, new fuse_init_in { major = 8, minor = 1 })));
        Assert.Equal(7u, _wire.Payload<fuse_init_out>().major);
        Assert.False(_wire.Dispatcher.IsInitialized);
    }

    [Theory]
    [InlineData(6u, 50u)]
    [InlineData(7u, 30u)]
    public void Too_old_is_EPROTO(uint major, uint minor)
    {
        Assert.Equal(EPROTO, _wire.Errno(_wire.Send(Init, 0, new fuse_init_in { major = major, minor = minor })));
        Assert.False(_wire.Dispatcher.IsInitialized);
    }
}
