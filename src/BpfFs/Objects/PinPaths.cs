using System.Globalization;
using System.Text;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// <c>pinned</c>: a line per path at which an object is pinned. A pin that is seen in our mount namespace has its paths there. One that is not has its
/// paths elsewhere, each once, with the inode of a mount namespace where that is its path; or none, if its bpffs is mounted nowhere.
/// </summary>
internal static class PinPaths
{
    private static readonly Recent<List<PinFileSystem>> s_recent = new(Take);

    private static readonly uint s_ownNamespace = OwnNamespace();

    /// <summary>The file of one kind of object.</summary>
    public static Render Of(ObjectKind subject, pin_what what) => (context, key, to) =>
    {
        int errno = subject.Stat(context, (uint)key, out _);
        if (errno != 0) return errno;
        errno = s_recent.Get(context, out List<PinFileSystem> systems);
        if (errno != 0) return errno;
        foreach (PinFileSystem system in systems)
        {
            foreach (Pin pin in system.Pins)
            {
                if (pin.Kind == what && pin.Id == key) AppendPaths(system, pin, to);
            }
        }
        return 0;
    };

    private static void AppendPaths(PinFileSystem system, in Pin pin, TextBuffer to)
    {
        SortedDictionary<string, uint> here = new(StringComparer.Ordinal), elsewhere = new(StringComparer.Ordinal); // by path, a character per byte
        foreach (PinMount mount in system.Mounts)
        {
            ReadOnlySpan<byte> root = mount.Root, path = pin.Path;
            if (mount.Point.Length == 0 || !path.StartsWith(root) || (path.Length > root.Length && path[root.Length] != '/')) continue;
            string text = Encoding.Latin1.GetString([.. mount.Point, .. path[root.Length..]]);
            SortedDictionary<string, uint> paths = mount.Namespace == s_ownNamespace ? here : elsewhere;
            if (!paths.TryGetValue(text, out uint other) || mount.Namespace < other) paths[text] = mount.Namespace;
        }
        foreach ((string text, uint name) in here.Count > 0 ? here : elsewhere)
        {
            to.AppendText(Encoding.Latin1.GetBytes(text));
            if (here.Count == 0)
            {
                to.Append("\t(mount namespace "u8); // a tab, which no escaped path has
                to.Append((ulong)name);
                to.Append((byte)')');
            }
            to.Append((byte)'\n');
        }
        if (here.Count + elsewhere.Count > 0) return;
        to.AppendText(pin.Path);
        to.Append("\t(not mounted)\n"u8);
    }

    private static int Take(ViewContext context, out List<PinFileSystem>? systems) => context.Iterators.Pinned!.Read(out systems!);

    /// <summary>As /proc shows it: <c>mnt:[4026531841]</c>; 0 without /proc.</summary>
    private static uint OwnNamespace()
    {
        string name = new FileInfo("/proc/self/ns/mnt").LinkTarget ?? "";
        return uint.TryParse(name.AsSpan(name.IndexOf('[') + 1).TrimEnd(']'), CultureInfo.InvariantCulture, out uint inode) ? inode : 0;
    }
}
