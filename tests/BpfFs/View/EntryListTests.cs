using System.Text;
using BpfFs.View;

namespace BpfFs.Tests.View;

public sealed class EntryListTests : IDisposable
{
    private readonly EntryList _list = new();

    public void Dispose() => _list.Dispose();

    [Fact]
    public void Names_keys_and_times_come_back()
    {
        for (int round = 0; round < 3; round++)
        {
            byte[] name = "reused"u8.ToArray();
            _list.Add(name, 5, 6);
            name.AsSpan().Fill((byte)'x'); // it was copied
            _list.Add(7);
            _list.Add(4294967295, 9);
            _list.Add(""u8, 0);
            Assert.Equal(4, _list.Count);
            Assert.Equal(["reused", "7", "4294967295", ""], Enumerable.Range(0, 4).Select(i => Encoding.UTF8.GetString(_list.Name(i))));
            Assert.Equal([5UL, 7, 4294967295, 0], Enumerable.Range(0, 4).Select(_list.Key));
            Assert.Equal([6UL, 0, 9, 0], Enumerable.Range(0, 4).Select(_list.LoadTime));
            _list.Clear();
            Assert.Equal(0, _list.Count);
        }
    }

    [Fact]
    public void A_hundred_thousand()
    {
        for (uint id = 1; id <= 100_000; id++) _list.Add(id, id);
        Assert.Equal("1"u8, _list.Name(0));
        Assert.Equal("100000"u8, _list.Name(99_999));
        Assert.Equal(50_000UL, _list.Key(49_999));
    }
}
