using System.Buffers.Binary;
using System.Numerics;

namespace BpfFs.View;

/// <summary>A key that nobody but the servers of one view knows, and what it makes of numbers: who sees the result cannot find another number that has the same.</summary>
internal readonly record struct NodeSecret(ulong Low, ulong High)
{
    /// <summary>A new one; of a Guid's 128 bits 122 are from getrandom(2).</summary>
    public static NodeSecret New()
    {
        ReadOnlySpan<byte> random = Guid.NewGuid().ToByteArray();
        return new NodeSecret(BinaryPrimitives.ReadUInt64LittleEndian(random), BinaryPrimitives.ReadUInt64LittleEndian(random[8..]));
    }

    /// <summary>SipHash-2-4 of 16 bytes (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012).</summary>
    public ulong Hash(ulong first, ulong second)
    {
        ulong a = Low ^ 0x736f6d6570736575, b = High ^ 0x646f72616e646f6d, c = Low ^ 0x6c7967656e657261, d = High ^ 0x7465646279746573;
        foreach (ulong word in (ReadOnlySpan<ulong>)[first, second, 16UL << 56])
        {
            d ^= word;
            Round(ref a, ref b, ref c, ref d);
            Round(ref a, ref b, ref c, ref d);
            a ^= word;
        }
        c ^= 0xff;
        for (int i = 0; i < 4; i++) Round(ref a, ref b, ref c, ref d);
        return a ^ b ^ c ^ d;
    }

    private static void Round(ref ulong a, ref ulong b, ref ulong c, ref ulong d)
    {
        unchecked
        {
            a += b;
            c += d;
            b = BitOperations.RotateLeft(b, 13) ^ a;
            d = BitOperations.RotateLeft(d, 16) ^ c;
            a = BitOperations.RotateLeft(a, 32);
            c += b;
            a += d;
            b = BitOperations.RotateLeft(b, 17) ^ c;
            d = BitOperations.RotateLeft(d, 21) ^ a;
            c = BitOperations.RotateLeft(c, 32);
        }
    }
}
