using static Tmds.Linux.LibC;

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

/// <summary>
/// Finds mounts by /proc/self/mountinfo, without touching those of others. Any user can mount what calls itself <c>fuse.SUBTYPE</c> (fusermount3(1)), but only as his own: so a mount is
/// ours when it is of the type and root's, or the caller's. The mounts of another user namespace are in another mount namespace, and those are never in ours.
/// </summary>
public static class MountPoints
{
    private static readonly TimeSpan s_probeLimit = TimeSpan.FromSeconds(1);

    /// <summary>What stands at <paramref name="path"/>; one of ours has the type <c>fuse.SUBTYPE</c>.</summary>
    public static MountPointState StateOf(string path, string subtype)
    {
        string absolute = Resolve(path, out MountInfo? mount);
        if (mount is null) return MountPointState.None;
        if (!IsOurs(mount.Value, subtype)) return MountPointState.OtherFileSystem;
        return IsDead(absolute) ? MountPointState.Dead : MountPointState.Live;
    }

    /// <summary>Where one of ours is mounted, in mount order.</summary>
    public static IReadOnlyList<string> Find(string subtype)
    {
        List<string> found = [];
        foreach (MountInfo mount in MountInfo.ReadAll())
        {
            if (IsOurs(mount, subtype)) found.Add(mount.MountPoint);
        }
        return found;
    }

    /// <summary>Waits for its server's answer, however long that takes. What is not ours is not asked.</summary>
    public static void Ask(string path, string subtype)
    {
        string absolute = Resolve(path, out MountInfo? mount);
        if (mount is { } there && IsOurs(there, subtype)) PathCalls.StatServer(absolute);
    }

    /// <summary>Detaches a dead mount. The caller has seen that it is dead.</summary>
    /// <exception cref="FuseException">umount2(2) refused.</exception>
    public static void DetachDead(string path)
    {
        int errno = PathCalls.Unmount(Resolve(path, out _), MNT_DETACH);
        if (errno != 0) throw new FuseException("unmount", path, errno);
    }

    /// <summary>
    /// Detaches what is mounted, if it is of the subtype, and ends its connection, whoever still holds that: all who wait for an answer get ECONNABORTED. For a mount
    /// whose server is known to be dead.
    /// </summary>
    /// <exception cref="FuseException">umount2(2) refused.</exception>
    public static void DetachAbandoned(string path, string subtype)
    {
        string absolute = Resolve(path, out MountInfo? mount);
        if (mount is not { } there || !IsOurs(there, subtype)) return;
        int errno = PathCalls.Unmount(absolute, MNT_FORCE | MNT_DETACH);
        if (errno != 0) throw new FuseException("unmount", absolute, errno);
    }

    private static bool IsOurs(in MountInfo mount, string subtype) =>
        mount.Type == TypeName(subtype) && mount.UserId is { } owner && (owner == 0 || owner == (uint)geteuid());

    internal static string TypeName(string subtype) => subtype.Length == 0 ? "fuse" : "fuse." + subtype;

    /// <summary>
    /// The absolute path of a mount point and the mount on it. realpath(3) looks at every component, the mount's root too, which would
    /// wait on a hung server: so a path that mountinfo knows is taken as it is, and the last component is resolved only when nothing is
    /// mounted there.
    /// </summary>
    internal static string Resolve(string path, out MountInfo? mount)
    {
        IReadOnlyList<MountInfo> mounts = MountInfo.ReadAll();
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        mount = MountInfo.TopAt(mounts, full);
        if (mount is not null) return full;
        if (Path.GetDirectoryName(full) is not { } parent || PathCalls.RealPath(parent, out _) is not { } realParent) return full;
        string inParent = Path.Combine(realParent, Path.GetFileName(full));
        mount = MountInfo.TopAt(mounts, inParent);
        if (mount is not null) return inParent;
        if (PathCalls.RealPath(inParent, out _) is not { } real) return inParent;
        mount = MountInfo.TopAt(mounts, real);
        return real;
    }

    /// <summary>
    /// Asks for attributes. Without a server the kernel answers ENOTCONN at once, while one ends ECONNABORTED, or ECANCELED out of its ring
    /// (fuse_uring_send_in_task(), fs/fuse/dev_uring.c); a server that does not answer in a second is alive, if badly, and the thread that asked it is left to wait alone.
    /// </summary>
    private static bool IsDead(string path)
    {
        int errno = 0;
        Thread probe = new(() => Volatile.Write(ref errno, PathCalls.StatServer(path)), 128 * 1024);
        probe.IsBackground = true;
        probe.Start();
        probe.Join(s_probeLimit);
        return Volatile.Read(ref errno) is var reason && (reason == ENOTCONN || reason == ECONNABORTED || reason == ECANCELED);
    }
}
