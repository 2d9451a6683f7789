using System.Buffers.Binary;
using System.Text;

namespace Mount.Tests;

/// <summary>A map with numbered elements, and what its entries file must say.</summary>
public sealed class Filled : IDisposable
{
    public Filled(MapType type, int count, int keySize = 4, int valueSize = 8, uint flags = 0)
    {
        int room = type is MapType.LruHash or MapType.LruPercpuHash ? count + 4096 : count; // an LRU drops elements before it is quite full
        Map = BpfMap.Create("filled", type, keySize, valueSize, room, flags);
        int cpus = Map.IsPerCpu ? BpfMap.PossibleCpus : 1;
        int stride = Map.IsPerCpu ? (valueSize + 7) / 8 * 8 : valueSize;
        byte[] keys = new byte[(long)count * keySize], values = new byte[(long)count * stride * cpus];
        Lines = new string[count];
        StringBuilder line = new();
        for (int i = 0; i < count; i++)
        {
            Span<byte> key = keys.AsSpan(i * keySize, keySize);
            WriteNumber(key, i);
            line.Clear().Append(Hex(key)).Append('\t');
            for (int cpu = 0; cpu < cpus; cpu++)
            {
                Span<byte> value = values.AsSpan(((i * cpus) + cpu) * stride, valueSize);
                for (int at = 0; at < valueSize; at++) value[at] = (byte)(((i + cpu) * 7919 + at) >> (at % 4 * 4));
                line.Append(cpu > 0 ? " | " : "").Append(Hex(value));
            }
            Lines[i] = line.ToString();
        }
        Map.UpdateMany(keys, values);
    }

    public BpfMap Map { get; }

    /// <summary>Lines by ascending key.</summary>
    public string[] Lines { get; }

    public void Dispose() => Map.Dispose();

    public static string Hex(ReadOnlySpan<byte> bytes)
    {
        string digits = Convert.ToHexStringLower(bytes);
        return string.Join(' ', Enumerable.Range(0, bytes.Length).Select(i => digits.Substring(i * 2, 2)));
    }

    private static void WriteNumber(Span<byte> to, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        bytes[..Math.Min(4, to.Length)].CopyTo(to);
    }
}
