using System.Runtime.InteropServices;
using static Fuse.FuseProtocol;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>Requests about the connection itself.</summary>
internal static class ControlHandlers
{
    internal const uint MaxWrite = 4096; // the least the kernel takes; nothing is ever written
    internal const int MaxRead = 1 << 20; // 256 pages of 4 KiB: FUSE_MAX_MAX_PAGES, since Linux 6.13 the default of fs.fuse.max_pages_limit
    private const uint OldestMinor = 31; // Linux 5.4

    // FUSE_AUTO_INVAL_DATA rather than FUSE_EXPLICIT_INVAL_DATA: contents and sizes change without anybody writing through the mount.
    // AUTO drops a file's cached pages when a new size or mtime is seen, and asks for the size before a cached read once the attribute
    // timeout is over; EXPLICIT would keep old pages under a new size, a mixture that never was (fuse_change_attributes, fs/fuse/inode.c).
    private const uint Wanted =
        FUSE_ASYNC_READ | FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES;

    internal static int Init(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_init_in offer = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<fuse_init_in>(ref offer));
        call.Body[..Math.Min(call.Body.Length, bytes.Length)].CopyTo(bytes); // shorter before 7.36: the rest stays 0

        fuse_init_out answer = new() { major = FUSE_KERNEL_VERSION, minor = FUSE_KERNEL_MINOR_VERSION };
        if (offer.major > FUSE_KERNEL_VERSION)
        {
            call.Out(answer); // the kernel then begins anew with our major
            return 0;
        }
        if (offer.major < FUSE_KERNEL_VERSION || offer.minor < OldestMinor)
        {
            Log.ProtocolTooOld(dispatcher.Logger, offer.major, offer.minor, OldestMinor);
            return EPROTO;
        }

        uint wanted = Wanted | (dispatcher.CacheSymlinks ? FUSE_CACHE_SYMLINKS : 0);
        answer.minor = Math.Min(offer.minor, FUSE_KERNEL_MINOR_VERSION);
        answer.max_readahead = offer.max_readahead;
        answer.flags = offer.flags & wanted;
        if (dispatcher.TakesRings(offer))
        {
            answer.flags |= FUSE_INIT_EXT; // flags2 counts
            answer.flags2 = (uint)(FUSE_OVER_IO_URING >> 32);
        }
        answer.max_write = MaxWrite;
        answer.max_pages = (ushort)(MaxRead / Environment.SystemPageSize); // what a buffer holds, on pages of 64 KiB too
        answer.time_gran = 1;
        call.Out(answer);
        dispatcher.Agreed(offer, answer);
        return 0;
    }

    /// <summary>
    /// Marks the request that the INTERRUPT names; that request's own answer is then all the kernel wants. When no worker has it, it is
    /// either answered already or read but not yet begun: EAGAIN makes the kernel ask again if it still waits. Not so over io_uring, where
    /// fuse_dev_do_write looks for the request among those that came through /dev/fuse: there it is remembered.
    /// </summary>
    internal static int Interrupt(FuseDispatcher dispatcher, ref Call call)
    {
        ulong unique = call.In<fuse_interrupt_in>().unique;
        if (dispatcher.TryInterrupt(unique) || dispatcher.CancelWaiting?.Invoke(unique) == true) return 0;
        if (!dispatcher.Connection.IsOverIoUring) return EAGAIN;
        dispatcher.RememberInterrupt(unique);
        return 0;
    }

    internal static int Destroy(FuseDispatcher dispatcher, ref Call call)
    {
        dispatcher.Destroy();
        return 0;
    }
}
