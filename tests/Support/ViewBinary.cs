using System.Globalization;

namespace Support;

/// <summary>The program under test.</summary>
public static class ViewBinary
{
    /// <summary>Environment variable BPFFS_VIEW, or out/bpffs-view.</summary>
    public static string Path => s_path ??= Find(); // when it is wanted: Zoo needs none

    private static string? s_path;

    private static int s_pinDirectories;

    /// <summary>The root of the repository.</summary>
    public static string Repository()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(at.FullName, "BpfFs.sln"))) return at.FullName;
        }
        throw new DirectoryNotFoundException($"no BpfFs.sln above {AppContext.BaseDirectory}");
    }

    /// <summary>Runs it to its end.</summary>
    public static ToolResult Run(params IEnumerable<string> arguments) => Tool.Run(Path, arguments);

    /// <summary>A path in bpffs that nobody else uses; names there cannot have dots. Not created.</summary>
    public static string NewPinDirectory()
    {
        Mounts.EnsureBpffs();
        return string.Create(CultureInfo.InvariantCulture, $"/sys/fs/bpf/view-test-{Environment.ProcessId}-{Interlocked.Increment(ref s_pinDirectories)}");
    }

    /// <summary>Deletes a pin directory and all in it.</summary>
    public static void RemovePins(string directory)
    {
        if (directory.StartsWith("/sys/fs/bpf/", StringComparison.Ordinal)) Tool.Run("rm", "-rf", directory);
    }

    /// <summary>Ends a view that runs in the background, however it is: detaches its mount, kills what is left, deletes its pins.</summary>
    public static void End(string mountPoint, string pinDirectory)
    {
        Mounts.Detach(mountPoint);
        Poll.Until(() => Processes(mountPoint).Length == 0, 5);
        foreach (int process in Processes(mountPoint)) Tool.Run("kill", "-KILL", $"{process}");
        Mounts.Detach(mountPoint);
        RemovePins(pinDirectory);
    }

    /// <summary>Processes of this binary with <paramref name="argument"/> among their arguments.</summary>
    public static int[] Processes(string argument)
    {
        List<int> found = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(System.IO.Path.GetFileName(directory), CultureInfo.InvariantCulture, out int pid)) continue;
            try
            {
                string[] arguments = File.ReadAllText($"{directory}/cmdline").Split('\0');
                // A wrapper such as taskset has the same arguments, but becomes the server by exec.
                if (arguments.Contains(argument) && File.ResolveLinkTarget($"{directory}/exe", false)?.FullName is { } exe && exe.StartsWith(Path, StringComparison.Ordinal)) found.Add(pid);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // it ended meanwhile, or is a kernel thread
            }
        }
        return [.. found];
    }

    private static string Find()
    {
        string path = Environment.GetEnvironmentVariable("BPFFS_VIEW") is { Length: > 0 } given ? given : System.IO.Path.Combine(Repository(), "out", "bpffs-view");
        return File.Exists(path) ? System.IO.Path.GetFullPath(path) : throw new FileNotFoundException($"{path} is not there: run tools/build, or name the binary in BPFFS_VIEW");
    }
}
