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

    [Fact]
    public void Restored_numbers_are_found_and_none_is_given_twice()
    {
        HandleTable<string> first = new();
        ulong[] handles = [.. Enumerable.Range(0, 100).Select(i => first.Add($"{i}"))];
        Assert.True(first.TryRemove(handles[7], out _));
        ulong again = first.Add("again"); // the same slot
        Assert.Equal((uint)handles[7], (uint)again);
        Assert.True(first.TryRemove(again, out _));
        ulong[] numbers = [.. handles];
        string?[] values = [.. Enumerable.Range(0, 100).Select(i => $"{i}")];
        (numbers[7], values[7]) = (again + (1UL << 32), null);
        values[8] = null; // open, but nobody goes on with it

        HandleTable<string> second = new();
        second.Restore(numbers, values);
        Assert.Equal(98, second.Count);
        for (int i = 0; i < 100; i++) Assert.Equal(values[i], second.Find(handles[i]));
        HashSet<ulong> seen = [.. handles, again];
        for (int i = 0; i < 200; i++) Assert.True(seen.Add(second.Add("new")), "a number is given twice");
        Assert.Null(second.Find(handles[7]));
        Assert.Null(second.Find(again));
        Assert.False(second.TryRemove(handles[8], out _));
    }
}
