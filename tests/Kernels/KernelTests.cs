using Xunit.Abstractions;

namespace BpfFs.Kernels.Tests;

/// <summary>Every guest case of tests/Kernels/cases on Debian's kernels. All are run at once, as many guests at a time as there are processors; each test looks at one kernel's lines.</summary>
[Trait("needs", "qemu")]
public sealed class KernelTests(ITestOutputHelper output)
{
    private static readonly Lazy<Task<IReadOnlyList<string>>> s_lines = new(() => VmTest.RunAsync(["5.10", "6.1", "6.12", "newest"]));

    [Theory]
    [InlineData("5.10")]
    [InlineData("6.1")]
    [InlineData("6.12")]
    [InlineData("newest")]
    public async Task Every_case_is_ok(string kernel)
    {
        IReadOnlyList<string> all = await s_lines.Value, lines = VmTest.LinesOf(kernel, all);
        foreach (string line in lines)
            output.WriteLine(line);

        IReadOnlyList<TapLine> results = Tap.Parse(lines);
        TapLine[] failing = [.. results.Where(line => !line.Ok)];
        if (failing.Length > 0)
            Assert.Fail($"{failing.Length} of {results.Count} lines on {kernel}:\n{string.Join('\n', failing.AsEnumerable())}");
        if (results.Count == 0)
            Assert.Fail($"tools/vm-test/run said nothing of {kernel}:\n{string.Join('\n', all.TakeLast(40))}");
        // after the infrastructure's own lines: the cases of the view were all skipped, which must not look like success
        Assert.True(File.Exists(VmTest.Binary), $"{VmTest.Binary} is missing: build it, or name it in BPFFS_VIEW");
    }

    [Fact]
    public async Task The_run_ends_well()
    {
        IReadOnlyList<string> all = await s_lines.Value;
        Assert.Equal("# exit status 0", all[^1]);
    }
}
