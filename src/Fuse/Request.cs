namespace Fuse;

/// <summary>Who asks, and whether the asker still waits. Lives as long as the call it is handed to.</summary>
public readonly ref struct Request
{
    private readonly Lane? _lane;

    /// <summary>The kernel's number of this request; it has the same one when it comes again.</summary>
    public ulong Unique { get; }

    /// <summary>
    /// An earlier server of this connection was given the request and died with it, however far it had come: what it kept of it where its
    /// successor finds it is to be used, not made twice.
    /// </summary>
    public bool IsResent { get; }

    /// <summary>The caller's file system user id, as the mount's user namespace sees it.</summary>
    public uint Uid { get; }

    /// <summary>The caller's file system group id.</summary>
    public uint Gid { get; }

    /// <summary>
    /// The caller's thread id in the mount's pid namespace; 0 when it is not visible there or the kernel itself asks (read-ahead).
    /// </summary>
    public uint Pid { get; }

    /// <summary>A request of one's own making, for calling a file system without a mount.</summary>
    public Request(ulong unique, uint uid, uint gid, uint pid)
    {
        Unique = unique & ~FuseProtocol.FUSE_UNIQUE_RESEND;
        IsResent = Unique != unique;
        Uid = uid;
        Gid = gid;
        Pid = pid;
    }

    internal Request(in fuse_in_header header, Lane lane)
        : this(header.unique, header.uid, header.gid, header.pid)
    {
        _lane = lane;
        (t_lane, t_pid) = (lane, header.pid);
    }

    [ThreadStatic]
    private static Lane? t_lane;

    [ThreadStatic]
    private static uint t_pid;

    /// <summary><see cref="IsInterrupted"/> of the request that this thread is answering, for what works long without having it at hand; false: there is none.</summary>
    public static bool IsCurrentInterrupted => t_lane is { } lane && (lane.IsInterrupted || lane.WasSignalled(t_pid));

    /// <summary>
    /// The caller was signalled (FUSE_INTERRUPT named this request, or it should have), or the mount is gone. A method that waits should look at this every
    /// few milliseconds and return EINTR: until it returns, not even SIGKILL ends the caller.
    /// </summary>
    public bool IsInterrupted => _lane is not null && (_lane.IsInterrupted || _lane.WasSignalled(Pid));
}
