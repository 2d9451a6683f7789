using System.Runtime.InteropServices;
using Support;
using Kind = Support.MapType;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

/// <summary>The elements of maps, however they are read.</summary>
public abstract class ElementReaderTestsBase
{
    private protected abstract int Open(uint mapId, out ElementReader? reader);

    /// <summary>Loads what is loaded once.</summary>
    private protected virtual void Prepare() { }

    [RootFact]
    public void Every_kind_gives_what_bpf_2_gives()
    {
        foreach ((Kind type, int key, int value, uint flags) in ((Kind, int, int, uint)[])[
            (Kind.Hash, 4, 8, 0), (Kind.Hash, 7, 13, BpfMap.NoPrealloc), (Kind.Hash, 300, 3000, 0), (Kind.Hash, 1, 1, 0),
            (Kind.Hash, 512, 32_768 - 512 - 16, BpfMap.NoPrealloc), (Kind.Hash, 512, 32_768 - 512 - 8, BpfMap.NoPrealloc), // just what an iterator can, and cannot
            (Kind.Hash, 512, 32_768 - 512 - 7, BpfMap.NoPrealloc), (Kind.Array, 4, 5, 0), (Kind.Array, 4, 4096, 1 << 10), (Kind.Array, 4, 40_000, 0),
            (Kind.LruHash, 8, 9, 0), (Kind.PercpuHash, 5, 8, 0), (Kind.PercpuHash, 4, 12, 0), (Kind.PercpuArray, 4, 1, 0), (Kind.PercpuArray, 4, 17_000, 0),
            (Kind.PercpuHash, 4, 30_000, 0), (Kind.LruPercpuHash, 4, 24, 0), (Kind.LpmTrie, 8, 6, BpfMap.NoPrealloc),
            (Kind.Hash, 4, 262_144 - 16, BpfMap.NoPrealloc), (Kind.Hash, 4, 262_144 - 15, BpfMap.NoPrealloc), (Kind.Array, 4, 300_000, 0)]) // just what is read in batches, and is not
        {
            using BpfMap map = BpfMap.Create("kinds", type, key, value, 10, flags);
            SortedDictionary<string, byte[]> expected = Fill(map, 10);
            Assert.Equal(0, Open(map.Id, out ElementReader? reader));
            using (reader)
            {
                for (int round = 0; round < 3; round++)
                {
                    SortedDictionary<string, byte[]> found = ReadAll(reader!, map);
                    Assert.Equal(expected.Keys, found.Keys);
                    foreach ((string k, byte[] v) in expected) Assert.True(v.AsSpan().SequenceEqual(found[k]), $"{type} {key} {value}: {k}");
                    Assert.Equal(0, reader!.Restart());
                }
            }
        }
    }

    [RootFact]
    public void An_empty_map()
    {
        foreach (int value in (int[])[8, 40_000, 300_000])
        {
            using BpfMap map = BpfMap.Create("empty", Kind.Hash, 4, value, 10, BpfMap.NoPrealloc);
            Assert.Equal(0, Open(map.Id, out ElementReader? reader));
            using (reader)
            {
                Assert.Equal(0, reader!.ReadNext(out _));
                Assert.Equal(0, reader.ReadNext(out _));
                map.Update(BitConverter.GetBytes(1), new byte[value]);
                Assert.Equal(0, reader.Restart());
                Assert.Equal(1, reader.ReadNext(out _));
            }
        }
    }

    [RootFact]
    public void A_hundred_thousand_elements()
    {
        const int count = 100_000;
        foreach (Kind type in (Kind[])[Kind.Hash, Kind.Array])
        {
            using BpfMap map = BpfMap.Create("large", type, 4, 8, count);
            for (uint i = 0; i < count; i++) map.Update(i, i * 3UL);
            Assert.Equal(0, Open(map.Id, out ElementReader? reader));
            using (reader)
            {
                var seen = new bool[count];
                int got;
                while ((got = reader!.ReadNext(out ReadOnlySpan<byte> element)) == 1)
                {
                    uint key = BitConverter.ToUInt32(element);
                    Assert.False(seen[key]);
                    seen[key] = true;
                    Assert.Equal(key * 3UL, BitConverter.ToUInt64(element[reader.Layout.ValueOffset..]));
                }
                Assert.Equal(0, got);
                Assert.DoesNotContain(false, seen);
            }
        }
    }

