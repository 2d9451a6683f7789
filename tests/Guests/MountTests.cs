using Xunit.Abstractions;

namespace Guests.Tests;

public sealed class MountTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("6.1")]
    [InlineData("6.12")]
    [InlineData("newest")]
    public void Every_mount_test_passes_there(string kernel)
    {
        string script = Path.Combine(ViewBinary.Repository(), "tools", "vm-test", "tests");
        foreach (string line in Tap.Run(TimeSpan.FromHours(5), script, "--kernel", kernel, "--binary", ViewBinary.Path).Where(line => line.StartsWith("# ", StringComparison.Ordinal) || line.Contains("# SKIP", StringComparison.Ordinal)))
        {
            output.WriteLine(line);
        }
    }
}
