using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using Microsoft.Extensions.Logging;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Links pinned into a real bpffs, where they outlive every process: readable by anyone (0644), freed by rm.
/// </summary>
public sealed unsafe class Pins
{
    private const long BPF_FS_MAGIC = 0xcafe4a11;
    private static readonly (string Name, Target Target, Func<IteratorSet, IteratorLink?> Link)[] s_pins =
    [
        ("progs", Target.BpfProg, set => set.DumpProgs),
        ("maps", Target.BpfMap, set => set.DumpMaps),
        ("links", Target.BpfLink, set => set.DumpLinks),
    ];

    private readonly ILogger _logger;
    private readonly string _directory;
    private readonly List<(string Path, uint LinkId)> _pinned = [];
    private bool _madeDirectory;

    private Pins(string directory, ILogger logger)
    {
        _directory = directory;
        _logger = logger;
    }

    internal static IReadOnlyList<ProgramRow> Programs { get; } = [BpfPrograms.DumpProgs, BpfPrograms.DumpMaps, BpfPrograms.DumpLinks];

    /// <summary>The paths that were pinned.</summary>
    public IReadOnlyList<string> Paths => [.. _pinned.Select(p => p.Path)];

    /// <summary>
    /// Pins <c>progs</c>, <c>maps</c> and <c>links</c> into <paramref name="directory"/>, which is made if it is missing; a bpffs is mounted
    /// at /sys/fs/bpf if the directory is to be there and none is mounted. What an earlier run left under these names is replaced. Nobody but root may be able to change the
    /// directory or what leads to it (<see cref="BpfException.IsOfOthers"/>): else he could have pins made, replaced and removed elsewhere.
    /// </summary>
    /// <exception cref="BpfException">Nothing stays pinned.</exception>
    public static Pins Create(IteratorSet set, string directory, ILogger logger)
    {
        var pins = new Pins(directory, logger);
        try
        {
            pins.PrepareDirectory();
            foreach ((string name, Target target, Func<IteratorSet, IteratorLink?> link) in s_pins)
            {
                if (link(set) is { } l) pins.Pin(l, target, Path.Combine(directory, name));
            }
            return pins;
        }
        catch
        {
            pins.Remove();
            throw;
        }
    }

    /// <summary>
    /// Removes what was pinned, and the directory if this or an earlier run made it. What is gone already is no error; what another run has
    /// pinned there meanwhile is that run's.
    /// </summary>
    public void Remove()
    {
        foreach ((string path, uint linkId) in _pinned)
        {
            using Fd pinned = Open(path);
            if (OneObject.LinkIdOf(pinned) == linkId) Unlink(path, _logger);
        }
        _pinned.Clear();
        if (_madeDirectory) RemoveDirectory(_directory);
    }

    /// <summary>Removes the pins of any earlier run from a directory, and the directory if it is then empty.</summary>
    /// <returns>The paths removed.</returns>
    /// <exception cref="BpfException">A pin cannot be removed.</exception>
    public static IReadOnlyList<string> RemoveFrom(string directory, ILogger logger)
    {
        List<string> removed = [];
        if (!IsThere("unpin", directory)) return removed;
        foreach ((string name, Target target, _) in s_pins)
        {
            string path = Path.Combine(directory, name);
            int errno = UnlinkOurs("unpin", path, target, logger);
            if (errno == 0) removed.Add(path);
            else if (errno != LibC.ENOENT && errno != LibC.ENOTDIR) throw new BpfException("unpin", path, errno);
        }
        RemoveDirectory(directory);
        return removed;
    }

    private void PrepareDirectory()
    {
        if (!Path.IsPathFullyQualified(_directory)) throw new BpfException("pin", _directory, LibC.EINVAL, cause: "the path must be absolute");
        EnsureBpffs();
        if (!IsThere("pin", _directory))
        {
            int errno = Call(path => LibC.mkdir(path, 0x1ED /* 0755 */), _directory);
            if (errno != 0 && errno != LibC.EEXIST) throw new BpfException("mkdir", _directory, errno);
            _madeDirectory = errno == 0;
            if (!IsThere("pin", _directory)) throw new BpfException("pin", _directory, LibC.ENOENT); // looked at again: somebody else may have been faster
        }
        if (!IsBpffs(_directory)) throw new BpfException("pin", _directory, LibC.EINVAL, cause: "not on a bpffs (mount -t bpf bpf /sys/fs/bpf)");
    }

    /// <summary>Whether a directory is there, and root's alone with all that leads to it.</summary>
    /// <exception cref="BpfException">It is not root's alone.</exception>
    private static bool IsThere(string operation, string directory)
    {
        using var found = User.SafeDirectory.Open(Path.GetFullPath(directory), out string? reason, throughSticky: true);
        return reason is null ? found is not null : throw new BpfException(operation, directory, LibC.EPERM, cause: reason) { IsOfOthers = true };
    }

