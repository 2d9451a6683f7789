using Xunit.Abstractions;

namespace BpfFs.Kernels.Tests;

/// <summary>Every guest case of tests/Kernels/cases on Debian's kernels. One class, so that xunit runs one VM at a time.</summary>
[Trait("needs", "qemu")]
public sealed class KernelTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("6.1")]
    [InlineData("6.12")]
    public async Task Every_case_is_ok(string kernel)
    {
        (int status, IReadOnlyList<string> lines) = await VmTest.RunAsync(kernel);
        foreach (string line in lines)
            output.WriteLine(line);

        IReadOnlyList<TapLine> results = Tap.Parse(lines);
        TapLine[] failing = [.. results.Where(line => !line.Ok)];
        if (failing.Length > 0)
            Assert.Fail($"{failing.Length} of {results.Count} lines on {kernel}:\n{string.Join('\n', failing.AsEnumerable())}");
        if (status != 0 || results.Count == 0)
            Assert.Fail($"tools/vm-test/run --kernel {kernel} ended with {status}:\n{string.Join('\n', lines.TakeLast(40))}");
        // after the infrastructure's own lines: the cases of the view were all skipped, which must not look like success
        Assert.True(File.Exists(VmTest.Binary), $"{VmTest.Binary} is missing: build it, or name it in BPFFS_VIEW");
    }
}
