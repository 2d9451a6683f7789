namespace Mount.Tests;

/// <summary>-o subset: only parts of the view.</summary>
public sealed class SubsetTests
{
    [Theory]
    [InlineData("-o", "subset=progs,kernel", new[] { "README", "kernel", "progs", "progs.debug", "progs.json", "progs.stats.json", "status" })]
    [InlineData("--subset", "maps.json,tasks", new[] { "README", "maps.json", "status", "tasks" })]
    public void Only_what_is_named(string option, string value, string[] expected)
    {
        using var view = new MountedView(new ViewOptions { Arguments = [option, value] });
        Assert.Equal(expected, Directory.EnumerateFileSystemEntries(view.Root).Select(p => Path.GetFileName(p)!).Order(StringComparer.Ordinal));
        Assert.False(File.Exists(view.At("maps.debug")));
        string status = view.Read("status");
        if (expected.Contains("progs")) Assert.Contains("iterator:\tholder_records loaded\n", status, StringComparison.Ordinal);
        else Assert.Contains("iterator:\tholder_records not loaded: no part of the view needs it\n", status, StringComparison.Ordinal);
        Assert.All(expected.Where(n => n.Contains('.', StringComparison.Ordinal)), n => Assert.NotEmpty(view.Read(n)));
    }

    [Theory]
    [InlineData("-o", "subset=progs,nonsense")]
    [InlineData("--subset", "nonsense")]
    public void What_is_no_part_is_refused_by_name(string option, string value)
    {
        using var directory = new TemporaryDirectory();
        string pins = ViewBinary.NewPinDirectory();
        try
        {
            ToolResult result = ViewBinary.Run(directory.Path, "--pin-dir", pins, option, value);
            Assert.Equal(2, result.Code);
            Assert.Contains("nonsense", result.Errors, StringComparison.Ordinal);
            Assert.Contains("progs", result.Errors, StringComparison.Ordinal);
            Assert.Empty(Mounts.At(directory.Path));
        }
        finally
        {
            ViewBinary.End(directory.Path, pins);
        }
    }
}
