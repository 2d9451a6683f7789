using System.Diagnostics;

namespace Fuse.Tests;

/// <summary>
/// The sample file system in a process of its own: a test that reads a mount of its own process can stop itself for good. Whatever a test
/// leaves behind is killed, detached and deleted.
/// </summary>
internal sealed class SampleServer : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);
    private readonly Process _process;
    private readonly bool _ownsMountPoint;

    internal SampleServer(string? mountPoint = null, params string[] arguments)
    {
        _ownsMountPoint = mountPoint is null;
        MountPoint = mountPoint ?? NewDirectory();
        string program = Path.Combine(AppContext.BaseDirectory, "SampleFs.dll");
        _process = Process.Start(new ProcessStartInfo("dotnet", [program, MountPoint, .. arguments.Length == 0 ? ["0"] : arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        Greeting = ReadLine();
    }

    internal string MountPoint { get; }

    /// <summary>"ready PID", or why not.</summary>
    internal string Greeting { get; }

    internal int ProcessId => _process.Id;

    internal string At(string name) => Path.Combine(MountPoint, name);

    internal static string NewDirectory() => Directory.CreateTempSubdirectory("fuse-test-").FullName;

    internal string Ask(string command)
    {
        _process.StandardInput.WriteLine(command);
        return ReadLine();
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

    internal static int Mounts(string path) => MountInfo.ReadAll().Count(m => m.MountPoint == path);
}
