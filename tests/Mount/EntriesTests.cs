using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>maps/ID/entries is what was put in.</summary>
public abstract class EntriesTheme(MountedView view)
{
    [Theory]
    [InlineData(MapType.Hash)]
    [InlineData(MapType.Array)]
    [InlineData(MapType.LruHash)]
    [InlineData(MapType.PercpuHash)]
    [InlineData(MapType.PercpuArray)]
    [InlineData(MapType.LruPercpuHash)]
    public void A_hundred_thousand(MapType type)
    {
        using Filled filled = new(type, 100_000);
        Same(filled);
    }

    [Fact]
    public void A_hundred_thousand_that_are_not_preallocated()
    {
        using Filled filled = new(MapType.Hash, 100_000, flags: BpfMap.NoPrealloc);
        Same(filled);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(7, 13)]
    [InlineData(8, 64)]
    [InlineData(13, 33)]
    [InlineData(511, 4097)]
    public void Odd_sizes(int keySize, int valueSize)
    {
        foreach (MapType type in (MapType[])[MapType.Hash, MapType.LruHash, MapType.PercpuHash])
        {
            using Filled filled = new(type, 200, keySize, valueSize);
            Same(filled);
        }
        using Filled array = new(MapType.Array, 200, 4, valueSize), perCpu = new(MapType.PercpuArray, 200, 4, valueSize);
        Same(array);
        Same(perCpu);
    }

    [Theory]
    [InlineData(32_000)]
    [InlineData(32_768)]
    [InlineData(100_001)]
    [InlineData(1_000_000)]
    public void Values_larger_than_the_kernels_buffer(int valueSize)
    {
        foreach (MapType type in (MapType[])[MapType.Array, MapType.Hash])
        {
            using Filled filled = new(type, 5, 4, valueSize);
            Same(filled);
        }
    }

    [Fact]
    public void Large_values_of_every_cpu()
    {
        using Filled hash = new(MapType.PercpuHash, 5, 4, 32_000), array = new(MapType.PercpuArray, 5, 4, 32_768);
        Same(hash);
        Same(array);
    }

    [Fact]
    public void An_empty_map_is_an_empty_file()
    {
        using BpfMap map = BpfMap.Create("empty", MapType.Hash, 4, 8, 100_000);
        Assert.Equal(0, new FileInfo(view.Of(map, "entries")).Length);
        Assert.Equal("", File.ReadAllText(view.Of(map, "entries")));
    }

    [Fact]
    public void Memory_does_not_grow_with_the_map()
    {
        using MountedView fresh = new();
        using BpfMap map = BpfMap.Create("large", MapType.Array, 4, 64, 500_000);
        long Peak() => long.Parse(File.ReadLines($"/proc/{fresh.ProcessId}/status").Single(l => l.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], null);
        Tool.Shell("for i in 1 2 3 4; do head -c 3000000 \"$1\" >/dev/null & done; wait", fresh.Of(map, "entries")).Succeeded();
        long before = Peak();
        // 100 MB each; what a reader may cost is the first MiB and its iterator's buffer
        string counts = Tool.Shell("for i in 1 2 3 4; do wc -l <\"$1\" & done; wait", fresh.Of(map, "entries")).Succeeded().Output;
        Assert.Equal("500000\n500000\n500000\n500000\n", counts);
        Assert.InRange(Peak() - before, 0, 16 * 1024);
    }

    [Fact]
    public void Ten_entries_of_a_map_with_room_for_a_million()
    {
        using BpfMap map = BpfMap.Create("roomy", MapType.Hash, 4, 8, 1_000_000, BpfMap.NoPrealloc);
        for (uint i = 0; i < 10; i++) map.Update(i, i);
        Assert.Equal(10, File.ReadAllLines(view.Of(map, "entries")).Length);
        Assert.Equal(10 * "00 00 00 00\t00 00 00 00 00 00 00 00\n".Length, new FileInfo(view.Of(map, "entries")).Length);
    }

    private void Same(Filled filled)
    {
        string[] lines = File.ReadAllLines(view.Of(filled.Map, "entries"));
        Assert.Equal(filled.Lines.Length, lines.Length);
        HashSet<string> got = [.. lines];
        Assert.Equal([], filled.Lines.Where(l => !got.Contains(l)).Take(3).Select(l => l.Length > 200 ? l[..200] : l));
        Assert.Equal(lines.Length, got.Count);
        // The index of an array orders it; a hash has no order.
        if (filled.Map.Type is MapType.Array or MapType.PercpuArray) Assert.Equal(filled.Lines, lines);
    }

