namespace Mount.Tests;

/// <summary>sendfile(2) ends where the kernel believes the file to end: that must not be what it knew a moment ago.</summary>
public abstract class GrownTheme(MountedView view)
{
    [Theory]
    [InlineData("busybox", "cat")]
    [InlineData("cat")]
    public void A_file_that_has_grown_since_stat_is_read_whole(params string[] reader)
    {
        string path = view.At("maps.debug");
        using Herd<BpfMap> maps = new();
        for (int i = 0; i < 5; i++)
        {
            _ = new FileInfo(path).Length; // the kernel may remember this for a second
            maps.Add(BpfMap.Create($"grown_{i}", MapType.Array, 4, 8, 1));
            string output = Tool.Run(reader[0], [.. reader[1..], path]).Output;
            Assert.Contains($" grown_{i} ", output, StringComparison.Ordinal);
            Assert.EndsWith("\n", output, StringComparison.Ordinal);
        }
    }
}

public sealed class GrownTests(PlainView view) : GrownTheme(view), IClassFixture<PlainView>;

public sealed class RingGrownTests(RingView view) : GrownTheme(view), IClassFixture<RingView>;
