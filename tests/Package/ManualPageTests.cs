namespace Package.Tests;

public sealed class ManualPageTests
{
    [Theory]
    [InlineData("bpffs-view.5")]
    [InlineData("bpffs-view.8")]
    public void Mandoc_has_no_remark(string page)
    {
        ToolResult result = Tool.Run("mandoc", "-T", "lint", Path.Combine(ViewBinary.Repository(), "docs", page));
        // which other pages this machine has installed says nothing of ours
        string[] remarks = [.. result.Output.Split('\n').Where(line => line.Length > 0 && !line.Contains("referenced manual not found", StringComparison.Ordinal))];
        Assert.Empty(remarks);
    }
}
