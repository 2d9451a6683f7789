using System.Diagnostics;
using System.Globalization;

namespace Benchmarks;

/// <summary>The libfuse server of peers/fuse-files.c, mounted.</summary>
internal sealed class FusePeer : IDisposable
{
    private readonly Process _process;
    private readonly TemporaryDirectory _directory = new();

    /// <param name="bench">Where it is.</param>
    /// <param name="where">Its processors.</param>
    /// <param name="contents">Of its file.</param>
    /// <param name="entries">Of its directory.</param>
    /// <param name="isThreaded">fuse_session_loop_mt; else fuse_session_loop.</param>
    public FusePeer(Bench bench, Placement where, string contents, int entries, bool isThreaded)
    {
        string file = _directory.At("contents");
        File.WriteAllText(file, contents);
        Root = Directory.CreateDirectory(_directory.At("mnt")).FullName;
        string[] command = [.. where.Prefix, bench.Peer("fuse-files"), file, entries.ToString(CultureInfo.InvariantCulture), .. isThreaded ? (string[])[] : ["-s"], Root];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..]))!;
        if (!Poll.Until(() => File.Exists(Info), 10)) throw new TimeoutException("fuse-files is not mounted");
    }

    public string Root { get; }

    public string Info => Path.Combine(Root, "info");

    public string List => Path.Combine(Root, "list");

    public void Dispose()
    {
        Mounts.Detach(Root);
        if (!_process.WaitForExit(TimeSpan.FromSeconds(5))) _process.Kill();
        _process.Dispose();
        _directory.Dispose();
    }
}
