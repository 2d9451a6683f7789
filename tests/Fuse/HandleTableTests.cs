namespace Fuse.Tests;

public sealed class HandleTableTests
{
    [Fact]
    public void A_stale_handle_never_finds_another_s_object()
    {
        HandleTable<string> table = new();
        ulong first = table.Add("first");
        Assert.Equal("first", table.Find(first));
        Assert.True(table.TryRemove(first, out string? removed));
        Assert.Equal("first", removed);
        ulong second = table.Add("second");
        Assert.Equal((uint)first, (uint)second); // the slot is used again
        Assert.Null(table.Find(first));
        Assert.False(table.TryRemove(first, out _));
        Assert.Equal("second", table.Find(second));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(1UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(0x1_8000_0000UL)]
    [InlineData(0x1_0000_0040UL)]
    public void A_number_that_never_was_one_finds_nothing(ulong handle)
    {
        HandleTable<string> table = new();
        Assert.Null(table.Find(handle));
        table.Add("x");
        Assert.Null(table.Find(handle));
        Assert.False(table.TryRemove(handle, out _));
    }

    [Fact]
    public void Grows_and_empties()
    {
        HandleTable<object> table = new();
        ulong[] handles = [.. Enumerable.Range(0, 1000).Select(i => table.Add(i))];
        Assert.Equal(1000, handles.Distinct().Count());
        Assert.Equal(1000, table.Count);
        Assert.Equal(1000, table.Values.Count());
        for (int i = 0; i < handles.Length; i++) Assert.Equal(i, table.Find(handles[i]));
        foreach (ulong handle in handles) Assert.True(table.TryRemove(handle, out _));
        Assert.Equal(0, table.Count);
        Assert.Empty(table.Values);
    }

    [Fact]
    public void Threads_never_see_each_other_s_objects()
    {
        HandleTable<object> table = new();
        ulong lastOfAnother = 0;
        Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
        {
            object mine = new();
            for (int i = 0; i < 50_000; i++)
            {
                ulong handle = table.Add(mine);
                Assert.Same(mine, table.Find(handle));
                table.Find(Volatile.Read(ref lastOfAnother));
                Volatile.Write(ref lastOfAnother, handle);
                Assert.True(table.TryRemove(handle, out object? removed));
                Assert.Same(mine, removed);
                Assert.Null(table.Find(handle));
            }
        });
        Assert.Equal(0, table.Count);
    }
}