    [Fact]
    public void Values_with_types()
    {
        using BtfObject btf = new("values");
        using BpfMap map = btf.Map("everything_map", MapType.Hash, 8, 96);
        byte[] value = new byte[96];
        value[0] = unchecked((byte)-5);
        BinaryPrimitives.WriteUInt16LittleEndian(value.AsSpan(2), 65535);
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(4), -7);
        BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(8), ulong.MaxValue);
        value[16] = 1;
        value[17] = (byte)'A';
        Encoding.ASCII.GetBytes("a\"b\\c").CopyTo(value, 18);
        BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(28), 5);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(32), 5 | (100 << 3) | (0xd << 10)); // 5, 100, -3
        for (int i = 0; i < 6; i++) BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(36 + (i * 4)), i - 1);
        for (int i = 0; i < 6; i++) BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(60 + (i * 4)), i);
        BinaryPrimitives.WriteUInt32LittleEndian(value.AsSpan(84), 0x04030201);
        BinaryPrimitives.WriteUInt64LittleEndian(value.AsSpan(88), 4096);
        map.Update(MemoryMarshal.AsBytes<int>([3, -4]), value);

        string[] parts = Assert.Single(File.ReadAllLines(view.Of(map, "entries"))).Split('\t');
        Assert.Equal(2, parts.Length);
        Equal("""{"x":3,"y":-4}""", parts[0]);
        Equal("""
            {"tiny":-5,"small":65535,"negative":-7,"huge":18446744073709551615,"yes":true,"letter":65,"text":"a\"b\\c","colour":"GREEN",
             "low":5,"middle":100,"sign":-3,"at":{"x":-1,"y":0},"corners":[{"x":1,"y":2},{"x":3,"y":4}],"grid":[[0,1,2],[3,4,5]],
             "":{"word":67305985,"bytes":[1,2,3,4]},"pointer":4096}
            """, parts[1]);
    }

    [Fact]
    public void Enumerators_that_have_no_name_are_numbers()
    {
        using BtfObject btf = new("values");
        using BpfMap map = btf.Map("everything_map", MapType.Hash, 8, 96);
        foreach ((int number, string shown) in ((int, string)[])[(-1, "\"BLUE\""), (0, "\"RED\""), (77, "77"), (-2, "-2")])
        {
            byte[] value = new byte[96];
            BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(28), number);
            map.Update(new byte[8], value);
            Assert.Contains($"\"colour\":{shown},", File.ReadAllText(view.Of(map, "entries")), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Text_that_is_not_printable_is_numbers()
    {
        using BtfObject btf = new("values");
        using BpfMap map = btf.Map("everything_map", MapType.Hash, 8, 96);
        byte[] value = new byte[96];
        value[18] = 10;
        value[19] = 27;
        map.Update(new byte[8], value);
        string line = Assert.Single(File.ReadAllLines(view.Of(map, "entries")));
        Assert.Equal(10, JsonDocument.Parse(line.Split('\t')[1]).RootElement.GetProperty("text")[0].GetInt32());
    }

    [Fact]
    public void The_values_of_each_cpu_with_types()
    {
        using BtfObject btf = new("values");
        using BpfMap map = btf.Map("per_cpu", MapType.PercpuHash, 4, 8);
        byte[] value = new byte[8 * BpfMap.PossibleCpus];
        for (int i = 0; i < BpfMap.PossibleCpus * 2; i++) BinaryPrimitives.WriteInt32LittleEndian(value.AsSpan(i * 4), i * 10);
        map.Update(BitConverter.GetBytes(7), value);
        string[] parts = Assert.Single(File.ReadAllLines(view.Of(map, "entries"))).Split('\t');
        Assert.Equal("7", parts[0]);
        Equal("[" + string.Join(',', Enumerable.Range(0, BpfMap.PossibleCpus).Select(i => $$"""{"x":{{i * 20}},"y":{{(i * 20) + 10}}}""")) + "]", parts[1]);
    }

    [Fact]
    public void A_hundred_thousand_with_types_agree_with_bpftool()
    {
        using BtfObject btf = new("values");
        using BpfMap many = btf.Map("many", MapType.Hash, 4, 64);
        uint[] keys = [.. Enumerable.Range(0, 100_000).Select(i => (uint)i * 3)];
        ulong[] values = [.. keys.SelectMany(k => Enumerable.Range(0, 8).Select(i => ((ulong)k << 8) + (ulong)i))];
        many.UpdateMany(MemoryMarshal.AsBytes<uint>(keys), MemoryMarshal.AsBytes<ulong>(values));
        string[] lines = File.ReadAllLines(view.Of(many, "entries"));
        Assert.Equal(keys.Select(k => string.Create(null, $"{k}\t{{{string.Join(',', Enumerable.Range(0, 8).Select(i => $"\"{(char)('a' + i)}\":{((ulong)k << 8) + (ulong)i}"))}}}")).Order(), lines.Order());

        using BpfMap numbers = btf.Map("numbers", MapType.Array, 4, 8);
        numbers.Update(2, 12345);
        JsonElement dump = JsonDocument.Parse(Tool.Run("bpftool", "-j", "map", "dump", "id", $"{numbers.Id}").Succeeded().Output).RootElement;
        Assert.Equal(dump.EnumerateArray().Select(e => e.GetProperty("formatted")).Select(e => $"{e.GetProperty("key")}\t{e.GetProperty("value")}"), File.ReadAllLines(view.Of(numbers, "entries")));
    }

    private static void Equal(string wanted, string got) =>
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(wanted).RootElement, JsonDocument.Parse(got).RootElement), $"wanted {wanted}\ngot {got}");
}

public sealed class EntriesTests(PlainView view) : EntriesTheme(view), IClassFixture<PlainView>;

public sealed class RingEntriesTests(RingView view) : EntriesTheme(view), IClassFixture<RingView>;
