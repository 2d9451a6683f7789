namespace Systemd.Tests;

public sealed class BootTests
{
    /// <summary>6.1 cannot send requests again: there a restart is a new mount, and everything else the same.</summary>
    [Theory]
    [InlineData("6.12")]
    [InlineData("6.1")]
    public void The_view_is_there_after_a_boot_stays_over_restarts_and_is_gone_after_a_purge(string kernel)
    {
        using var output = new TemporaryDirectory();
        string tools = Path.Combine(ViewBinary.Repository(), "tools");
        string package = Tool.RunFor(TimeSpan.FromMinutes(5), "env", $"BPFFS_VIEW={ViewBinary.Path}", Path.Combine(tools, "package"), "--output", output.Path).Succeeded().Output.Trim();
        // What is installed first has a lower version, so that the guest upgrades.
        string older = output.At("older.deb");
        Tool.Shell(
            """
            dpkg-deb -R "$1" "$2" && sed -i 's/^Version: .*/Version: 0.0.1/' "$2/DEBIAN/control" && dpkg-deb --root-owner-group -Zxz -b "$2" "$3"
            """,
            package, output.At("older"), older).Succeeded();
        Tap.Run(TimeSpan.FromMinutes(18), Path.Combine(tools, "vm-test", "systemd"), "--kernel", kernel, "--package", package, "--from", older);
    }
}
