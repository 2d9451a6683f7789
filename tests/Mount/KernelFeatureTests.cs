using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>What the kernel has is found out by looking for it, and what it lacks is named with the first kernel that has it.</summary>
public sealed partial class KernelFeatureTests(PlainView view) : IClassFixture<PlainView>
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
    public void What_is_missing_is_named_with_its_first_kernel()
    {
        string[] missing = [.. view.Read("status").Split('\n').Where(l => l.Contains(" missing: ", StringComparison.Ordinal) || l.StartsWith("pinned:\tmissing", StringComparison.Ordinal))];
        foreach (string line in missing)
        {
            Match since = SinceLinux().Match(line);
            Assert.True(since.Success, line);
            bool depends = line.Contains("where it is configured", StringComparison.Ordinal);
            Assert.True(depends || KernelRelease.Running < Version.Parse(since.Groups[1].Value), $"this kernel should have it: {line}");
        }
    }

    [GeneratedRegex("osrelease|uname *\\(|OSVersion|/proc/version|LINUX_KERNEL_VERSION|KERNEL_VERSION *\\(")]
    private static partial Regex ReadsVersion();

    [GeneratedRegex("since Linux ([0-9]+\\.[0-9]+)")]
    private static partial Regex SinceLinux();
}