    [RootFact]
    public void Restart_in_the_middle_is_the_start()
    {
        foreach (int value in (int[])[8, 40_000, 300_000])
        {
            using BpfMap map = BpfMap.Create("restart", Kind.Array, 4, value, 20);
            Assert.Equal(0, Open(map.Id, out ElementReader? reader));
            using (reader)
            {
                for (int stop = 0; stop < 20; stop++)
                {
                    for (uint i = 0; i < stop; i++)
                    {
                        Assert.Equal(1, reader!.ReadNext(out ReadOnlySpan<byte> element));
                        Assert.Equal(i, BitConverter.ToUInt32(element));
                    }
                    Assert.Equal(0, reader!.Restart());
                }
            }
        }
    }

    [RootFact]
    public void Elements_deleted_meanwhile_are_left_out_and_the_end_comes()
    {
        foreach (int value in (int[])[8, 3000, 40_000, 300_000])
        {
            using BpfMap map = BpfMap.Create("deleted", Kind.Hash, 4, value, 40, BpfMap.NoPrealloc);
            SortedDictionary<string, byte[]> all = Fill(map, 40);
            Assert.Equal(0, Open(map.Id, out ElementReader? reader));
            using (reader)
            {
                for (int i = 0; i < 5; i++) Assert.Equal(1, reader!.ReadNext(out _));
                foreach (string key in all.Keys) map.Delete(Convert.FromHexString(key));
                int got, more = 0;
                while ((got = reader!.ReadNext(out ReadOnlySpan<byte> element)) == 1)
                {
                    // what the kernel had handed out already
                    Assert.True(all[Convert.ToHexStringLower(element[..4])].AsSpan().SequenceEqual(element.Slice(reader.Layout.ValueOffset, value)));
                    more++;
                }
                Assert.Equal(0, got);
                Assert.True(value == 8 ? more <= 35 : more < 35);
            }
        }
    }

    [RootFact]
    public void A_map_that_changes_all_the_time_still_has_an_end()
    {
        foreach (int value in (int[])[8, 40_000, 300_000])
        {
            using BpfMap map = BpfMap.Create("churn", Kind.Hash, 4, value, 64, BpfMap.NoPrealloc);
            Fill(map, 64);
            using CancellationTokenSource stop = new();
            Thread churn = new(() =>
            {
                byte[] bytes = new byte[value];
                for (uint i = 0; !stop.IsCancellationRequested; i++)
                {
                    map.Delete(BitConverter.GetBytes(i % 64));
                    map.TryUpdate(BitConverter.GetBytes(i % 64), bytes);
                }
            });
            churn.Start();
            try
            {
                Assert.Equal(0, Open(map.Id, out ElementReader? reader));
                using (reader)
                {
                    for (int round = 0; round < 10; round++)
                    {
                        int count = 0;
                        while (reader!.ReadNext(out _) == 1 && count < 10_000) count++;
                        Assert.InRange(count, 0, 9_999);
                        Assert.Equal(0, reader.Restart());
                    }
                }
            }
            finally
            {
                stop.Cancel();
                churn.Join();
            }
        }
    }

    /// <summary>
    /// Two counters at both ends of a value, of which the first is always ahead by one or none. A reading that mixes two moments has the second ahead: that was in the map at no moment, and
    /// no two readings agree on it, wherever the writer is stopped. Plain lookups show how many single readings are such.
    /// </summary>
    [RootFact]
    public unsafe void No_value_that_is_written_in_place_is_torn()
    {
        const int keys = 64, mmapable = 1 << 10, wanted = 20;
        foreach ((int valueSize, int rounds) in ((int, int)[])[(4096, 3000), (300_000, 200)])
        {
            using BpfMap map = BpfMap.Create("torn", Kind.Array, 4, valueSize, keys, mmapable);
            int length = ((keys * valueSize) + 4095) & ~4095;
            byte* memory = (byte*)LibC.mmap(null, length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, map.Fd, 0);
            Assert.True(memory != LibC.MAP_FAILED);
            try
            {
                using Writers writers = new(1, (round, _) =>
                {
                    byte* value = memory + ((nint)(round % keys) * valueSize);
                    ref ulong first = ref *(ulong*)value, second = ref *(ulong*)(value + valueSize - 8);
                    for (int i = 0; i < 2000; i++)
                    {
                        Volatile.Write(ref first, first + 1);
                        Volatile.Write(ref second, second + 1);
                    }
                });
                Assert.Equal(0, Open(map.Id, out ElementReader? reader));
                using (reader)
                {
                    byte[] once = new byte[valueSize];
                    int torn = 0;
                    for (int round = 0; round < rounds && torn < wanted; round++) // on one CPU none is
                    {
                        int count = 0, got;
                        while ((got = reader!.ReadNext(out ReadOnlySpan<byte> element)) == 1)
                        {
                            Assert.InRange(Ahead(element.Slice(reader.Layout.ValueOffset, valueSize)), 0, 1);
                            count++;
                        }
                        Assert.Equal(0, got);
                        Assert.Equal(keys, count);
                        Assert.Equal(0, reader.Restart());
                        for (uint key = 0; key < keys; key++)
                        {
                            map.Lookup(BitConverter.GetBytes(key), once);
                            if (Ahead(once) is < 0 or > 1) torn++;
                        }
                    }
                }
                writers.Stop();
            }
            finally
            {
                Assert.Equal(0, LibC.munmap(memory, length));
            }
        }

        static long Ahead(ReadOnlySpan<byte> value) => BitConverter.ToInt64(value) - BitConverter.ToInt64(value[^8..]);
    }

