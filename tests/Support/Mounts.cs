using System.Text.RegularExpressions;

namespace Support;

/// <summary>What is mounted, as /proc/self/mountinfo tells.</summary>
public static partial class Mounts
{
    /// <summary>Types of what is mounted at a path, the lowest first; none: nothing is.</summary>
    public static string[] At(string path) => [.. Lines(path).Select(fields => fields[Array.IndexOf(fields, "-", 6) + 1])];

    /// <summary>Their numbers, which are not given anew while somebody uses what was mounted.</summary>
    public static string[] IdsAt(string path) => [.. Lines(path).Select(fields => fields[0])];

    /// <summary>Where cgroup2 is mounted; null: nowhere.</summary>
    public static string? Cgroup2 => File.ReadLines("/proc/self/mountinfo").Where(line => line.Contains(" - cgroup2 ", StringComparison.Ordinal))
        .Select(line => Unescape(line.Split(' ')[4])).FirstOrDefault();

    /// <summary>Mounts bpffs at /sys/fs/bpf, if it is not there yet.</summary>
    public static void EnsureBpffs()
    {
        if (!At("/sys/fs/bpf").Contains("bpf")) Tool.Run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf").Succeeded();
    }

    /// <summary>Detaches everything at a path.</summary>
    public static void Detach(string path)
    {
        for (int attempts = 0; attempts < 5 && At(path).Length > 0; attempts++) Tool.Run("umount", "-l", path);
    }

    /// <summary>Ends the FUSE connection of what is mounted at a path, however stuck its server is: all who wait for it get an error. Asks nobody but the kernel.</summary>
    public static void Abort(string path)
    {
        using FuseControl control = new();
        foreach (string[] fields in Lines(path))
        {
            string abort = $"/sys/fs/fuse/connections/{fields[2].Split(':')[1]}/abort"; // the device's minor number
            if (File.Exists(abort)) File.WriteAllText(abort, "1");
        }
    }

    private static IEnumerable<string[]> Lines(string path) => File.ReadLines("/proc/self/mountinfo").Select(line => line.Split(' ')).Where(fields => Unescape(fields[4]) == path);

    private static string Unescape(string field) => Octal().Replace(field, m => ((char)Convert.ToInt32(m.Groups[1].Value, 8)).ToString());

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}

/// <summary>The switches of FUSE connections, where systemd mounts them; unmounted again if nobody had.</summary>
public sealed class FuseControl : IDisposable
{
    private const string Path = "/sys/fs/fuse/connections";
    private readonly bool _isOurs = Mounts.At(Path).Length == 0 && Tool.Run("mount", "-t", "fusectl", "fusectl", Path).Code == 0;

    public void Dispose()
    {
        if (_isOurs) Tool.Run("umount", "-l", Path);
    }
}