    /// <summary>systemd mounts /sys/fs/bpf; where nothing did, we do, as bpftool does.</summary>
    private void EnsureBpffs()
    {
        const string standard = "/sys/fs/bpf";
        if (_directory != standard && !_directory.StartsWith(standard + "/", StringComparison.Ordinal)) return;
        if (!Directory.Exists(standard) || IsBpffs(standard)) return;
        fixed (byte* source = "bpf\0"u8)
        fixed (byte* target = "/sys/fs/bpf\0"u8)
        fixed (byte* options = "mode=0755\0"u8)
        {
            const int flags = 2 | 4 | 8; // MS_NOSUID | MS_NODEV | MS_NOEXEC
            if (LibC.mount(source, target, source, flags, options) != 0) throw new BpfException("mount bpffs at", standard, LibC.errno);
        }
        Log.MountedBpffs(_logger, standard);
    }

    private void Pin(IteratorLink link, Target target, string path)
    {
        bool isReplaced = IsOurs("pin", path, target); // left by a run that was killed
        _madeDirectory |= isReplaced;
        // Beside it and then over it: who opens it meanwhile finds the old one or the new one.
        string made = isReplaced ? string.Create(CultureInfo.InvariantCulture, $"{path}-{Environment.ProcessId}") : path;
        int errno;
        fixed (byte* p = ZeroEnded(made)) errno = -LibBpf.bpf_obj_pin(link.Descriptor, p);
        if (errno != 0) throw new BpfException("pin", path, errno);
        errno = Call(p => LibC.chmod(p, 0x1A4 /* 0644 */), made);
        if (errno == 0 && isReplaced) errno = Rename(made, path);
        if (errno == 0 || !isReplaced) _pinned.Add((path, OneObject.LinkIdOf(new Fd(link.Descriptor))));
        else Unlink(made, _logger);
        if (errno != 0) throw new BpfException("chmod", path, errno);
        Log.Pinned(_logger, link.Program, path);
    }

    /// <summary>Unlinks a pin of an earlier run; 0 or an errno.</summary>
    /// <exception cref="BpfException">Something else has that name: it stays.</exception>
    private static int UnlinkOurs(string operation, string path, Target target, ILogger logger) =>
        IsOurs(operation, path, target) ? Unlink(path, logger) : LibC.ENOENT;

    /// <summary>Whether a path is a pin of an earlier run; false: there is nothing.</summary>
    /// <exception cref="BpfException">Something else has that name.</exception>
    private static bool IsOurs(string operation, string path, Target target)
    {
        using Fd pinned = Open(path);
        if (pinned.Errno == LibC.ENOENT || pinned.Errno == LibC.ENOTDIR) return false;
        if (pinned.Errno == LibC.EPERM || pinned.Errno == LibC.EACCES) throw new BpfException(operation, path, pinned.Errno);
        if (pinned.Errno == 0 && OneObject.IsIteratorOf(pinned, target)) return true;
        throw new BpfException(operation, path, LibC.EEXIST, cause: "exists, and is no pin of bpffs-view");
    }

    private static int Rename(string from, string to)
    {
        fixed (byte* f = ZeroEnded(from), t = ZeroEnded(to)) return Native.LibC.rename(f, t) == 0 ? 0 : Marshal.GetLastPInvokeError();
    }

    /// <summary>The object pinned at a path.</summary>
    private static Fd Open(string path)
    {
        fixed (byte* p = ZeroEnded(path)) return new Fd(LibBpf.bpf_obj_get(p));
    }

    private static int Unlink(string path, ILogger logger)
    {
        int errno = Call(p => LibC.unlink(p), path);
        if (errno != 0 && errno != LibC.ENOENT && errno != LibC.ENOTDIR) Log.UnpinFailed(logger, path, new BpfException("unlink", path, errno).Message);
        return errno;
    }

    private static void RemoveDirectory(string path) => Call(p => LibC.rmdir(p), path); // not empty: somebody else's pins; gone: fine

    private static bool IsBpffs(string path)
    {
        long* buf = stackalloc long[15];
        fixed (byte* p = ZeroEnded(path)) return Native.LibC.statfs(p, buf) == 0 && buf[0] == BPF_FS_MAGIC;
    }

    private delegate int PathCall(byte* path);

    /// <summary>0, or the errno of a call that gives -1 and sets errno.</summary>
    private static int Call(PathCall call, string path)
    {
        fixed (byte* p = ZeroEnded(path)) return call(p) == 0 ? 0 : LibC.errno;
    }

    private static byte[] ZeroEnded(string path) => Encoding.UTF8.GetBytes(path + '\0');
}
