namespace Systemd.Tests;

public sealed class BootTests
{
    [Fact]
    public void The_view_is_there_after_a_boot_and_gone_after_a_purge()
    {
        using var output = new TemporaryDirectory();
        string tools = Path.Combine(ViewBinary.Repository(), "tools");
        string package = Tool.RunFor(TimeSpan.FromMinutes(5), "env", $"BPFFS_VIEW={ViewBinary.Path}", Path.Combine(tools, "package"), "--output", output.Path).Succeeded().Output.Trim();
        Tap.Run(TimeSpan.FromMinutes(13), Path.Combine(tools, "vm-test", "systemd"), "--package", package);
    }
}
