using System.Globalization;

namespace BpfFs.Command;

/// <summary>
/// Group names, out of /etc/group: a static program cannot use getgrnam(3), which loads libraries at run time. Groups from elsewhere (LDAP) are
/// given by number.
/// </summary>
internal static class Groups
{
    public static uint? Find(string name) => File.Exists("/etc/group") ? Find(name, File.ReadLines("/etc/group")) : null;

    /// <param name="name">To look for.</param>
    /// <param name="lines">group(5): <c>name:password:gid:members</c>.</param>
    internal static uint? Find(string name, IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            string[] fields = line.Split(':');
            if (fields.Length < 3 || fields[0] != name) continue;
            if (uint.TryParse(fields[2], NumberStyles.None, CultureInfo.InvariantCulture, out uint gid)) return gid;
        }
        return null;
    }
}
