using System.Globalization;
using System.Text;
using BpfFs.Objects;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Attachments;

/// <summary>
/// What is attached to cgroups without a link: every cgroup of the cgroup2 hierarchy is asked for every attach type (BPF_PROG_QUERY), in the
/// order in which the programs run.
/// </summary>
internal static class CgroupAttachments
{
    private const uint BPF_F_ALLOW_OVERRIDE = 1;
    private const uint BPF_F_ALLOW_MULTI = 2;

    public static int Collect(List<Attachment> to)
    {
        if (CgroupPaths.Root is not { } root) return 0;
        var linked = to.Where(a => a.LinkId != 0 && a.Kind == "cgroup")
            .Select(a => (Encoding.UTF8.GetString(a.Target), a.Type, a.ProgId)).ToHashSet();
        (uint, string)[] types = [.. Names.AttachTypes.Select((name, i) => ((uint)i, Encoding.UTF8.GetString(name)))
            .Where(t => t.Item2.StartsWith("cgroup_", StringComparison.Ordinal) || t.Item2 == "lsm_cgroup")];
        int failed = 0;
        uint[] ids = new uint[64]; // BPF_CGROUP_MAX_PROGS
        foreach (string directory in CgroupPaths.All())
        {
            string path = directory.Length == root.Length ? "/" : directory[root.Length..];
            using Fd fd = ProgQuery.OpenDirectory(directory);
            if (fd.Errno != 0) continue; // removed meanwhile
            foreach ((uint number, string type) in types)
            {
                int errno = ProgQuery.Query(fd, number, ids, out int count, out uint flags);
                if (errno == EINVAL || errno == EOPNOTSUPP) continue; // this kernel has no such type, or keeps it out
                if (errno != 0) failed = errno;
                for (int i = 0; errno == 0 && i < count; i++)
                {
                    if (linked.Contains((path, type, ids[i]))) continue;
                    string how = (flags & BPF_F_ALLOW_MULTI) != 0 ? "multi" : (flags & BPF_F_ALLOW_OVERRIDE) != 0 ? "override" : "";
                    string order = count > 1 ? string.Create(CultureInfo.InvariantCulture, $"{how} {i + 1} of {count}").TrimStart() : how;
                    to.Add(new Attachment("cgroup", Encoding.UTF8.GetBytes(path), type, order, ids[i], 0));
                }
            }
        }
        return failed;
    }
}
