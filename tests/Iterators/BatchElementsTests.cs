using System.Runtime.InteropServices;
using Support;
using Kind = Support.MapType;

namespace Iterators.Tests;

/// <summary>The elements of maps where the kernel has no iterator for them: by BPF_MAP_LOOKUP_BATCH.</summary>
public sealed class BatchElementsTests : ElementReaderTestsBase
{
    private const uint BPF_F_ZERO_SEED = 1 << 6; // of a hash: the same key is always in the same bucket

    private static readonly OneObject s_one = new(_ => -1);
    private static readonly MapElements s_elements = new(-1, BpfMap.PossibleCpus);

    private protected override int Open(uint mapId, out ElementReader? reader) => ElementReader.Open(s_one, s_elements, mapId, out reader);

    [RootFact]
    public void What_the_kernel_has_batches_for_is_read_in_batches()
    {
        foreach ((Kind type, uint flags, string operations) in ((Kind, uint, string)[])[
            (Kind.Hash, 0, ""), (Kind.Hash, BpfMap.NoPrealloc, ""), (Kind.LruHash, 0, ""), (Kind.PercpuHash, 0, ""), (Kind.LruPercpuHash, 0, ""), (Kind.Array, 0, "")])
        {
            using BpfMap map = BpfMap.Create("batch", type, 4, 12, 3000, flags);
            for (uint i = 0; i < 1500; i++) map.Update(BitConverter.GetBytes(i), new byte[map.IsPerCpu ? 16 * BpfMap.PossibleCpus : 12]);
            using Walk walk = new(map);
            Assert.Equal(type == Kind.Array ? 3000 : 1500, walk.Count());
            Assert.False(walk.Batches.IsInRest, $"{type}");
        }
    }

    [RootFact]
    public void Maps_in_maps_are_ids()
    {
        using BpfMap inner = BpfMap.Create("inner", Kind.Array, 4, 8, 1), other = BpfMap.Create("other", Kind.Array, 4, 8, 1);
        foreach (Kind type in (Kind[])[Kind.ArrayOfMaps, Kind.HashOfMaps])
        {
            using BpfMap outer = BpfMap.Create("outer", type, 4, 4, 2000, inner: inner);
            foreach (uint i in (uint[])[3, 700, 1999]) outer.Update(BitConverter.GetBytes(i), BitConverter.GetBytes(i == 700 ? other.Fd : inner.Fd));
            Assert.Equal(0, Open(outer.Id, out ElementReader? reader));
            using (reader)
            {
                SortedDictionary<uint, uint> found = [];
                while (reader!.ReadNext(out ReadOnlySpan<byte> element) == 1) found.Add(BitConverter.ToUInt32(element), BitConverter.ToUInt32(element[reader.Layout.ValueOffset..]));
                Assert.Equal([new(3, inner.Id), new(700, other.Id), new(1999, inner.Id)], found); // and the empty places are none
            }
        }
    }

    /// <summary>What bpf(2) has no batch of.</summary>
    [RootFact]
    public void Other_types_are_read_key_after_key()
    {
        using BpfProgram program = BpfProgram.Load("called", ProgramType.Xdp);
        using BpfMap calls = BpfMap.Create("calls", Kind.ProgArray, 4, 4, 5000), queue = BpfMap.Create("queue", Kind.Queue, 0, 8, 4);
        calls.Update(BitConverter.GetBytes(7), BitConverter.GetBytes(program.Fd));
        calls.Update(BitConverter.GetBytes(4999), BitConverter.GetBytes(program.Fd));
        using Walk walk = new(calls);
        Assert.Equal(2, walk.Count());
        Assert.True(walk.Batches.IsInRest);
        Assert.Equal(0, Open(queue.Id, out ElementReader? reader));
        using (reader)
        {
            Assert.Equal(0, reader!.ReadNext(out _));
            queue.Update([], BitConverter.GetBytes(5L));
            queue.Update([], BitConverter.GetBytes(6L));
            reader.Restart();
            Assert.Equal(1, reader.ReadNext(out ReadOnlySpan<byte> element));
            Assert.Equal(5, BitConverter.ToInt64(element));
            Assert.Equal(0, reader.ReadNext(out _));
        }
    }

