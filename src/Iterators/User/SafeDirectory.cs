using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Iterators.User;

/// <summary>
/// A directory from which programs are loaded into the kernel: nobody but root may be able to change what is in it. So it, all directories above it
/// and the files must be root's, and not writable by group or others.
/// </summary>
internal sealed unsafe class SafeDirectory : IDisposable
{
    private const string NotRoots = "is not owned by root";
    private const uint Sticky = 0x200; // S_ISVTX
    private const int LargestFile = 64 * 1024 * 1024;
    private int _fd;

    private SafeDirectory(int fd) => _fd = fd;

    /// <summary>Opens it, step by step from the root, so that no step can be exchanged after it was looked at.</summary>
    /// <param name="path">Absolute, without symbolic links.</param>
    /// <param name="reason">Why it is refused; null: it does not exist, or it is given.</param>
    /// <param name="throughSticky">Others may write into the directories above it if those are sticky: what is root's in them stays as it is.</param>
    public static SafeDirectory? Open(string path, out string? reason, bool throughSticky = false)
    {
        reason = null;
        int fd = OpenAt(AT_FDCWD, "/", O_DIRECTORY);
        string at = "/";
        string[] parts = ["", .. path.Split('/', StringSplitOptions.RemoveEmptyEntries)];
        for (int i = 0; i < parts.Length; i++)
        {
            string part = parts[i];
            if (part.Length > 0)
            {
                at = at.Length > 1 ? $"{at}/{part}" : $"/{part}";
                int next = OpenAt(fd, part, O_DIRECTORY | O_NOFOLLOW);
                int error = errno;
                if (fd >= 0) close(fd);
                fd = next;
                if (fd < 0)
                {
                    if (error != ENOENT) reason = $"{at}: {(error == ENOTDIR || error == ELOOP ? "is no directory" : Marshal.GetPInvokeErrorMessage(error))}";
                    return null;
                }
            }
            reason = WhyUnsafe(fd, out stat found);
            if (throughSticky && i < parts.Length - 1 && (uint)found.st_uid == 0 && ((uint)found.st_mode & Sticky) != 0) reason = null;
            if (reason is null) continue;
            reason = $"{at}: {reason}";
            close(fd);
            return null;
        }
        return new SafeDirectory(fd);
    }

    /// <summary>The names in it.</summary>
    public List<string> Names() => [.. Directory.EnumerateFileSystemEntries($"/proc/self/fd/{_fd}").Select(p => Path.GetFileName(p)).Order(StringComparer.Ordinal)];

    /// <summary>What tells one state of a file from another; null: <paramref name="reason"/> says why it is refused.</summary>
    public FileState? StateOf(string name, out string? reason)
    {
        int fd = OpenFile(name, out reason, out FileState? state);
        if (fd >= 0) close(fd);
        return state;
    }

    /// <summary>A file's bytes, read from the descriptor that was looked at; null: <paramref name="reason"/> says why it is refused.</summary>
    public byte[]? Read(string name, out string? reason, out FileState? state)
    {
        int fd = OpenFile(name, out reason, out state);
        if (fd < 0) return null;
        using var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(fd, ownsHandle: true);
        try
        {
            byte[] bytes = new byte[state!.Value.Size];
            int length = 0;
            while (length < bytes.Length)
            {
                int got = RandomAccess.Read(handle, bytes.AsSpan(length), length);
                if (got == 0) break; // it became shorter: there will be another event
                length += got;
            }
            return bytes[..length];
        }
        catch (IOException e)
        {
            reason = e.Message;
            return null;
        }
    }

    public void Dispose()
    {
        if (_fd >= 0) close(_fd);
        _fd = -1;
    }

    private int OpenFile(string name, out string? reason, out FileState? state)
    {
        state = null;
        int fd = OpenAt(_fd, name, O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
        {
            int error = errno;
            reason = error == ELOOP ? "is a symbolic link" : IsForeign(name) ? NotRoots : Marshal.GetPInvokeErrorMessage(error);
            return fd;
        }
        reason = WhyUnsafe(fd, out stat found);
        if (reason is null && ((uint)found.st_mode & (uint)S_IFMT) != (uint)S_IFREG) reason = "is no regular file";
        if (reason is null && (long)found.st_size > LargestFile) reason = "is larger than 64 MiB";
        if (reason is not null)
        {
            close(fd);
            return -1;
        }
        state = new FileState((ulong)found.st_ino, (long)found.st_size, (long)found.st_mtim.tv_sec, (long)found.st_mtim.tv_nsec, (long)found.st_ctim.tv_sec, (long)found.st_ctim.tv_nsec);
        return fd;
    }

    /// <summary>A mode's group bits are also the mask of what an access control list may give to others (acl(5)).</summary>
    private static string? WhyUnsafe(int fd, out stat found)
    {
        stat s;
        int result = fstat(fd, &s);
        found = s;
        if (result != 0) return Marshal.GetPInvokeErrorMessage(errno);
        if ((uint)s.st_uid != 0) return NotRoots;
        return ((uint)s.st_mode & 0x12) != 0 ? "is writable by group or others" : null; // 022
    }

    /// <summary>Why it cannot be opened: without CAP_DAC_OVERRIDE root does not open what others keep to themselves.</summary>
    private bool IsForeign(string name)
    {
        stat s;
        fixed (byte* p = Encoding.UTF8.GetBytes(name + '\0')) return fstatat(_fd, p, &s, AT_SYMLINK_NOFOLLOW) == 0 && (uint)s.st_uid != 0;
    }

    private static int OpenAt(int directory, string name, int flags)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(name + '\0')) return openat(directory, p, O_RDONLY | O_CLOEXEC | flags, default);
    }
}

/// <summary>One state of a file.</summary>
internal readonly record struct FileState(ulong Inode, long Size, long ModifiedSeconds, long ModifiedNanoseconds, long ChangedSeconds, long ChangedNanoseconds);