    /// <summary>The memory of an element that is deleted is the next one's at once.</summary>
    [RootFact]
    public void A_value_is_that_of_its_key()
    {
        const int keys = 400, words = 8;
        foreach ((Kind type, uint flags) in ((Kind, uint)[])[(Kind.Hash, 0), (Kind.Hash, BpfMap.NoPrealloc), (Kind.LruHash, 0), (Kind.LpmTrie, BpfMap.NoPrealloc)])
        {
            byte[] bits = type == Kind.LpmTrie ? [32, 0, 0, 0] : [];
            using BpfMap map = BpfMap.Create("own", type, bits.Length + 4, words * 8, keys, flags);
            using Writers writers = new(2, (round, writer) =>
            {
                Span<ulong> value = stackalloc ulong[words];
                for (uint i = (uint)writer; i < keys; i += 2)
                {
                    uint key = (round * keys) + i;
                    value.Fill(((ulong)key << 32) | round);
                    byte[] bytes = [.. bits, .. BitConverter.GetBytes(key)];
                    map.TryUpdate(bytes, MemoryMarshal.AsBytes(value)); // ENOMEM, E2BIG: it is full for a moment
                    if (i % 4 < 2) map.Delete(bytes);
                    else map.Delete([.. bits, .. BitConverter.GetBytes(key - keys)]);
                }
            });
            Assert.Equal(0, Open(map.Id, out ElementReader? reader));
            using (reader)
            {
                for (int count = 0; count < 20_000;)
                {
                    int got;
                    while ((got = reader!.ReadNext(out ReadOnlySpan<byte> element)) == 1)
                    {
                        count++;
                        ReadOnlySpan<ulong> value = MemoryMarshal.Cast<byte, ulong>(element.Slice(reader.Layout.ValueOffset, words * 8));
                        Assert.Equal(words, value.Count(value[0]));
                        Assert.Equal(BitConverter.ToUInt32(element[bits.Length..]), (uint)(value[0] >> 32));
                    }
                    Assert.True(got is 0, $"{type}: {got}");
                    Assert.Equal(0, reader.Restart());
                }
            }
            writers.Stop();
        }
    }

    [RootFact]
    public void It_holds_the_map_until_it_is_disposed()
    {
        uint id;
        ElementReader? reader;
        using (BpfMap map = BpfMap.Create("held", Kind.Array, 4, 8, 3))
        {
            id = map.Id;
            Assert.Equal(0, Open(id, out reader));
        }
        Assert.Equal(1, reader!.ReadNext(out _));
        Assert.Equal(0, reader.Restart());
        for (int i = 0; i < 3; i++) Assert.Equal(1, reader.ReadNext(out _));
        Assert.Equal(0, reader.ReadNext(out _));
        Assert.Contains(id, Bpf.Ids(ObjectKind.Map));
        reader.Dispose();
        reader.Dispose();
        Assert.Empty(Ids.Remaining([$"Map {id}"]));
    }

    [RootFact]
    public void Nothing_stays_of_many_readers()
    {
        Prepare(); // what it holds is not counted
        HashSet<string> before = Ids.HeldBy(Environment.ProcessId);
        int descriptors = Directory.GetFiles("/proc/self/fd").Length;
        using (BpfMap map = BpfMap.Create("many", Kind.Hash, 4, 8, 10))
        {
            Fill(map, 10);
            for (int i = 0; i < 200; i++)
            {
                Assert.Equal(0, Open(map.Id, out ElementReader? reader));
                for (int j = 0; j < i % 4; j++) reader!.ReadNext(out _);
                if (i % 3 == 0) reader!.Restart();
                reader!.Dispose();
            }
        }
        Assert.Empty(Ids.HeldBy(Environment.ProcessId).Except(before));
        Assert.Equal(descriptors, Directory.GetFiles("/proc/self/fd").Length);
    }