    [RootFact]
    public void A_bucket_with_more_elements_than_a_batch()
    {
        const int buckets = 4096;
        uint[] keys = Colliding(2500, buckets, bucket: 77);
        uint[] others = [.. Enumerable.Range(1, 1000).Select(i => (uint)i).Except(keys)];
        using BpfMap map = BpfMap.Create("collide", Kind.Hash, 4, 8, buckets, BPF_F_ZERO_SEED | BpfMap.NoPrealloc);
        foreach (uint key in keys.Concat(others)) map.Update(key, key * 5UL);
        using Walk walk = new(map);
        int usual = walk.Batches.Capacity;
        Assert.InRange(usual, 1, keys.Length - 1);
        AssertSame(keys.Concat(others), walk.Keys());
        Assert.InRange(walk.Batches.Capacity, keys.Length, 2 * keys.Length);
        Assert.False(walk.Batches.IsInRest);
        walk.Batches.Restart();
        AssertSame(keys.Concat(others), walk.Keys());
    }

    [RootFact]
    public void A_bucket_that_is_too_large_for_a_batch_is_read_key_after_key_and_so_is_the_rest()
    {
        const int buckets = 1024, valueSize = 32 * 1024;
        uint[] keys = Colliding(200, buckets, bucket: 500); // 6.4 MB
        uint[] others = [.. Enumerable.Range(1, 200).Select(i => (uint)i).Except(keys)];
        using BpfMap map = BpfMap.Create("toomany", Kind.Hash, 4, valueSize, buckets, BPF_F_ZERO_SEED | BpfMap.NoPrealloc);
        byte[] value = new byte[valueSize];
        foreach (uint key in keys.Concat(others))
        {
            BitConverter.TryWriteBytes(value, key * 5UL);
            map.Update(BitConverter.GetBytes(key), value);
        }
        using Walk walk = new(map);
        for (int round = 0; round < 2; round++)
        {
            AssertSame(keys.Concat(others), walk.Keys());
            Assert.True(walk.Batches.IsInRest);
            walk.Batches.Restart();
            Assert.False(walk.Batches.IsInRest);
        }
    }

    /// <summary>Each bucket is copied under its lock, and a key never changes its bucket.</summary>
    [RootFact]
    public void Of_a_hash_that_changes_nothing_that_stays_is_missed_and_nothing_is_repeated()
    {
        const int staying = 20_000, coming = 20_000;
        foreach (Kind type in (Kind[])[Kind.Hash, Kind.PercpuHash])
        {
            using BpfMap map = BpfMap.Create("changes", type, 4, 8, staying + coming);
            byte[] value = new byte[8 * (map.IsPerCpu ? BpfMap.PossibleCpus : 1)];
            for (uint i = 0; i < staying; i++) map.Update(BitConverter.GetBytes(i), value);
            using Writers writers = new(2, (round, writer) =>
            {
                // the writers' own keys come and go, those that stay are replaced: each goes to the front of its bucket
                for (uint i = (uint)writer; i < staying; i += 2)
                {
                    map.TryUpdate(BitConverter.GetBytes(i), value);
                    map.TryUpdate(BitConverter.GetBytes(staying + ((i + round) % coming)), value);
                    map.Delete(BitConverter.GetBytes(staying + ((i + round + 99) % coming)));
                }
            });
            using Walk walk = new(map);
            for (int round = 0; round < 20; round++)
            {
                uint[] keys = walk.Keys();
                Assert.Equal(keys.Length, keys.Distinct().Count());
                Assert.Equal(staying, keys.Count(key => key < staying));
                Assert.False(walk.Batches.IsInRest);
                walk.Batches.Restart();
            }
            writers.Stop();
        }
    }

    [RootFact]
    public void A_map_that_grows_while_it_is_read()
    {
        const int before = 5000, after = 200_000;
        using BpfMap map = BpfMap.Create("grows", Kind.Hash, 4, 8, after, BpfMap.NoPrealloc);
        for (uint i = 0; i < before; i++) map.Update(i, i * 5UL);
        using Walk walk = new(map);
        HashSet<uint> seen = [];
        uint next = before;
        while (walk.Batches.ReadNext(out ReadOnlySpan<byte> element) is var got && got != 0)
        {
            Assert.Equal(1, got);
            uint key = BitConverter.ToUInt32(element);
            Assert.Equal(key * 5UL, BitConverter.ToUInt64(element[8..]));
            Assert.True(seen.Add(key));
            for (int more = 0; more < 20 && next < after; more++, next++) map.Update(next, next * 5UL);
        }
        Assert.Equal(before, seen.Count(key => key < before));
        Assert.InRange(seen.Count, before + 1, (int)next);
    }

