using System.Globalization;
using Fuse;

namespace BpfFs.Command;

/// <summary>A session as text for the next server: six lines, the last is the mount point.</summary>
internal static class SessionText
{
    public static string Of(FuseSession session) => string.Create(
        CultureInfo.InvariantCulture,
        $"{session.ProtocolMinor}\n{session.KernelMinor}\n{session.Flags}\n{session.MountId}\n{session.Device}\n{session.MountPoint}");

    public static FuseSession Parse(string text)
    {
        string[] lines = text.Split('\n', 6);
        CultureInfo culture = CultureInfo.InvariantCulture;
        return new FuseSession(int.Parse(lines[0], culture), int.Parse(lines[1], culture), ulong.Parse(lines[2], culture), int.Parse(lines[3], culture), lines[4], lines[5]);
    }
}
