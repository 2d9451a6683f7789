using System.Globalization;
using System.Text.RegularExpressions;

namespace Support;

/// <summary>The running kernel's version. For tests only: what a test skips for want of a feature, it must not skip where the kernel is new enough.</summary>
public static partial class KernelRelease
{
    /// <summary>Major and minor.</summary>
    public static Version Running { get; } = Version.Parse(Number().Match(File.ReadAllText("/proc/sys/kernel/osrelease")).Value);

    /// <summary>Why to skip a test; null: run it. A kernel that is new enough and lacks the feature runs it, and fails.</summary>
    public static string? Skip(bool isThere, string feature, string since) =>
        isThere || !IsBefore(since) ? null : string.Create(CultureInfo.InvariantCulture, $"{feature} exists since Linux {since}");

    /// <summary>For what no name tells.</summary>
    public static bool IsBefore(string release) => Running < Version.Parse(release);

    [GeneratedRegex("^[0-9]+\\.[0-9]+")]
    private static partial Regex Number();
}
