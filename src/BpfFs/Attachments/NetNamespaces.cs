using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Iterators;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Attachments;

/// <summary>
/// Ways into other network namespaces for a process with CAP_SYS_ADMIN alone. /proc/PID/ns/net and PIDFD_GET_NET_NAMESPACE want the rights of
/// ptrace(2), which it does not have over a process with any other capability. A file handle wants CAP_SYS_ADMIN over the namespace (Linux 6.18);
/// before, there are the namespaces that somebody has mounted where we see it, as ip-netns(8) and container engines do.
/// </summary>
internal static unsafe class NetNamespaces
{
    private const int FD_NSFS_ROOT = -10003; // <linux/fcntl.h>: the file system that the handle is of
    private const int FILEID_NSFS = 0xF1;

    /// <summary>Inode of the one we are in; 0 without /proc.</summary>
    public static uint Own { get; } = ReadOwn();

    /// <summary>Takes the calling thread there; 0 or an errno, ENOENT: there is no way. The thread is not to be used for anything else.</summary>
    /// <param name="inode">Of the namespace.</param>
    /// <param name="id">The kernel's number for it; 0: has none.</param>
    public static int Enter(uint inode, ulong id)
    {
        using Fd fd = id != 0 ? OpenHandle(inode, id) : OpenMount(inode);
        if (fd.Errno != 0) return fd.Errno;
        return LibC.setns(fd.Value, CLONE_NEWNET) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    private static Fd OpenHandle(uint inode, ulong id)
    {
        var handle = new LibC.nsfs_handle { handle_bytes = 16, handle_type = FILEID_NSFS, ns_id = id, ns_type = CLONE_NEWNET, ns_inum = inode };
        int fd = LibC.open_by_handle_at(FD_NSFS_ROOT, &handle, O_RDONLY | O_CLOEXEC);
        return new Fd(fd < 0 ? -Marshal.GetLastPInvokeError() : fd);
    }

    /// <summary>proc_pid_mountinfo(5): the root of such a mount is <c>net:[INODE]</c>.</summary>
    private static Fd OpenMount(uint inode)
    {
        string root = string.Create(CultureInfo.InvariantCulture, $"net:[{inode}]");
        foreach (string line in File.ReadLines("/proc/self/mountinfo", Encoding.Latin1))
        {
            string[] fields = line.Split(' ');
            if (fields.Length < 5 || fields[3] != root) continue;
            int fd;
            fixed (byte* path = MountedPath.Unescape(fields[4])) fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, default);
            if (fd < 0) continue;
            if (InodeOf(fd) == inode) return new Fd(fd);
            close(fd); // something is mounted over it
        }
        return new Fd(-ENOENT);
    }

    private static ulong InodeOf(int fd)
    {
        stat found;
        return fstat(fd, &found) == 0 ? (ulong)found.st_ino : 0;
    }

    private static uint ReadOwn()
    {
        string name = new FileInfo("/proc/self/ns/net").LinkTarget ?? "";
        return uint.TryParse(name.AsSpan(name.IndexOf('[') + 1).TrimEnd(']'), CultureInfo.InvariantCulture, out uint inode) ? inode : 0;
    }

    private const int CLONE_NEWNET = 0x40000000; // <linux/sched.h>

    /// <summary>A path in mountinfo: space, tab, newline and backslash are \ooo.</summary>
    private static class MountedPath
    {
        /// <summary>With a NUL at its end; a character per byte goes in.</summary>
        public static byte[] Unescape(string field)
        {
            List<byte> path = [];
            for (int i = 0; i < field.Length; i++)
            {
                bool isEscape = field[i] == '\\' && i + 3 < field.Length;
                path.Add(isEscape ? Convert.ToByte(field.Substring(i + 1, 3), 8) : (byte)field[i]);
                if (isEscape) i += 3;
            }
            path.Add(0);
            return [.. path];
        }
    }
}