    [RootFact]
    public void A_million_elements_in_memory_that_does_not_grow()
    {
        const int count = 1_000_000;
        using BpfMap map = BpfMap.Create("million", Kind.Hash, 4, 8, count);
        uint[] keys = [.. Enumerable.Range(0, count).Select(i => (uint)i)];
        ulong[] values = [.. keys.Select(key => key * 5UL)];
        map.UpdateMany(MemoryMarshal.AsBytes<uint>(keys), MemoryMarshal.AsBytes<ulong>(values));
        using Walk walk = new(map);
        Assert.Equal(1, walk.Batches.ReadNext(out _));
        int capacity = walk.Batches.Capacity;
        walk.Batches.Restart();
        long allocated = GC.GetAllocatedBytesForCurrentThread(), sum = 0;
        int got, seen = 0;
        for (; (got = walk.Batches.ReadNext(out ReadOnlySpan<byte> element)) == 1; seen++) sum += (long)BitConverter.ToUInt64(element[8..]);
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        Assert.Equal(0, got);
        Assert.Equal(count, seen);
        Assert.Equal(values.Sum(v => (long)v), sum);
        Assert.Equal(0, allocated);
        Assert.Equal(capacity, walk.Batches.Capacity);
        Assert.False(walk.Batches.IsInRest);
    }

    private static void AssertSame(IEnumerable<uint> expected, uint[] found)
    {
        Assert.Equal(found.Length, found.Distinct().Count());
        Assert.Equal(expected.Order(), found.Order());
    }

    /// <summary>Keys that a hash without a seed puts into the same bucket.</summary>
    private static uint[] Colliding(int count, int buckets, uint bucket) =>
        [.. Enumerable.Range(0, int.MaxValue).Select(i => (uint)i).Where(key => (Hash(key) & (uint)(buckets - 1)) == bucket).Take(count)];

    /// <summary>What the kernel's hash tables make of a key of four bytes: lookup3 by Bob Jenkins (include/linux/jhash.h), seed 0.</summary>
    private static uint Hash(uint key)
    {
        uint b = 0xdeadbeef + 4, c = b, a = b + key;
        c = (c ^ b) - uint.RotateLeft(b, 14);
        a = (a ^ c) - uint.RotateLeft(c, 11);
        b = (b ^ a) - uint.RotateLeft(a, 25);
        c = (c ^ b) - uint.RotateLeft(b, 16);
        a = (a ^ c) - uint.RotateLeft(c, 4);
        b = (b ^ a) - uint.RotateLeft(a, 14);
        return (c ^ b) - uint.RotateLeft(b, 24);
    }

    /// <summary>A walk over a map in batches, without what chooses how to walk.</summary>
    private sealed class Walk : IDisposable
    {
        private readonly ElementLookup _lookup;

        public Walk(BpfMap map)
        {
            _lookup = new ElementLookup(map.Fd, new ElementLayout(map.KeySize, map.ValueSize, map.IsPerCpu ? BpfMap.PossibleCpus : 1), map.IsPerCpu);
            Batches = new BatchElements(_lookup, new WalkBound(long.MaxValue));
        }

        public BatchElements Batches { get; }

        /// <summary>To its end.</summary>
        public int Count()
        {
            int count = 0, got;
            while ((got = Batches.ReadNext(out _)) == 1) count++;
            Assert.Equal(0, got);
            return count;
        }

        /// <summary>All keys, whose values are to be five times as much if they are numbers.</summary>
        public uint[] Keys()
        {
            List<uint> keys = [];
            int got;
            while ((got = Batches.ReadNext(out ReadOnlySpan<byte> element)) == 1) keys.Add(BitConverter.ToUInt32(element));
            Assert.Equal(0, got);
            return [.. keys];
        }

        public void Dispose()
        {
            Batches.Dispose();
            _lookup.Dispose();
        }
    }
}
