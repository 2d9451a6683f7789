using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>Everything about a mount point that is decided before mount(2).</summary>
internal static class MountTarget
{
    /// <summary>The absolute path, after checking that a mount there is wanted, and after detaching a dead one.</summary>
    internal static string Prepare(string mountPoint, FuseMountOptions options, ILogger logger)
    {
        string target = MountPoints.Resolve(mountPoint, out MountInfo? there);
        MountPointState state = MountPoints.StateOf(target, options.Subtype);
        for (; state == MountPointState.Dead; state = MountPoints.StateOf(target, options.Subtype)) // there may be several
        {
            MountPoints.DetachDead(target);
            Log.DetachedDead(logger, target);
        }
        if (state == MountPointState.Live) throw new FuseException("mount", target, EBUSY, "already mounted, and its server runs");
        if (state == MountPointState.OtherFileSystem && !options.NonEmpty)
        {
            throw new FuseException("mount", target, EBUSY, $"another file system ({there?.Type}) is mounted there");
        }
        CheckDirectory(target, options.NonEmpty);
        return target;
    }

    private static void CheckDirectory(string target, bool nonEmpty)
    {
        int errno = PathCalls.Stat(target, out uint mode);
        if (errno != 0) throw new FuseException("mount", target, errno);
        if ((mode & (uint)S_IFMT) != (uint)S_IFDIR) throw new FuseException("mount", target, ENOTDIR);
        if (nonEmpty) return;
        try
        {
            if (Directory.EnumerateFileSystemEntries(target).Any()) throw new FuseException("mount", target, ENOTEMPTY);
        }
        catch (UnauthorizedAccessException)
        {
            throw new FuseException("mount", target, EACCES);
        }
        catch (IOException e)
        {
            throw new FuseException("mount", target, EIO, e.Message);
        }
    }

    internal static ulong Flags(FuseMountOptions options) =>
        (options.ReadOnly ? MS_RDONLY : 0)
        | (options.NoSuid ? MS_NOSUID : 0)
        | (options.NoDev ? MS_NODEV : 0)
        | (options.NoExec ? MS_NOEXEC : 0)
        | (options.NoAtime ? MS_NOATIME : 0);

    /// <summary>The last argument of mount(2), Documentation/filesystems/fuse.rst. rootmode is octal: a directory.</summary>
    internal static string Data(int descriptor, FuseMountOptions options)
    {
        StringBuilder data = new();
        data.Append(CultureInfo.InvariantCulture, $"fd={descriptor},rootmode=40000,user_id={(uint)geteuid()},group_id={(uint)getegid()}");
        if (options.AllowOther) data.Append(",allow_other");
        if (options.DefaultPermissions) data.Append(",default_permissions");
        return data.ToString();
    }
}
