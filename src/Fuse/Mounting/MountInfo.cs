using System.Globalization;

namespace Fuse;

/// <summary>A line of /proc/self/mountinfo, proc_pid_mountinfo(5).</summary>
/// <param name="Id">Of the mount.</param>
/// <param name="Parent">Of the one it is on.</param>
/// <param name="Device">major:minor.</param>
/// <param name="MountPoint">Absolute.</param>
/// <param name="Type">Of the file system.</param>
/// <param name="UserId">A FUSE mount's owner, in numbers of our user namespace (fuse_show_options); null: another's, or not told.</param>
internal readonly record struct MountInfo(int Id, int Parent, string Device, string MountPoint, string Type, uint? UserId = null)
{
    internal static IReadOnlyList<MountInfo> ReadAll() => Parse(File.ReadAllText("/proc/self/mountinfo"));

    internal static IReadOnlyList<MountInfo> Parse(string text)
    {
        List<MountInfo> mounts = [];
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] fields = line.Split(' ');
            if (fields.Length < 9) continue;
            int separator = Array.IndexOf(fields, "-", 6); // optional fields end with a lone hyphen
            if (separator < 0 || separator + 1 >= fields.Length) continue;
            if (!int.TryParse(fields[0], CultureInfo.InvariantCulture, out int id)) continue;
            if (!int.TryParse(fields[1], CultureInfo.InvariantCulture, out int parent)) continue;
            mounts.Add(new MountInfo(id, parent, fields[2], Unescape(fields[4]), Unescape(fields[separator + 1]), UserIdOf(fields[^1])));
        }
        return mounts;
    }

    /// <summary>The uppermost mount at a path: the one on which no other mount at the same path stands.</summary>
    internal static MountInfo? TopAt(IReadOnlyList<MountInfo> mounts, string path)
    {
        MountInfo? top = null;
        foreach (MountInfo mount in mounts)
        {
            if (mount.MountPoint != path) continue;
            if (top is null || mount.Parent == top.Value.Id || !IsBelow(mounts, mount, top.Value)) top = mount;
        }
        return top;
    }

    private static bool IsBelow(IReadOnlyList<MountInfo> mounts, MountInfo mount, MountInfo other)
    {
        // Walks down from the other one; at most as many steps as there are mounts.
        int at = other.Parent;
        for (int steps = 0; steps < mounts.Count; steps++)
        {
            if (at == mount.Id) return true;
            MountInfo? next = null;
            foreach (MountInfo candidate in mounts)
            {
                if (candidate.Id == at) next = candidate;
            }
            if (next is null || next.Value.Parent == at) return false;
            at = next.Value.Parent;
        }
        return false;
    }

    /// <summary>
    /// Blank, tab, newline, backslash and '#' appear as a backslash and three octal digits (mangle, fs/proc_namespace.c).
    /// </summary>
    internal static string Unescape(string field)
    {
        if (!field.Contains('\\', StringComparison.Ordinal)) return field;
        System.Text.StringBuilder text = new(field.Length);
        for (int i = 0; i < field.Length; i++)
        {
            if (field[i] == '\\' && i + 3 < field.Length && IsOctal(field[i + 1]) && IsOctal(field[i + 2]) && IsOctal(field[i + 3]))
            {
                text.Append((char)(((field[i + 1] - '0') << 6) | ((field[i + 2] - '0') << 3) | (field[i + 3] - '0')));
                i += 3;
            }
            else
            {
                text.Append(field[i]);
            }
        }
        return text.ToString();
    }

    private static uint? UserIdOf(string options)
    {
        const string key = "user_id=";
        string? option = Array.Find(options.Split(','), o => o.StartsWith(key, StringComparison.Ordinal));
        return option is not null && uint.TryParse(option.AsSpan(key.Length), CultureInfo.InvariantCulture, out uint id) ? id : null;
    }

    private static bool IsOctal(char c) => c is >= '0' and <= '7';
}
