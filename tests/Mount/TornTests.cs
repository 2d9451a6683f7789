using System.Globalization;
using System.Runtime.InteropServices;

namespace Mount.Tests;

/// <summary>A map that is written while it is read: every entry was in the map at some moment, none is put together from two.</summary>
public sealed class TornTests(PlainView view) : IClassFixture<PlainView>
{
    private const int Keys = 2000;

    [Theory]
    [InlineData(MapType.Array, 0)]
    [InlineData(MapType.Hash, 0)]
    [InlineData(MapType.Hash, BpfMap.NoPrealloc)]
    [InlineData(MapType.LruHash, 0)]
    public async Task Values_that_change(MapType type, uint flags)
    {
        // An update puts a hash's element to the front of its bucket, where an iterator that goes on with the next 32 KiB counts from: the kernel
        // may leave out another one. In batches it hands out whole buckets. An LRU may drop some.
        int least = type switch { MapType.Array => Keys, MapType.Hash => KernelRefuses.Iterator("bpf_map_elem") is null ? Keys - 20 : Keys, _ => 1 };
        using BpfMap map = BpfMap.Create("torn", type, 4, 64, type == MapType.LruHash ? Keys * 2 : Keys, flags);
        for (uint key = 0; key < Keys; key++) Write(map, key, 0);
        // Two that write the same element of an array at once leave it mixed: there each writer has keys of its own.
        uint step = type == MapType.Array ? 2u : 1;
        await While(round =>
        {
            for (uint key = round % step; key < Keys; key += step) Write(map, key, round);
        }, () => Assert.InRange(Check(map), least, Keys));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(BpfMap.NoPrealloc)]
    public async Task Elements_that_come_and_go(uint flags)
    {
        // An element's memory is used for the next key at once.
        using BpfMap map = BpfMap.Create("torn_reused", MapType.Hash, 4, 64, 500, flags);
        await While(round =>
        {
            for (uint i = 0; i < 400; i++)
            {
                uint key = (round * 400) + i;
                Write(map, key, round);
                map.Delete(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key)));
            }
        }, () => Check(map));
    }

    /// <summary>Two threads write, one reads, for two seconds.</summary>
    private static async Task While(Action<uint> write, Action read)
    {
        using CancellationTokenSource stop = new();
        Task[] writers = [.. Enumerable.Range(1, 2).Select(start => Task.Factory.StartNew(() =>
        {
            for (uint round = (uint)start; !stop.IsCancellationRequested; round += 2) write(round);
        }, stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            for (long end = Environment.TickCount64 + 2000; Environment.TickCount64 < end;) read();
        }
        finally
        {
            await stop.CancelAsync();
        }
        await Task.WhenAll(writers);
    }

    /// <summary>Eight words that are all the same, and tell the key.</summary>
    private static void Write(BpfMap map, uint key, uint round)
    {
        Span<ulong> words = stackalloc ulong[8];
        words.Fill(((ulong)key << 32) | round);
        map.TryUpdate(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key)), MemoryMarshal.AsBytes(words)); // ENOMEM, E2BIG: the map is full for a moment
    }

    private int Check(BpfMap map)
    {
        string[] lines = File.ReadAllLines(view.Of(map, "entries"));
        foreach (string line in lines)
        {
            string[] parts = line.Split('\t');
            string value = parts[1];
            for (int word = 1; word < 8; word++) Assert.True(value.AsSpan(word * 24, 23).SequenceEqual(value.AsSpan(0, 23)), $"torn: {line}");
            Assert.True(value.Substring(12, 11) == parts[0], $"the value of another key: {line}");
        }
        return lines.Select(l => uint.Parse(l[..11].Replace(" ", "", StringComparison.Ordinal), NumberStyles.HexNumber, CultureInfo.InvariantCulture)).Distinct().Count();
    }
}
