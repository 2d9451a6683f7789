using System.Globalization;

namespace Support;

/// <summary>Ids of programs, maps, links and BTF as "Program 12": what is new, what is whose, what is left.</summary>
public static class Ids
{
    private static readonly (string Key, ObjectKind Kind)[] s_keys =
        [("prog_id:", ObjectKind.Program), ("map_id:", ObjectKind.Map), ("link_id:", ObjectKind.Link), ("btf_id:", ObjectKind.Btf)];

    /// <summary>All that the kernel has.</summary>
    public static HashSet<string> All() => [.. Enum.GetValues<ObjectKind>().SelectMany(k => Bpf.Ids(k).Select(id => $"{k} {id}"))];

    /// <summary>What a process has descriptors of.</summary>
    public static HashSet<string> HeldBy(int process)
    {
        HashSet<string> held = [];
        foreach (string file in Quietly(() => Directory.GetFiles($"/proc/{process}/fdinfo")) ?? [])
        {
            foreach (string line in Quietly(() => File.ReadAllLines(file)) ?? [])
            {
                foreach ((string key, ObjectKind kind) in s_keys)
                {
                    if (line.StartsWith(key, StringComparison.Ordinal)) held.Add($"{kind} {line[key.Length..].Trim()}");
                }
            }
        }
        return held;
    }

    /// <summary>Null where the process ended or closed the descriptor meanwhile: the others are still to be read.</summary>
    private static string[]? Quietly(Func<string[]> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// Those that have come since <paramref name="before"/>, without what other processes have descriptors of: the machine may load programs
    /// that are not ours.
    /// </summary>
    public static string[] NewSince(HashSet<string> before)
    {
        string[] now = [.. All().Except(before)];
        if (now.Length == 0) return now;
        HashSet<string> others = [];
        foreach (string directory in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(directory), CultureInfo.InvariantCulture, out int pid)) others.UnionWith(HeldBy(pid));
        }
        return [.. now.Except(others)];
    }

    /// <summary>Those that are still there after some time; the kernel frees after an RCU grace period.</summary>
    public static string[] Remaining(IReadOnlyCollection<string> ids)
    {
        string[] left = [];
        Poll.Until(() => (left = [.. All().Intersect(ids)]).Length == 0);
        return left;
    }
}
