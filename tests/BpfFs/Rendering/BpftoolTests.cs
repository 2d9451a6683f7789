using System.Text.Json.Nodes;
using BpfFs.Rendering;
using Iterators;
using Microsoft.Extensions.Logging.Abstractions;
using Support;
using MapType = Support.MapType;

namespace BpfFs.Tests.Rendering;

/// <summary>What bpftool makes of the same map.</summary>
public sealed class BpftoolTests
{
    private static readonly Dictionary<string, int> s_bits = new() { ["low"] = 3, ["middle"] = 7, ["sign"] = 4 };

    [RootFact]
    public void Keys_and_values_are_those_of_bpftool()
    {
        using var objects = new Support.BtfObject("values");
        // sizes as the compiler has them: bpftool and the reader take them from the kernel
        using IteratorSet set = IteratorSet.Load(new IteratorSetOptions(), NullLogger.Instance);
        foreach ((string name, MapType type, int keySize) in ((string, MapType, int)[])[("everything_map", MapType.Hash, 8), ("numbers", MapType.Array, 4)])
        {
            using BpfMap probe = objects.Map(name, type, keySize, 1);
            int errno = set.One.ReadMap(probe.Id, out one_map_record record);
            Assert.Equal(0, errno);
            int valueSize = (int)record.map.value_size;
            Assert.Equal(keySize, (int)record.map.key_size);
            using BpfMap map = objects.Map(name, type, keySize, valueSize);
            Fill(map);
            Compare(set, map);
        }
    }

    private static void Fill(BpfMap map)
    {
        Random random = new(10);
        for (int i = 0; i < (map.Type == MapType.Array ? 4 : 12); i++)
        {
            byte[] key = new byte[map.KeySize], value = new byte[map.ValueSize];
            BitConverter.TryWriteBytes(key, i);
            if (i == 1) value.AsSpan().Fill(0xff);
            else if (i > 1) random.NextBytes(value);
            map.Update(key, value);
        }
    }

    private static void Compare(IteratorSet set, BpfMap map)
    {
        var ours = new SortedDictionary<string, (string Key, string Value)>(StringComparer.Ordinal);
        Assert.Equal(0, ElementReader.Open(set, map.Id, out ElementReader? reader));
        using (reader)
        using (Btf btf = Btf.TryLoad(reader!.Map.btf_id, out _)!)
        {
            ValueNode keys = ValueFormat.Make(btf, reader.Map.btf_key_type_id, reader.Layout.KeySize);
            ValueNode values = ValueFormat.Make(btf, reader.Map.btf_value_type_id, reader.Layout.ValueSize);
            while (reader.ReadNext(out ReadOnlySpan<byte> element) == 1)
            {
                byte[] copy = element.ToArray();
                string key = Text.Of(to => keys.Write(copy, to)), value = Text.Of(to => values.Write(copy.AsSpan(reader.Layout.ValueOffset), to));
                ours.Add(Hex(copy[..map.KeySize]), (key, value));
            }
        }
        JsonArray theirs = JsonNode.Parse(Tool.Run("bpftool", "-j", "map", "dump", "id", $"{map.Id}").Succeeded().Output)!.AsArray();
        Assert.Equal(theirs.Count, ours.Count);
        foreach (JsonNode? entry in theirs)
        {
            (string key, string value) = ours[Hex([.. entry!["key"]!.AsArray().Select(b => Convert.ToByte((string)b!, 16))])];
            AssertSame(entry["formatted"]!["key"]!, JsonNode.Parse(key)!, map.Name);
            AssertSame(entry["formatted"]!["value"]!, JsonNode.Parse(value)!, map.Name);
        }
    }

    /// <summary>Equal, but where bpftool prints what we know better: see each case.</summary>
    private static void AssertSame(JsonNode theirs, JsonNode ours, string path)
    {
        switch (theirs)
        {
            case JsonObject record:
                Assert.Equal(record.Select(p => p.Key), ours.AsObject().Select(p => p.Key));
                foreach ((string name, JsonNode? value) in record) AssertSame(value!, ours[name]!, $"{path}.{name}");
                break;
            case JsonArray array:
                Assert.Equal(array.Count, ours.AsArray().Count);
                for (int i = 0; i < array.Count; i++) AssertSame(array[i]!, ours[i]!, $"{path}[{i}]");
                break;
            case JsonValue value when value.TryGetValue(out string? text) && s_bits.TryGetValue(path[(path.LastIndexOf('.') + 1)..], out int bits):
                Assert.Equal(Convert.ToInt64(text, 16), ours.GetValue<long>() & ((1L << bits) - 1)); // bitfields are hex in bpftool, without a sign
                break;
            default:
                Assert.True(theirs.ToJsonString() == ours.ToJsonString(), $"{path}: bpftool has {theirs.ToJsonString()}, we have {ours.ToJsonString()}");
                break;
        }
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
