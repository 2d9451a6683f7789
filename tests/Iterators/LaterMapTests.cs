using System.Buffers.Binary;
using Support;
using Kind = Support.MapType;

namespace Iterators.Tests;

/// <summary>Maps of types that no version knows yet: real ones, whose record says another type.</summary>
public sealed class LaterMapTests(LoadedSet loaded) : IClassFixture<LoadedSet>
{
    private const uint Later = 4000;

    [RootFact]
    public void Elements_are_looked_up_by_key()
    {
        using BpfMap map = BpfMap.Create("later", Kind.Hash, 4, 12, 100);
        for (int i = 0; i < 50; i++) map.Update(BitConverter.GetBytes(i), [.. BitConverter.GetBytes(i * 7), .. new byte[8]]);
        Assert.Equal(0, Open(map, out ElementReader? reader));
        using (reader)
        {
            Assert.False(reader!.IsPercpu);
            var found = new SortedDictionary<int, int>();
            while (reader.ReadNext(out ReadOnlySpan<byte> element) == 1) found.Add(BinaryPrimitives.ReadInt32LittleEndian(element), BinaryPrimitives.ReadInt32LittleEndian(element[reader.Layout.ValueOffset..]));
            Assert.Equal(Enumerable.Range(0, 50).Select(i => KeyValuePair.Create(i, i * 7)), found);
        }
    }

    /// <summary>Whatever the kernel writes for an element, there is room for it; all of it is shown where the kernel tells that it is several values.</summary>
    [RootFact]
    public void Values_may_be_one_for_each_cpu()
    {
        using BpfMap map = BpfMap.Create("later_percpu", Kind.PercpuArray, 4, 4, 3);
        byte[] values = new byte[8 * BpfMap.PossibleCpus];
        for (int cpu = 0; cpu < BpfMap.PossibleCpus; cpu++) values[cpu * 8] = (byte)(cpu + 1);
        map.Update(BitConverter.GetBytes(1), values);
        Assert.Equal(0, Open(map, out ElementReader? reader));
        using (reader)
        {
            bool tells = KernelNames.Has("BPF_F_CPU");
            Assert.Equal(tells, reader!.IsPercpu);
            Assert.Equal(tells ? BpfMap.PossibleCpus : 1, reader.Layout.Cpus);
            List<byte> found = [];
            while (reader.ReadNext(out ReadOnlySpan<byte> element) == 1)
            {
                for (int cpu = 0; cpu < reader.Layout.Cpus; cpu++) found.Add(element[reader.Layout.ValueOffset + (cpu * reader.Layout.ValueStride)]);
            }
            byte[] each = tells ? [.. Enumerable.Range(1, BpfMap.PossibleCpus).Select(i => (byte)i)] : [1];
            Assert.Equal([.. new byte[each.Length], .. each, .. new byte[each.Length]], found);
        }
    }

    [RootFact]
    public void Without_keys_there_is_nothing_to_look_up()
    {
        using BpfMap map = BpfMap.Create("later_queue", Kind.Queue, 0, 4, 3);
        Assert.Equal(0, loaded.Set.One.ReadMap(map.Id, out one_map_record record));
        Assert.True(MapElements.GivesKeys(record.map));
        record.map.type = Later;
        Assert.False(MapElements.GivesKeys(record.map));
        Assert.False(MapElements.GivesValues(record.map));
    }

    private int Open(BpfMap map, out ElementReader? reader)
    {
        Assert.Equal(0, loaded.Set.One.ReadMap(map.Id, out one_map_record record));
        record.map.type = Later;
        Assert.True(MapElements.CanLookUp(Later) && MapElements.GivesValues(record.map));
        using Fd fd = OneObject.OpenMap(map.Id);
        return ElementReader.Open(loaded.Set.Elements, fd.Disown(), record.map, out reader);
    }
}
