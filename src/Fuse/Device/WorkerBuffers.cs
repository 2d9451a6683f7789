using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// The memory of one worker, outside the garbage collector's reach and only touched as far as requests need: room for a request, and for a
/// reply whose header lies directly before a page-aligned payload, so that one write(2) sends both.
/// </summary>
internal sealed unsafe class WorkerBuffers : IDisposable
{
    private const int Page = 4096;

    // FUSE_MIN_READ_BUFFER would do, but into more room the kernel also puts a SETXATTR (64 KiB) that is to be refused with EROFS, not
    // E2BIG.
    private const int RequestSize = 32 * Page;
    private const int ReplySize = Page + ControlHandlers.MaxRead;
    private byte* _start;

    internal WorkerBuffers()
    {
        void* start = mmap(null, RequestSize + ReplySize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        _start = start != MAP_FAILED ? (byte*)start : throw new FuseException("mmap", "worker buffers", errno);
        // A process that is being killed gets no new page (get_user_pages), and the kernel then fails the request it was copying with EIO: so the pages
        // that requests of the usual size need are there from the start.
        for (int page = 0; page < 2; page++) _start[page * Page] = 0;
    }

    internal Span<byte> Request => new(_start, RequestSize);

    internal Span<byte> Payload => new(_start + RequestSize + Page, ControlHandlers.MaxRead);

    /// <summary>Header and as much of the payload as the answer has.</summary>
    internal Span<byte> Reply(int length) =>
        new(_start + RequestSize + Page - sizeof(fuse_out_header), sizeof(fuse_out_header) + length);

    public void Dispose()
    {
        if (_start != null) munmap(_start, RequestSize + ReplySize);
        _start = null;
    }
}
