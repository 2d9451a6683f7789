using System.Collections.Concurrent;
using System.Text;
using Tmds.Linux;

namespace BpfFs.Objects;

/// <summary>
/// The path of a cgroup, from its id, which is its directory's inode. (open_by_handle_at(2) would find it at once, but needs CAP_DAC_READ_SEARCH, which
/// reads every file of the machine.) A path once found is kept and believed as long as its inode is the id.
/// </summary>
internal static unsafe class CgroupPaths
{
    private static readonly ConcurrentDictionary<ulong, byte[]> s_known = new();

    /// <summary>The paths of those that have one: with one walk for all, where the last did not find them.</summary>
    public static List<(ulong Id, byte[] Path)> Of(IReadOnlyCollection<ulong> ids)
    {
        Dictionary<ulong, string>? walked = null;
        List<(ulong Id, byte[] Path)> paths = [];
        foreach (ulong id in ids)
        {
            if (!s_known.TryGetValue(id, out byte[]? path) || InodeOf(DirectoryOf(path)) != id)
            {
                walked ??= All().Select(directory => (Id: InodeOf(directory), directory)).GroupBy(d => d.Id).ToDictionary(d => d.Key, d => d.First().directory);
                if (!walked.TryGetValue(id, out string? directory)) continue;
                path = PathOf(directory);
                Keep(id, path);
            }
            paths.Add((id, path));
        }
        return paths;
    }

    /// <summary>From a path in the hierarchy to the directory.</summary>
    public static string DirectoryOf(byte[] path) => Root + Encoding.UTF8.GetString(path);

    /// <summary>From a cgroup's directory to its path in the hierarchy.</summary>
    public static byte[] PathOf(string directory) => Encoding.UTF8.GetBytes(directory.Length == Root!.Length ? "/" : directory[Root.Length..]);

    /// <summary>Where cgroup2 is mounted; null: nowhere.</summary>
    public static string? Root { get; } = FindRoot();

    /// <summary>Every cgroup's directory.</summary>
    public static IEnumerable<string> All() => Root is null ? [] :
        new[] { Root }.Concat(Directory.EnumerateDirectories(Root, "*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint }));

    /// <summary>From the root of the cgroup2 hierarchy, e.g. <c>/system.slice</c>; empty: it has none that we see.</summary>
    public static ReadOnlySpan<byte> Of(ulong id)
    {
        if (Root is null || id == 0) return default;
        if (s_known.TryGetValue(id, out byte[]? known) && InodeOf(Root + Encoding.UTF8.GetString(known)) == id) return known;
        string? path = All().FirstOrDefault(directory => InodeOf(directory) == id);
        if (path is null) return default;
        known = PathOf(path);
        Keep(id, known);
        return known;
    }

    private static void Keep(ulong id, byte[] path)
    {
        if (s_known.Count > 4096) s_known.Clear(); // cgroups come and go
        s_known[id] = path;
    }

    private static ulong InodeOf(string path)
    {
        stat found;
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0')) return LibC.stat(p, &found) == 0 ? (ulong)found.st_ino : 0;
    }

    /// <summary>Where cgroup2 is mounted: field 5 of the line whose type, after " - ", is cgroup2 (proc_pid_mountinfo(5)).</summary>
    private static string? FindRoot()
    {
        foreach (string line in File.ReadLines("/proc/self/mountinfo"))
        {
            int type = line.IndexOf(" - cgroup2 ", StringComparison.Ordinal);
            if (type > 0) return line[..type].Split(' ')[4];
        }
        return null;
    }
}
