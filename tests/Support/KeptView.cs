using System.Globalization;

namespace Support;

/// <summary>A view in the background with its keeper. Whatever a test leaves behind goes.</summary>
public sealed class KeptView : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    /// <param name="binary">null: the one under test.</param>
    /// <param name="arguments">Beside the mount point and --pin-dir.</param>
    public KeptView(string? binary = null, params string[] arguments)
    {
        Root = _directory.At("mnt");
        LogPath = _directory.At("log");
        PinDirectory = ViewBinary.NewPinDirectory();
        Directory.CreateDirectory(Root);
        // A file is what a view in the background goes on writing its log to.
        Tool.Shell("exec \"${@:2}\" 2>\"$1\"", [LogPath, .. Everywhere.Prefix, binary ?? ViewBinary.Path, Root, "--pin-dir", PinDirectory, .. arguments]).Succeeded();
    }

    public string Root { get; }

    public string PinDirectory { get; }

    public string LogPath { get; }

    public string Log => File.ReadAllText(LogPath);

    public int Server => Number("server");

    public int Keeper => Number("keeper");

    /// <summary>The number a line of status begins with.</summary>
    public int Number(string key)
    {
        // A view without a server would have us wait for ever.
        string line = Tool.Run("timeout", $"{Patience.Of(20).TotalSeconds}", "cat", At("status")).Succeeded().Output.Split('\n').Single(l => l.StartsWith(key + ":\t", StringComparison.Ordinal));
        return int.Parse(string.Concat(line[(key.Length + 2)..].TakeWhile(char.IsAsciiDigit)), CultureInfo.InvariantCulture);
    }

    public string At(string path) => Path.Combine(Root, path);

    /// <summary>Kills the server and waits for the next one's first answer.</summary>
    public void KillServer()
    {
        int server = Server;
        Tool.Run("kill", "-KILL", $"{server}").Succeeded();
        while (Server == server) Thread.Sleep(1);
    }

    /// <summary>Processes of this view, whatever their program.</summary>
    public int[] Processes() =>
    [
        .. Directory.EnumerateDirectories("/proc").Select(Path.GetFileName).Where(name => int.TryParse(name, CultureInfo.InvariantCulture, out int pid) && pid != Environment.ProcessId && HasArgument(pid))
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture)),
    ];

    public void Dispose()
    {
        Mounts.Detach(Root);
        Poll.Until(() => Processes().Length == 0, 5);
        for (int round = 0; round < 20 && Processes() is { Length: > 0 } left; round++)
        {
            foreach (int process in left) Tool.Run("kill", "-KILL", $"{process}");
            Thread.Sleep(50);
        }
        Mounts.Detach(Root);
        ViewBinary.RemovePins(PinDirectory);
        _directory.Dispose();
    }

    private bool HasArgument(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/cmdline").Split('\0') is [_, _, ..] arguments && arguments.Contains(Root) && arguments.Contains(PinDirectory);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
