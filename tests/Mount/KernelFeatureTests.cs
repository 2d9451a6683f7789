using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>What the kernel has is found out by looking for it, and what it lacks or refuses is named.</summary>
public sealed partial class KernelFeatureTests
{
    /// <summary>Where the version is read, it is shown and nothing else.</summary>
    private static readonly string[] s_shown = ["src/BpfFs/Command/CheckCommand.cs", "src/BpfFs/Objects/Status.cs"];

    [Fact]
    public void No_version_decides()
    {
        string root = ViewBinary.Repository();
        string[] sources = [.. ((string[])["src", "bpf"]).SelectMany(d => Directory.GetFiles(Path.Combine(root, d), "*", SearchOption.AllDirectories))
            .Where(f => f.EndsWith(".cs", StringComparison.Ordinal) || f.EndsWith(".c", StringComparison.Ordinal) || f.EndsWith(".h", StringComparison.Ordinal))
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))];
        Assert.True(sources.Length > 200);
        Assert.Equal(s_shown, sources.Where(f => ReadsVersion().IsMatch(File.ReadAllText(f))).Select(f => Path.GetRelativePath(root, f)).Order());
        foreach (string file in s_shown) Assert.Single(ReadsVersion().Matches(File.ReadAllText(Path.Combine(root, file))));
    }

    [Fact]
    public void What_is_missing_the_kernel_lacks_or_refuses()
    {
        foreach (Match line in Missing().Matches(ViewBinary.Run("check").Output))
        {
            string cause = line.Groups["cause"].Value;
            if (SinceLinux().Match(cause) is { Success: true } since) Assert.True(KernelRelease.Running < Version.Parse(since.Groups[2].Value), $"this kernel should have it: {line}");
            else if (ProcFile().Match(cause) is { Success: true } file) Assert.False(File.Exists(file.Groups[1].Value), $"{line}");
            else Assert.True(s_iterators.TryGetValue(line.Groups["program"].Value, out string? target) && KernelRefuses.Iterator(target) is not null, $"the kernel takes such programs: {line}");
        }
    }

    /// <summary>Programs that a hardened kernel may refuse for what they iterate over; any other that it refuses is our fault.</summary>
    private static readonly Dictionary<string, string> s_iterators = new()
    {
        ["map_elements"] = "bpf_map_elem",
        ["sk_storage_records"] = "bpf_sk_storage_map",
        ["sockmap_records"] = "sockmap",
    };

    [GeneratedRegex("osrelease|uname *\\(|OSVersion|/proc/version|LINUX_KERNEL_VERSION|KERNEL_VERSION *\\(")]
    private static partial Regex ReadsVersion();

    [GeneratedRegex("^(?<program>[a-z0-9_]+) +(missing|replaced) +(?<cause>.*)$", RegexOptions.Multiline)]
    private static partial Regex Missing();

    [GeneratedRegex("no iterator ([a-z0-9_]+) \\(since Linux ([0-9]+\\.[0-9]+)\\)")]
    private static partial Regex SinceLinux();

    [GeneratedRegex("this kernel has no (/proc/net/[a-z0-9_]+)")]
    private static partial Regex ProcFile();
}
