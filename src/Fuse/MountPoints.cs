namespace Fuse;

/// <summary>What stands at a directory.</summary>
public enum MountPointState
{
    /// <summary>Nothing is mounted there.</summary>
    None,

    /// <summary>A mount of the subtype asked for, with a server behind it.</summary>
    Live,

    /// <summary>A mount of the subtype asked for, whose server is gone: every access fails with ENOTCONN.</summary>
    Dead,

    /// <summary>Another file system.</summary>
    OtherFileSystem,
}

/// <summary>Finds mounts by /proc/self/mountinfo, without touching those of others.</summary>
public static class MountPoints
{
    /// <summary>What stands at <paramref name="path"/>; a FUSE mount counts as ours when its type is <c>fuse.SUBTYPE</c>.</summary>
    public static MountPointState StateOf(string path, string subtype) => throw new NotImplementedException();

    /// <summary>Where <c>fuse.SUBTYPE</c> is mounted, in mount order.</summary>
    public static IReadOnlyList<string> Find(string subtype) => throw new NotImplementedException();

    /// <summary>Detaches a dead mount. The caller has seen that it is dead.</summary>
    /// <exception cref="FuseException">umount2(2) refused.</exception>
    public static void DetachDead(string path) => throw new NotImplementedException();
}
