using Support;
using Kind = Support.MapType;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

/// <summary>The elements of maps key after key: of types without batches, and of what no batch has room for.</summary>
public sealed unsafe class KeyedElementsTests
{
    [RootFact]
    public void Every_kind_of_map_can_be_walked_so()
    {
        foreach ((Kind type, uint flags) in ((Kind, uint)[])[(Kind.Hash, 0), (Kind.Array, 0), (Kind.LruHash, 0), (Kind.PercpuHash, 0), (Kind.PercpuArray, 0), (Kind.LruPercpuHash, 0)])
        {
            using BpfMap map = BpfMap.Create("keyed", type, 4, 12, 500, flags);
            int stride = map.IsPerCpu ? 16 : 12;
            for (uint i = 0; i < 500; i++)
            {
                byte[] value = new byte[map.IsPerCpu ? stride * BpfMap.PossibleCpus : stride];
                for (int cpu = 0; cpu * stride < value.Length; cpu++) value.AsSpan(cpu * stride, 12).Fill((byte)(i + cpu));
                map.Update(BitConverter.GetBytes(i), value);
            }
            using Walk walk = new(map);
            for (int round = 0; round < 2; round++)
            {
                HashSet<uint> seen = [];
                int got;
                while ((got = walk.Keys.ReadNext(out ReadOnlySpan<byte> element)) == 1)
                {
                    uint key = BitConverter.ToUInt32(element);
                    Assert.True(seen.Add(key));
                    for (int cpu = 0; cpu < walk.Layout.Cpus; cpu++)
                        Assert.False(element.Slice(walk.Layout.ValueOffset + (cpu * walk.Layout.ValueStride), 12).ContainsAnyExcept((byte)(key + cpu)));
                }
                Assert.Equal(0, got);
                Assert.Equal(500, seen.Count);
                walk.Keys.Restart();
            }
        }
    }

    [RootFact]
    public void It_goes_on_after_any_key()
    {
        using BpfMap map = BpfMap.Create("goon", Kind.Array, 4, 8, 10);
        using Walk walk = new(map);
        for (uint start = 0; start < 10; start++)
        {
            walk.Keys.GoOn(BitConverter.GetBytes(start));
            for (uint next = start + 1; next < 10; next++)
            {
                Assert.Equal(1, walk.Keys.ReadNext(out ReadOnlySpan<byte> element));
                Assert.Equal(next, BitConverter.ToUInt32(element));
            }
            Assert.Equal(0, walk.Keys.ReadNext(out _));
        }
    }

    /// <summary>The kernel starts over where the last key is gone. A walk that this happens to at each step has an end, too.</summary>
    [RootFact]
    public void A_walk_whose_every_key_is_deleted_ends_with_EBUSY()
    {
        using BpfMap map = BpfMap.Create("bound", Kind.Hash, 4, 8, 16);
        for (uint i = 0; i < 16; i++) map.Update(i, i);
        using Walk walk = new(map);
        for (int round = 0; round < 2; round++)
        {
            uint fresh = 1000;
            int got, count = 0;
            while ((got = walk.Keys.ReadNext(out ReadOnlySpan<byte> element)) == 1 && count < 10_000)
            {
                count++;
                map.Delete(element[..4]);
                map.Update(fresh++, 1);
            }
            Assert.Equal(-LibC.EBUSY, got);
            Assert.InRange(count, 16, 4 * 16 + 1024);
            walk.Keys.Restart();
        }
    }

    [RootFact]
    public void Keys_alone()
    {
        using BpfMap map = BpfMap.Create("alone", Kind.Hash, 4, 8, 16);
        map.Update(5, 7);
        using Walk walk = new(map, hasValues: false);
        Assert.Equal(1, walk.Keys.ReadNext(out ReadOnlySpan<byte> element));
        Assert.Equal([5, 0, 0, 0, .. new byte[20]], element.ToArray());
        Assert.Equal(0, walk.Keys.ReadNext(out _));
    }

    /// <summary>On a machine with many CPUs all values of an element never stand still at once, but each does.</summary>
    [RootFact]
    public void The_values_of_CPUs_are_confirmed_one_by_one()
    {
        if (BpfMap.PossibleCpus < 2) return;
        using BpfMap map = BpfMap.Create("cpus", Kind.PercpuHash, 4, 16, 4);
        byte[] first = new byte[16 * BpfMap.PossibleCpus], second = [.. first], now = [.. first];
        second[0] = 1; // CPU 0 changed between the two readings, CPU 1 did since
        now[0] = 1;
        now[16] = 9;
        map.Update(BitConverter.GetBytes(3), now);
        using Walk walk = new(map);
        byte[] element = [3, 0, 0, 0, 0, 0, 0, 0, .. first, .. new byte[8]];
        fixed (byte* p = element) Assert.Equal(0, walk.Lookup.Confirm(p, second));
        Assert.Equal(1, element[8]);
        Assert.Equal(0, element[8 + 16]); // agreed when it was read
    }

    private sealed class Walk : IDisposable
    {
        public Walk(BpfMap map, bool hasValues = true)
        {
            Layout = new ElementLayout(map.KeySize, map.ValueSize, map.IsPerCpu ? BpfMap.PossibleCpus : 1);
            Lookup = new ElementLookup(map.Fd, Layout, map.IsPerCpu);
            Keys = new KeyedElements(Lookup, WalkBound.Of(new map_record { max_entries = 16 }), hasValues);
        }

        public ElementLayout Layout { get; }

        public ElementLookup Lookup { get; }

        public KeyedElements Keys { get; }

        public void Dispose()
        {
            Keys.Dispose();
            Lookup.Dispose();
        }
    }
}
