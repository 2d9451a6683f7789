using System.Runtime.InteropServices;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>Requests about names and nodes.</summary>
internal static class NodeHandlers
{
    private const int SymlinkMax = 4095; // PAGE_SIZE - 1, the room fs/fuse/dir.c gives a READLINK

    internal static int Lookup(FuseDispatcher dispatcher, ref Call call)
    {
        int length = call.Body.IndexOf((byte)0);
        if (length <= 0) return EINVAL;
        fuse_entry_out entry = default;
        int errno = dispatcher.FileSystem.Lookup(call.Request, call.Node, call.Body[..length], ref entry);
        if (errno == 0) call.Out(entry);
        return errno;
    }

    internal static int Forget(FuseDispatcher dispatcher, ref Call call)
    {
        dispatcher.FileSystem.Forget(call.Node, call.In<fuse_forget_in>().nlookup);
        return 0;
    }

    internal static unsafe int BatchForget(FuseDispatcher dispatcher, ref Call call)
    {
        uint count = call.In<fuse_batch_forget_in>().count;
        ReadOnlySpan<byte> rest = call.Body[sizeof(fuse_batch_forget_in)..];
        for (; count > 0 && rest.Length >= sizeof(fuse_forget_one); count--)
        {
            fuse_forget_one one = MemoryMarshal.Read<fuse_forget_one>(rest);
            dispatcher.FileSystem.Forget(one.nodeid, one.nlookup);
            rest = rest[sizeof(fuse_forget_one)..];
        }
        return count == 0 ? 0 : EINVAL;
    }

    internal static int GetAttr(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_getattr_in body = call.In<fuse_getattr_in>();
        ulong? handle = (body.getattr_flags & FuseProtocol.FUSE_GETATTR_FH) != 0 ? body.fh : null;
        fuse_attr_out attr = default;
        int errno = dispatcher.FileSystem.GetAttr(call.Request, call.Node, handle, ref attr);
        if (errno == 0) call.Out(attr);
        return errno;
    }

    internal static int StatX(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_statx_in body = call.In<fuse_statx_in>();
        ulong? handle = (body.getattr_flags & FuseProtocol.FUSE_GETATTR_FH) != 0 ? body.fh : null;
        fuse_statx_out statx = default;
        int errno = dispatcher.FileSystem.StatX(call.Request, call.Node, handle, ref statx);
        if (errno == 0) call.Out(statx);
        return errno;
    }

    internal static int ReadLink(FuseDispatcher dispatcher, ref Call call)
    {
        Span<byte> room = call.Room(SymlinkMax);
        int errno = dispatcher.FileSystem.ReadLink(call.Request, call.Node, room, out int length);
        return call.Fill(errno, length, room.Length);
    }

    internal static int StatFs(FuseDispatcher dispatcher, ref Call call)
    {
        fuse_kstatfs statfs = new() { bsize = 4096, frsize = 4096, namelen = 255 };
        int errno = dispatcher.FileSystem.StatFs(call.Request, call.Node, ref statfs);
        if (errno == 0) call.Out(statfs);
        return errno;
    }

    internal static int Access(FuseDispatcher dispatcher, ref Call call) =>
        dispatcher.FileSystem.Access(call.Request, call.Node, (int)call.In<fuse_access_in>().mask);
}
