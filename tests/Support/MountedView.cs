using System.Diagnostics;
using System.Text;

namespace Support;

/// <summary>How a view is started.</summary>
public sealed record ViewOptions
{
    /// <summary>Arguments beside the mount point, -f and --pin-dir.</summary>
    public string[] Arguments { get; init; } = [];

    /// <summary>Program and arguments that go before the binary, such as taskset.</summary>
    public string[] Prefix { get; init; } = Everywhere.Prefix;

    public Dictionary<string, string> Environment { get; init; } = [];

    /// <summary>BPF programs that the kernel is made to refuse: names with commas, or <c>all</c>.</summary>
    public string Broken { get; init; } = "";

    /// <summary>Requests come over io_uring, if this kernel can.</summary>
    public bool IsOverIoUring { get; init; } = Everywhere.IsOverIoUring;

    /// <summary>null: a new directory.</summary>
    public string? MountPoint { get; init; }

    /// <summary>null: a new one.</summary>
    public string? PinDirectory { get; init; }
}

/// <summary>
/// The view, mounted by a process of its own: a process that reads a mount it serves itself can stop itself for good. Whatever a test
/// leaves behind is detached, killed and deleted.
/// </summary>
public class MountedView : IDisposable
{
    private static readonly TimeSpan s_patience = Patience.Of(15);
    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly bool _ownsMountPoint;
    private readonly bool _hasPins;

    public MountedView(ViewOptions? options = null)
    {
        options ??= new ViewOptions();
        _ownsMountPoint = options.MountPoint is null;
        Root = options.MountPoint ?? NewMountPoint();
        PinDirectory = options.PinDirectory ?? ViewBinary.NewPinDirectory();
        string[] command = [.. options.Prefix, ViewBinary.Path, Root, "-f", "--pin-dir", PinDirectory, .. options.Arguments];
        if (options.IsOverIoUring && RingSwitch.IsThere) command = [.. command, "-o", "io_uring=on"];
        ProcessStartInfo start = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in options.Environment) start.Environment[name] = value;
        start.Environment["BPFFS_VIEW_BREAK"] = options.Broken;
        _hasPins = options.Broken.Length == 0;
        using RingSwitch? offer = options.IsOverIoUring ? new RingSwitch() : null; // until it is mounted
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Collect;
        _process.ErrorDataReceived += Collect;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            bool started = Poll.Until(() => _process.HasExited || IsReady(), 15);
            if (_process.HasExited) throw new InvalidOperationException($"{string.Join(' ', command)}: exit status {_process.ExitCode}\n{Log}");
            if (!started) throw new TimeoutException($"{string.Join(' ', command)}: not mounted\n{Log}");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The mount point.</summary>
    public string Root { get; }

    public string PinDirectory { get; }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What the server printed.</summary>
    public string Log
    {
        get { lock (_errors) return _errors.ToString(); }
    }

    public string At(string path) => Path.Combine(Root, path);

    public string Read(string path) => File.ReadAllText(At(path));

    /// <summary>Directory of a program.</summary>
    public string Of(BpfProgram program, string file = "") => Path.Combine(Root, "progs", $"{program.Id}", file);

    /// <summary>Directory of a map.</summary>
    public string Of(BpfMap map, string file = "") => Path.Combine(Root, "maps", $"{map.Id}", file);

    /// <summary>Sends a signal by its name, without SIG.</summary>
    public void Signal(string name) => Tool.Run("kill", $"-{name}", $"{ProcessId}").Succeeded();

    /// <summary>The exit status, once it has ended.</summary>
    public int WaitForExit() =>
        _process.WaitForExit(s_patience) ? _process.ExitCode : throw new TimeoutException($"the server does not end\n{Log}");

    public static string NewMountPoint() => Directory.CreateTempSubdirectory("bpffs-view-mnt-").FullName;

    public void Dispose()
    {
        Mounts.Detach(Root);
        if (!_process.HasExited && !_process.WaitForExit(Patience.Of(5)))
        {
            _process.Kill();
            _process.WaitForExit();
        }
        _process.Dispose();
        Mounts.Detach(Root);
        ViewBinary.RemovePins(PinDirectory);
        if (_ownsMountPoint && Directory.Exists(Root) && Mounts.At(Root).Length == 0) Directory.Delete(Root);
        GC.SuppressFinalize(this);
    }

    /// <summary>The pins come last, and then status names them. A dead mount and its pins may be there before.</summary>
    private bool IsReady()
    {
        try
        {
            return Mounts.At(Root).Contains("fuse.bpffs-view") && Read("status").Contains(_hasPins ? $"pin:\t{PinDirectory}/progs\n" : "mounted:\t", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private void Collect(object sender, DataReceivedEventArgs line)
    {
        lock (_errors) _errors.AppendLine(line.Data);
    }
}
