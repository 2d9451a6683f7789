using System.Diagnostics;
using System.Text.Json;
using BpfFs.Command;
using Fuse;
using Microsoft.Win32.SafeHandles;

namespace BpfFs.Top;

/// <summary>A mounted view, seen as anybody sees it: through its files.</summary>
internal sealed class MountedFiles(string root) : IDisposable
{
    private byte[] _buffer = new byte[64 * 1024];
    private SafeFileHandle? _stats;

    public string Root { get; } = root;

    /// <summary>Why runs are not counted on our behalf; null: they are.</summary>
    public string? NotCounting { get; private set; } = "there is no program";

    /// <summary>The view in a directory, or the one that was mounted last. It must be root's, or the caller's own.</summary>
    /// <exception cref="CommandException">There is none.</exception>
    public static MountedFiles Open(string? directory)
    {
        string root = directory is not null ? Path.GetFullPath(directory)
            : MountPoints.Find(MountSettings.Subtype) is [.., string last] ? last : throw new CommandException(ExitCode.Failed, "top: no view is mounted: bpffs-view DIR mounts one");
        // Before anything in it is touched: another user's mount may never answer.
        if (MountPoints.StateOf(root, MountSettings.Subtype) is MountPointState.None or MountPointState.OtherFileSystem) throw Failed(root, "no view is mounted here by root");
        if (!File.Exists(Path.Combine(root, "progs.json"))) throw Failed(root, "no view is mounted here, or it does not show progs");
        return new MountedFiles(root);
    }

    /// <summary>Reads all programs and maps.</summary>
    /// <exception cref="CommandException">They cannot be read: the view is gone.</exception>
    public Sample Take()
    {
        long time = Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);
        try
        {
            List<ProgSample> progs = Sample.ParseProgs(ReadAll("progs"));
            List<MapSample> maps = File.Exists(Path.Combine(Root, "maps.json")) ? Sample.ParseMaps(ReadAll("maps")) : []; // a view may show a subset
            if (_stats is null) Count(progs);
            return new Sample(time, progs, maps);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            throw Failed(Root, e.Message);
        }
    }

    /// <summary>The lines of a file of a program; none if it cannot be read.</summary>
    public string[] Lines(uint prog, string file)
    {
        try
        {
            return File.ReadAllLines(Path.Combine(Root, "progs", $"{prog}", file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    public void Dispose() => _stats?.Dispose();

    /// <summary>The kernel counts runs as long as somebody has a program's <c>stats</c> open; which program's, does not matter.</summary>
    private void Count(List<ProgSample> progs)
    {
        foreach (ProgSample prog in progs)
        {
            try
            {
                _stats = File.OpenHandle(Path.Combine(Root, "progs", $"{prog.Id}", "stats"));
                NotCounting = null;
                return;
            }
            catch (FileNotFoundException)
            {
                // gone since
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                NotCounting = e is UnauthorizedAccessException ? "progs/ID/stats may be read by root and the view's group" : e.Message;
                return;
            }
        }
    }

    /// <summary>All objects of a kind: with their counts, if we may read those.</summary>
    private ReadOnlySpan<byte> ReadAll(string kind)
    {
        try
        {
            return Read($"{kind}.stats.json");
        }
        catch (UnauthorizedAccessException)
        {
            return Read($"{kind}.json");
        }
    }

    private ReadOnlySpan<byte> Read(string file)
    {
        using SafeFileHandle handle = File.OpenHandle(Path.Combine(Root, file));
        int length = 0;
        while (true)
        {
            if (length == _buffer.Length) Array.Resize(ref _buffer, length * 2);
            int got = RandomAccess.Read(handle, _buffer.AsSpan(length), length);
            if (got == 0) return _buffer.AsSpan(0, length);
            length += got;
        }
    }

    private static CommandException Failed(string root, string cause) => new(ExitCode.Failed, $"top: {ScreenText.Safe(root)}: {cause}");
}
