using Fuse.Sample;

namespace Fuse.Tests;

public sealed class AllocationTests
{
    [Fact]
    public void Requests_allocate_nothing()
    {
        Wire wire = new(new SampleTree());
        Round(wire, 2000); // the pool, the handle table and the JIT's tiers
        Thread.Sleep(200);
        Round(wire, 2000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Round(wire, 10_000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    private static void Round(Wire wire, int times)
    {
        for (int i = 0; i < times; i++)
        {
            wire.Send(1, 1, "hello\0"u8);
            wire.Send(3, 10, new fuse_getattr_in());
            wire.Send(14, 10, new fuse_open_in());
            ulong handle = wire.Payload<fuse_open_out>().fh;
            wire.Send(15, 10, new fuse_read_in { fh = handle, size = 4096 });
            wire.Send(18, 10, new fuse_release_in { fh = handle });
            wire.Send(28, 1, new fuse_read_in { size = 4096 });
            wire.Send(44, 1, new fuse_read_in { size = 4096 });
            wire.Send(36, 0, new fuse_interrupt_in { unique = 99 });
        }
    }
}
