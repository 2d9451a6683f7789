using BpfFs.View;
using Fuse;

namespace BpfFs.Tests.View;

public sealed class SentBackTests
{
    private readonly List<ulong> _closed = [];
    private readonly SentBack _opens;

    public SentBackTests() => _opens = new SentBack(_closed.Add);

    [Fact]
    public void A_thread_comes_back_once_for_what_waits()
    {
        Assert.True(_opens.TryAdd(By(7), 5, 50));
        Assert.False(_opens.TryTake(By(8), 5, out _));
        Assert.True(_opens.TryTake(By(7), 5, out ulong handle));
        Assert.Equal(50UL, handle);
        Assert.False(_opens.TryTake(By(7), 5, out _));
        Assert.Empty(_closed);
    }

    [Theory]
    [InlineData(6, 1000, 100)] // another file
    [InlineData(5, 1001, 100)] // the number of a thread that has ended, another user's by now
    [InlineData(5, 1000, 101)]
    public void What_waits_is_for_nobody_else(ulong node, uint uid, uint gid)
    {
        Assert.True(_opens.TryAdd(By(7), 5, 50));
        Assert.True(_opens.TryTake(new Request(2, uid, gid, 7), node, out ulong handle)); // whoever it is, he is not sent back a second time
        Assert.Equal(0UL, handle);
        Assert.Equal([50UL], _closed);
    }

    [Fact]
    public void Whose_thread_is_not_known_is_not_sent_back()
    {
        Assert.False(_opens.TryAdd(By(0), 5, 50));
        Assert.False(_opens.TryTake(By(0), 5, out _));
    }

    [Fact]
    public void One_user_leaves_room_for_others()
    {
        uint thread = 1;
        for (; thread <= SentBack.MostOfUser; thread++) Assert.True(_opens.TryAdd(By(thread), 5, thread));
        Assert.False(_opens.TryAdd(By(thread), 5, thread));
        Assert.True(_opens.TryAdd(new Request(1, 1001, 100, thread), 5, thread));
        for (thread++; thread <= SentBack.Most; thread++) Assert.True(_opens.TryAdd(new Request(1, 0, 0, thread), 5, thread));
        Assert.False(_opens.TryAdd(new Request(1, 0, 0, thread), 5, thread));
        Assert.Empty(_closed);
    }

    [Fact]
    public void A_successor_knows_who_has_to_come_back()
    {
        _opens.Restore(7, 5, 50, 1000, 100);
        Assert.True(_opens.TryTake(By(7), 5, out ulong handle));
        Assert.Equal(50UL, handle);
    }

    private static Request By(uint thread) => new(1, 1000, 100, thread);
}
