using System.Diagnostics;
using System.Globalization;
using System.Text;
using Support;

namespace Fuse.Tests;

/// <summary>
/// The sample file system in a process of its own: a test that reads a mount of its own process can stop itself for good. Whatever a test
/// leaves behind is killed, detached and deleted.
/// </summary>
internal sealed class SampleServer : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly bool _ownsMountPoint;

    internal SampleServer(Transport transport, string? mountPoint = null, params string[] arguments)
        : this(transport, null, true, mountPoint, arguments) { }

    /// <param name="transport">Which one.</param>
    /// <param name="prefix">What goes before the program, such as taskset.</param>
    /// <param name="isOffered">What the kernel's switch says while the server starts; only for rings.</param>
    /// <param name="mountPoint">Null: a new one.</param>
    /// <param name="arguments">After the mount point; none: 0.</param>
    internal SampleServer(Transport transport, string[]? prefix, bool isOffered, string? mountPoint, params string[] arguments)
    {
        _ownsMountPoint = mountPoint is null;
        MountPoint = mountPoint ?? NewDirectory();
        string program = Path.Combine(AppContext.BaseDirectory, "SampleFs.dll");
        string[] command = ["dotnet", program, MountPoint, .. arguments.Length == 0 ? ["0"] : arguments];
        bool isOnOne = transport is Transport.DeviceOnOneProcessor or Transport.RingOnOneProcessor, isDevice = transport is Transport.Device or Transport.DeviceOnOneProcessor;
        if (isOnOne) command = ["taskset", "-c", "0", .. command];
        if (!isDevice && !arguments.Contains("auto")) command = [.. command, RingSwitch.IsThere ? "on" : "auto"];
        command = [.. prefix ?? [], .. command];
        ProcessStartInfo start = new(command[0], command[1..])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (isOnOne) start.Environment["DOTNET_PROCESSOR_COUNT"] = "1";
        using RingSwitch? on = isDevice ? null : new RingSwitch(isOffered); // until INIT is answered
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Collect(line.Data);
        _process.BeginErrorReadLine();
        Greeting = ReadLine();
    }

    internal string MountPoint { get; }

    /// <summary>"ready PID", or why not.</summary>
    internal string Greeting { get; }

    /// <summary>What it logged: warnings and errors.</summary>
    internal string Log
    {
        get { lock (_log) return _log.ToString(); }
    }

    internal int ProcessId => _process.Id;

    internal string At(string name) => Path.Combine(MountPoint, name);

    internal static string NewDirectory() => Directory.CreateTempSubdirectory("fuse-test-").FullName;

    internal string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        return ReadLine();
    }

    /// <summary>How many descriptors it has, when the number has stopped changing: the runtime opens files for a moment while it compiles and loads.</summary>
    internal int Descriptors()
    {
        int steady = 0, last = -1;
        Assert.True(Poll.Until(() =>
        {
            int now = int.Parse(Ask("fds"), CultureInfo.InvariantCulture);
            steady = now == last ? steady + 1 : 0;
            last = now;
            return steady == 10;
        }), $"{last} descriptors, and not steady");
        return last;
    }

    internal string ReadLine()
    {
        Task<string?> line = _process.StandardOutput.ReadLineAsync();
        return line.Wait(s_patience) ? line.Result ?? "(end)" : throw new TimeoutException("the sample server does not answer");
    }

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    internal int WaitForExit() =>
        _process.WaitForExit(s_patience) ? _process.ExitCode : throw new TimeoutException("the sample server does not end");

    public void Dispose()
    {
        if (!_process.HasExited) Kill();
        _process.Dispose();
        for (int tries = 0; tries < 5 && Mounts(MountPoint) > 0; tries++) Gcc.Run("umount", "-l", MountPoint);
        if (_ownsMountPoint && Mounts(MountPoint) == 0) Directory.Delete(MountPoint, recursive: true);
    }

    private void Collect(string? line)
    {
        lock (_log) _log.AppendLine(line);
    }

    internal static int Mounts(string path) => MountInfo.ReadAll().Count(m => m.MountPoint == path);
}
