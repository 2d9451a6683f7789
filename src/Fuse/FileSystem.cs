using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// What a file system answers. Every method that returns a number returns 0 or a positive errno. Node ids are the file system's own 64-bit
/// numbers (the root is <see cref="FuseProtocol.FUSE_ROOT_ID"/>), so it may be stateless. Methods run on several threads at once. An
/// exception is logged and becomes EIO. The tree is read-only: modifying requests, and opening for writing, are answered EROFS before they
/// get here.
/// </summary>
public abstract class FileSystem
{
    /// <summary>
    /// The connection to the kernel: negotiated limits and notifications. Set before the first request; without a mount notifications go
    /// nowhere.
    /// </summary>
    public FuseConnection? Connection { get; internal set; }

    /// <summary>
    /// Finds <paramref name="name"/> (without a terminating NUL) in a directory. Fill in <paramref name="entry"/> entirely; a
    /// <c>nodeid</c> of 0 with a timeout and result 0 is a negative entry the kernel may remember. Each success adds one to the kernel's
    /// count of the node.
    /// </summary>
    public virtual int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry) => ENOENT;

    /// <summary>The kernel drops <paramref name="count"/> of its lookups of a node.</summary>
    public virtual void Forget(ulong node, ulong count) { }

    /// <summary>
    /// Attributes of a node; <paramref name="handle"/> is given when an open file asks, and may then have a size of its own.
    /// </summary>
    public virtual int GetAttr(in Request request, ulong node, ulong? handle, ref fuse_attr_out attr) => ENOSYS;

    /// <summary>
    /// The same for statx(2) (Linux 6.6), which may want a birth time. What is not overridden gives what <see cref="GetAttr"/> does; whoever knows
    /// the birth adds it, and <see cref="FuseProtocol.STATX_BTIME"/> to the mask.
    /// </summary>
    public virtual int StatX(in Request request, ulong node, ulong? handle, ref fuse_statx_out statx)
    {
        fuse_attr_out attr = default;
        int errno = GetAttr(request, node, handle, ref attr);
        if (errno != 0) return errno;
        ref readonly fuse_attr from = ref attr.attr;
        ref fuse_statx to = ref statx.stat;
        statx.attr_valid = attr.attr_valid;
        statx.attr_valid_nsec = attr.attr_valid_nsec;
        to.mask = FuseProtocol.STATX_BASIC_STATS;
        to.blksize = from.blksize;
        to.nlink = from.nlink;
        to.uid = from.uid;
        to.gid = from.gid;
        to.mode = (ushort)from.mode;
        to.ino = from.ino;
        to.size = from.size;
        to.blocks = from.blocks;
        to.atime = new fuse_sx_time { tv_sec = (long)from.atime, tv_nsec = from.atimensec };
        to.ctime = new fuse_sx_time { tv_sec = (long)from.ctime, tv_nsec = from.ctimensec };
        to.mtime = new fuse_sx_time { tv_sec = (long)from.mtime, tv_nsec = from.mtimensec };
        return 0;
    }

    /// <summary>The target of a symbolic link, at most 4095 bytes, no terminating NUL.</summary>
    public virtual int ReadLink(in Request request, ulong node, Span<byte> target, out int length)
    {
        length = 0;
        return EINVAL;
    }

    /// <summary>
    /// Opens a file. <paramref name="flags"/> are those of open(2); the access mode is always O_RDONLY. ENOSYS tells the kernel not to ask
    /// again, for any file, and to use handle 0.
    /// </summary>
    public virtual int Open(in Request request, ulong node, int flags, ref fuse_open_out open) => 0;

    /// <summary>
    /// Reads at an offset; fewer bytes than the buffer holds mean end of file (unless the file was opened with direct I/O).
    /// </summary>
    public virtual int Read(in Request request, ulong node, ulong handle, long offset, Span<byte> buffer, out int length)
    {
        length = 0;
        return ENOSYS;
    }

    /// <summary>One file descriptor was closed. ENOSYS, the default, tells the kernel not to ask again.</summary>
    public virtual int Flush(in Request request, ulong node, ulong handle) => ENOSYS;

    /// <summary>The last reference to an open file is gone. Comes exactly once for each successful open.</summary>
    public virtual void Release(ulong node, ulong handle) { }

    /// <summary>Opens a directory. ENOSYS tells the kernel not to ask again and to use handle 0.</summary>
    public virtual int OpenDir(in Request request, ulong node, int flags, ref fuse_open_out open) => 0;

    /// <summary>
    /// Lists a directory from <paramref name="offset"/>: 0 or the <c>nextOffset</c> of the entry seen last. Add entries until the writer
    /// is full; adding none means the end. Include "." and "..".
    /// </summary>
    public virtual int ReadDir(in Request request, ulong node, ulong handle, long offset, ref DirectoryWriter writer) => ENOTDIR;

    /// <summary>The last reference to an open directory is gone.</summary>
    public virtual void ReleaseDir(ulong node, ulong handle) { }

    /// <summary>What statfs(2) shows. Comes with a name length of 255 and blocks of 4096 bytes filled in.</summary>
    public virtual int StatFs(in Request request, ulong node, ref fuse_kstatfs statfs) => 0;

    /// <summary>
    /// access(2); never asked with <see cref="FuseMountOptions.DefaultPermissions"/>. ENOSYS, the default, stops the asking.
    /// </summary>
    public virtual int Access(in Request request, ulong node, int mask) => ENOSYS;

    /// <summary>SEEK_DATA and SEEK_HOLE. With ENOSYS, the default, the kernel treats the file as one piece of data.</summary>
    public virtual int LSeek(in Request request, ulong node, ulong handle, long offset, int whence, out long result)
    {
        result = 0;
        return ENOSYS;
    }

    /// <summary>The mount is gone and no request will follow. Called once.</summary>
    public virtual void Destroy() { }
}