    [RootFact]
    public void What_cannot_be_read_is_EOPNOTSUPP()
    {
        foreach ((Kind type, int key, int value, int max, ulong extra) in ((Kind, int, int, int, ulong)[])[
            (Kind.Ringbuf, 0, 0, 4096, 0), (Kind.BloomFilter, 0, 4, 10, 3), (Kind.StackTrace, 4, 16, 4, 0), (Kind.PerfEventArray, 4, 4, 2, 0)])
        {
            using BpfMap map = BpfMap.Create("not", type, key, value, max, extra: extra);
            Assert.Equal(LibC.EOPNOTSUPP, Open(map.Id, out ElementReader? reader));
            Assert.Null(reader);
        }
    }

    [RootFact]
    public void Sizes_beyond_reason()
    {
        Assert.True(new ElementLayout(4, int.MaxValue, 1).Size > int.MaxValue);
        Assert.True(new ElementLayout(4, int.MaxValue, 8192).Size > 1L << 40);
        ElementLayout odd = new(1, 9, 1);
        Assert.Equal((8, 16, 24L, 32L), (odd.ValueOffset, odd.ValueStride, odd.EndOffset, odd.Size));
        using BpfMap map = BpfMap.Create("toolarge", Kind.Array, 4, 65 * 1024 * 1024, 1);
        Assert.Equal(LibC.EFBIG, Open(map.Id, out ElementReader? reader));
        Assert.Null(reader);
    }

    /// <summary>Random elements; each as its key in hex and the value, of a per-CPU map all CPUs'.</summary>
    private protected static SortedDictionary<string, byte[]> Fill(BpfMap map, int count)
    {
        Random random = new(map.KeySize * map.ValueSize);
        var elements = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            byte[] key = new byte[map.KeySize];
            random.NextBytes(key);
            if (map.Type is Kind.Array or Kind.PercpuArray || key.Length == 4) BitConverter.TryWriteBytes(key, i);
            else if (map.Type == Kind.LpmTrie) BitConverter.TryWriteBytes(key, 32);
            else key[0] = (byte)i;
            byte[] value = new byte[map.IsPerCpu ? (map.ValueSize + 7) / 8 * 8 * BpfMap.PossibleCpus : map.ValueSize];
            random.NextBytes(value);
            map.Update(key, value);
        }
        // as the kernel has them now
        for (byte[]? key = Next(map, null); key is not null; key = Next(map, key))
            elements.Add(Convert.ToHexStringLower(key), Significant(map, map.Lookup(key)));
        Assert.True(elements.Count > 0);
        return elements;
    }

    private static unsafe byte[]? Next(BpfMap map, byte[]? previous)
    {
        byte[] next = new byte[map.KeySize];
        fixed (byte* p = previous, n = next)
        {
            Bpf.map_elem_attr attr = new() { map_fd = (uint)map.Fd, key = p, value = n };
            return Bpf.Try(4, ref attr) == 0 ? next : null; // BPF_MAP_GET_NEXT_KEY
        }
    }

    /// <summary>Without what fills each CPU's value up to 8 bytes.</summary>
    private static byte[] Significant(BpfMap map, byte[] value) =>
        map.IsPerCpu ? [.. value.Chunk((map.ValueSize + 7) / 8 * 8).SelectMany(v => v.Take(map.ValueSize))] : value;

    private static SortedDictionary<string, byte[]> ReadAll(ElementReader reader, BpfMap map)
    {
        var elements = new SortedDictionary<string, byte[]>(StringComparer.Ordinal);
        int got;
        while ((got = reader.ReadNext(out ReadOnlySpan<byte> element)) == 1)
        {
            var value = new List<byte>();
            for (int cpu = 0; cpu < reader.Layout.Cpus; cpu++)
                value.AddRange(element.Slice(reader.Layout.ValueOffset + (cpu * reader.Layout.ValueStride), map.ValueSize));
            elements.Add(Convert.ToHexStringLower(element[..map.KeySize]), [.. value]);
        }
        Assert.Equal(0, got);
        return elements;
    }
}
