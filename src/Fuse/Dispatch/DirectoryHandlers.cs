namespace Fuse;

/// <summary>Requests about open directories.</summary>
internal static class DirectoryHandlers
{
    internal static int OpenDir(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_open_out open = default;
        int errno = dispatcher.FileSystem.OpenDir(call.Request, call.Node, (int)call.In<fuse_open_in>().flags, ref open);
        if (errno == 0) call.Out(open);
        return errno;
    }

    internal static int ReadDir(FuseDispatcher dispatcher, ref Call call) => List(dispatcher, ref call, isPlus: false);

    internal static int ReadDirPlus(FuseDispatcher dispatcher, ref Call call) => List(dispatcher, ref call, isPlus: true);

    internal static int ReleaseDir(FuseDispatcher dispatcher, ref Call call)
    {
        dispatcher.FileSystem.ReleaseDir(call.Node, call.In<fuse_release_in>().fh);
        return 0;
    }

    private static int List(FuseDispatcher dispatcher, ref Call call, bool isPlus)
    {
        fuse_read_in body = call.In<fuse_read_in>();
        DirectoryWriter writer = new(call.Room(body.size), isPlus);
        int errno = dispatcher.FileSystem.ReadDir(call.Request, call.Node, body.fh, (long)body.offset, ref writer);
        if (errno == 0) call.Length = writer.Length;
        return errno;
    }
}
