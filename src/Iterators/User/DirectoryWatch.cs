using System.Runtime.InteropServices;
using System.Text;
using static Iterators.Native.LibC;
using LibC = Tmds.Linux.LibC;

namespace Iterators.User;

/// <summary>
/// Waits until a directory, what is in it, or a directory above it changes (inotify(7)). Between changes it costs nothing. A directory that does not exist
/// yet is waited for where it will appear.
/// </summary>
internal sealed unsafe class DirectoryWatch : IDisposable
{
    private const uint Self = IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
    private const uint Contents = IN_CREATE | IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE;
    private const int Settle = 50; // ms of quiet: a copy makes several events
    private const int MaxSettle = 500;
    private readonly string _path;
    private readonly int _stop = eventfd(0, EFD_CLOEXEC);
    private int _inotify = -1;

    /// <param name="path">Absolute.</param>
    public DirectoryWatch(string path) => _path = path;

    /// <summary>Where the path leads: symbolic links followed as far as it exists.</summary>
    public string RealPath { get; private set; } = "";

    /// <summary>Starts to watch what the path leads to now. What changes after this call is seen by <see cref="Wait"/>; look at the directory after it.</summary>
    public void Begin()
    {
        if (_inotify >= 0) LibC.close(_inotify);
        _inotify = inotify_init1(IN_CLOEXEC);
        RealPath = Resolve(_path);
        string at = "";
        foreach (string part in RealPath.Split('/', StringSplitOptions.RemoveEmptyEntries).Prepend("/"))
        {
            at = part == "/" ? "/" : at.Length > 1 ? $"{at}/{part}" : $"/{part}";
            bool isLast = at == RealPath || !Directory.Exists(NextOf(at));
            if (!Watch(at, isLast ? Self | Contents : Self)) break;
        }
        // where links were followed, they may come to lead elsewhere
        if (RealPath != _path) Watch(Path.GetDirectoryName(_path) ?? "/", Self | Contents);
    }

    /// <summary>False: <see cref="Stop"/> was called.</summary>
    public bool Wait()
    {
        int waited = 0;
        byte* events = stackalloc byte[4096];
        pollfd* fds = stackalloc pollfd[2];
        for (int timeout = -1; ;)
        {
            fds[0] = new pollfd { fd = _stop, events = POLLIN };
            fds[1] = new pollfd { fd = _inotify, events = POLLIN };
            int ready = poll(fds, 2, timeout);
            if (ready < 0 && Marshal.GetLastPInvokeError() != LibC.EINTR) return false;
            if (ready > 0 && fds[0].revents != 0) return false;
            if (ready == 0 || waited >= MaxSettle) return true;
            if (ready > 0 && fds[1].revents != 0) LibC.read(_inotify, events, 4096);
            if (ready < 0) continue;
            if (timeout > 0) waited += timeout;
            timeout = Settle;
        }
    }

    /// <summary>Ends <see cref="Wait"/>.</summary>
    public void Stop()
    {
        ulong one = 1;
        LibC.write(_stop, &one, sizeof(ulong));
    }

    public void Dispose()
    {
        if (_inotify >= 0) LibC.close(_inotify);
        LibC.close(_stop);
    }

    private string NextOf(string at)
    {
        string rest = RealPath[at.Length..].TrimStart('/');
        int slash = rest.IndexOf('/', StringComparison.Ordinal);
        return Path.Combine(at, slash < 0 ? rest : rest[..slash]);
    }

    private bool Watch(string path, uint mask)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0')) return inotify_add_watch(_inotify, p, mask) >= 0;
    }

    private static string Resolve(string path)
    {
        string resolved = "/";
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            string next = Path.Combine(resolved, part);
            resolved = Directory.Exists(next) ? Directory.ResolveLinkTarget(next, returnFinalTarget: true)?.FullName ?? next : next;
        }
        return resolved;
    }
}
