namespace Fuse.Tests;

public sealed class ProcessorsTests
{
    [Theory]
    [InlineData("0\n", 1)]
    [InlineData("0-1\n", 2)]
    [InlineData("0-3,8\n", 5)]
    [InlineData("0,2-3,128-255", 131)]
    [InlineData("", 0)]
    [InlineData("all", 0)]
    [InlineData("0-", 0)]
    public void A_list_is_counted(string list, int count) => Assert.Equal(count, Processors.Count(list));

    [Fact]
    public void This_machine_has_some() => Assert.InRange(Processors.Possible(), Environment.ProcessorCount, 65_536);
}
