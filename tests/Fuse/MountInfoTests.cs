namespace Fuse.Tests;

public sealed class MountInfoTests
{
    private const string Text =
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/root rw\n" +
        "30 22 0:40 / /mnt/a\\040b\\134c rw,nosuid shared:5 master:2 - fuse.sample sample\\040x rw,user_id=0\n" +
        "31 22 0:41 / /mnt/x rw - tmpfs tmpfs rw\n" +
        "40 31 0:42 / /mnt/x ro - fuse.other other ro\n" +
        "broken line\n" +
        "50 22 0:50 / /mnt/nosep rw\n";

    [Fact]
    public void Escapes_and_optional_fields()
    {
        IReadOnlyList<MountInfo> mounts = MountInfo.Parse(Text);
        Assert.Equal(4, mounts.Count);
        Assert.Equal(new MountInfo(30, 22, "0:40", "/mnt/a b\\c", "fuse.sample", 0), mounts[1]);
        Assert.Null(mounts[2].UserId);
    }

    [Theory]
    [InlineData("31 22", "40 31")]
    [InlineData("40 31", "31 22")]
    public void The_uppermost_is_found_in_any_order(string first, string second)
    {
        string[] lines = Text.Split('\n');
        string text = lines.First(l => l.StartsWith(first, StringComparison.Ordinal)) + "\n" +
            lines.First(l => l.StartsWith(second, StringComparison.Ordinal)) + "\n" + lines[0] + "\n";
        Assert.Equal(40, MountInfo.TopAt(MountInfo.Parse(text), "/mnt/x")?.Id);
        Assert.Null(MountInfo.TopAt(MountInfo.Parse(text), "/mnt"));
    }
}
