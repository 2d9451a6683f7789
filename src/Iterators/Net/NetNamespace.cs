using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>A network namespace.</summary>
/// <param name="Inode">As <c>ls -l /proc/PID/ns/net</c> has it.</param>
/// <param name="Id">The kernel's number that is never used again (6.18); null: it has none.</param>
public readonly record struct NetNamespaceId(uint Inode, ulong? Id);

/// <summary>
/// The network namespaces of readers, for a server that has CAP_SYS_ADMIN and may not trace processes. /proc/PID/ns/net and a pidfd are
/// refused to it; but it may enter a namespace that it can get hold of in another way.
/// </summary>
internal sealed unsafe class NetNamespaces : IDisposable
{
    private const int CLONE_NEWNET = 0x40000000;
    private const int HandleType = 0xF1; // FILEID_NSFS, <linux/exportfs.h>
    private readonly int _own;

    public NetNamespaces()
    {
        _own = OpenFile("/proc/thread-self/ns/net");
        if (_own < 0) throw new BpfException("open", "/proc/thread-self/ns/net", -_own);
        OwnInode = InodeOf(_own);
    }

    /// <summary>The server's.</summary>
    public uint OwnInode { get; }

    public void Dispose() => LibC.close(_own);

    /// <summary>
    /// A descriptor of the namespace, for <see cref="Create"/>; -1 for the server's own; else a negative errno: EOPNOTSUPP, there is no way to it.
    /// Since 6.18 its handle opens it (nsfs_fh_to_dentry, fs/nsfs.c). Before, one that has a name can be opened by it: `ip netns` and
    /// container runtimes mount each namespace somewhere.
    /// </summary>
    public int Open(NetNamespaceId wanted, uint tid)
    {
        if (wanted.Inode == OwnInode) return -1;
        int fd = OpenByHandle(wanted);
        if (fd < 0) fd = OpenByName(wanted);
        if (fd < 0) fd = Verified(OpenFile($"/proc/{tid}/ns/net"), wanted);
        return fd < 0 ? -LibC.EOPNOTSUPP : fd;
    }

    /// <summary>Makes an iterator within a namespace. The thread is back in the server's when this returns.</summary>
    public Fd Create(IteratorLink link, int ns)
    {
        if (ns < 0) return link.Create();
        if (Native.LibC.setns(ns, CLONE_NEWNET) != 0) return new Fd(-Marshal.GetLastPInvokeError());
        try
        {
            return link.Create();
        }
        finally
        {
            // A thread that stayed there would show its readers another namespace than theirs.
            if (Native.LibC.setns(_own, CLONE_NEWNET) != 0) Environment.FailFast($"setns: cannot return to the server's network namespace: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    private int OpenByHandle(NetNamespaceId wanted)
    {
        if (wanted.Id is not { } id) return -LibC.EOPNOTSUPP;
        // struct file_handle, and in it struct nsfs_file_handle of <linux/nsfs.h>
        Span<uint> handle = [16, HandleType, (uint)id, (uint)(id >> 32), CLONE_NEWNET, wanted.Inode];
        fixed (uint* p = handle)
        {
            int fd = Native.LibC.open_by_handle_at(_own, p, LibC.O_RDONLY | LibC.O_CLOEXEC);
            return fd < 0 ? -Marshal.GetLastPInvokeError() : Verified(fd, wanted);
        }
    }

    /// <summary>By a mount of it: field 4 of its line is <c>net:[INODE]</c>, field 5 the path (proc_pid_mountinfo(5)).</summary>
    private int OpenByName(NetNamespaceId wanted)
    {
        string root = $"net:[{wanted.Inode}]";
        foreach (string line in File.ReadLines("/proc/thread-self/mountinfo"))
        {
            string[] fields = line.Split(' ');
            if (fields.Length < 6 || fields[3] != root) continue;
            int fd = Verified(OpenFile(Unescape(fields[4])), wanted);
            if (fd >= 0) return fd;
        }
        return -LibC.ENOENT;
    }

    /// <summary>The descriptor, if it is of that namespace; it is closed if not.</summary>
    private int Verified(int fd, NetNamespaceId wanted)
    {
        if (fd < 0) return fd;
        stat own, found;
        if (LibC.fstat(_own, &own) == 0 && LibC.fstat(fd, &found) == 0 && found.st_dev == own.st_dev && (uint)(ulong)found.st_ino == wanted.Inode) return fd;
        LibC.close(fd);
        return -LibC.ESTALE;
    }

    private static uint InodeOf(int fd)
    {
        stat found;
        return LibC.fstat(fd, &found) == 0 ? (uint)(ulong)found.st_ino : 0;
    }

    private static int OpenFile(string path)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        {
            int fd = LibC.open(p, LibC.O_RDONLY | LibC.O_CLOEXEC);
            return fd < 0 ? -LibC.errno : fd;
        }
    }

    /// <summary>mountinfo has blank, tab, newline and backslash as \ooo.</summary>
    private static string Unescape(string path) =>
        path.Replace("\\040", " ", StringComparison.Ordinal).Replace("\\011", "\t", StringComparison.Ordinal)
            .Replace("\\012", "\n", StringComparison.Ordinal).Replace("\\134", "\\", StringComparison.Ordinal);
}
