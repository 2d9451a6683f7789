using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>Requests about open files.</summary>
internal static class FileHandlers
{
    internal static int Open(FuseDispatcher dispatcher, ref Call call)
    {
        int flags = (int)call.In<fuse_open_in>().flags;
        if ((flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0) return EROFS;
        fuse_open_out open = default;
        int errno = dispatcher.FileSystem.Open(call.Request, call.Node, flags, ref open);
        if (errno == 0) call.Out(open);
        return errno;
    }

    internal static int Read(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_read_in body = call.In<fuse_read_in>();
        if ((long)body.offset < 0) return EINVAL;
        Span<byte> room = call.Room(body.size);
        int errno = dispatcher.FileSystem.Read(call.Request, call.Node, body.fh, (long)body.offset, room, out int length);
        return call.Fill(errno, length, room.Length);
    }

    internal static int Flush(FuseDispatcher dispatcher, ref Call call) =>
        dispatcher.FileSystem.Flush(call.Request, call.Node, call.In<fuse_flush_in>().fh);

    internal static int Release(FuseDispatcher dispatcher, ref Call call)
    {
        dispatcher.FileSystem.Release(call.Node, call.In<fuse_release_in>().fh);
        return 0;
    }

    internal static int LSeek(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_lseek_in body = call.In<fuse_lseek_in>();
        int errno = dispatcher.FileSystem.LSeek(
            call.Request, call.Node, body.fh, (long)body.offset, (int)body.whence, out long result);
        if (errno == 0) call.Out(new fuse_lseek_out { offset = (ulong)result });
        return errno;
    }
}
