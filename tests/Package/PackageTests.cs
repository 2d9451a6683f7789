namespace Package.Tests;

/// <summary>The Debian package, in a Debian of its own.</summary>
public sealed class PackageTests
{
    [Fact]
    public void It_is_built_clean_installs_mounts_is_upgraded_and_purged()
    {
        using var output = new TemporaryDirectory();
        string tool = Path.Combine(ViewBinary.Repository(), "tools", "package");
        ToolResult built = Tool.RunFor(TimeSpan.FromMinutes(5), "env", $"BPFFS_VIEW={ViewBinary.Path}", tool, "--output", output.Path).Succeeded();
        string package = built.Output.Trim();
        Assert.True(File.Exists(package), built.Output + built.Errors);
        Assert.DoesNotContain("so the package is not checked", built.Errors); // lintian has seen it
        // the first time, a Debian is fetched
        Tap.Run(TimeSpan.FromMinutes(12), Path.Combine(ViewBinary.Repository(), "tests", "Package", "chroot"), package);
    }
}
