using System.Buffers.Binary;

namespace Support.Fuzz;

/// <summary>
/// FUSE requests, right and wrong, &lt;linux/fuse.h&gt;: nearly right ones go deeper than noise. What answers told (nodes, handles) comes back in later requests.
/// </summary>
/// <param name="names">To look up.</param>
public sealed class FuseRequests(params string[] names)
{
    private const int Header = 40;
    private static readonly ulong[] s_odd = [0, 1, 2, 7, 255, 4095, 4096, 65535, 1 << 20, int.MaxValue, uint.MaxValue, long.MaxValue, 1UL << 63, ulong.MaxValue];
    private readonly List<ulong> _nodes = [1], _handles = [];

    /// <summary>Opcodes whose answers are none.</summary>
    public static bool IsSilent(uint opcode) => opcode is 2 or 41 or 42;

    /// <summary>Handles that answers gave and nobody has released: (opcode that releases it, node, handle).</summary>
    public List<(uint Release, ulong Node, ulong Handle)> Open { get; } = [];

    /// <summary>One request, made from nothing but a number and what was learned.</summary>
    public byte[] Make(int seed)
    {
        Random random = new(seed);
        uint opcode = random.Next(20) == 0 ? (uint)random.Next() : (uint)random.Next(56);
        ulong node = random.Next(8) == 0 ? Odd(random) : _nodes[random.Next(_nodes.Count)];
        byte[] body = Body(random, opcode);
        byte[] request = Of(opcode, node, body, (ulong)seed + 2, random.Next(3) == 0 ? 0u : 65534u);
        return random.Next(3) == 0 ? Damaged(random, request) : request;
    }

    public static byte[] Of(uint opcode, ulong node, byte[] body, ulong unique, uint uid = 0)
    {
        byte[] request = new byte[Header + body.Length];
        Write(request, 0, (uint)request.Length);
        Write(request, 4, opcode);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(8), unique);
        BinaryPrimitives.WriteUInt64LittleEndian(request.AsSpan(16), node);
        Write(request, 24, uid);
        Write(request, 28, uid);
        Write(request, 32, (uint)Environment.ProcessId);
        body.CopyTo(request, Header);
        return request;
    }

    /// <summary>Remembers what an answer without an error tells.</summary>
    public void Learn(ReadOnlySpan<byte> request, ReadOnlySpan<byte> reply)
    {
        if (request.Length < Header || reply.Length < 32 || BinaryPrimitives.ReadInt32LittleEndian(reply[4..]) != 0) return;
        uint opcode = BinaryPrimitives.ReadUInt32LittleEndian(request[4..]);
        ulong first = BinaryPrimitives.ReadUInt64LittleEndian(reply[16..]);
        if (opcode == 1 && _nodes.Count < 4096) _nodes.Add(first);
        if (opcode is not (14 or 27)) return;
        if (_handles.Count < 256) _handles.Add(first);
        else _handles[(int)(first % 256)] = first;
        Open.Add((opcode == 14 ? 18u : 29u, BinaryPrimitives.ReadUInt64LittleEndian(request[16..]), first));
    }

    /// <summary>What is wrong with an answer; null: nothing. <paramref name="room"/> has the answer at its start.</summary>
    public static string? FailureOf(ReadOnlySpan<byte> request, ReadOnlySpan<byte> room, int length)
    {
        ulong unique = request.Length >= 16 ? BinaryPrimitives.ReadUInt64LittleEndian(request[8..]) : 0;
        uint opcode = request.Length >= 8 ? BinaryPrimitives.ReadUInt32LittleEndian(request[4..]) : 0;
        bool isWhole = request.Length >= Header;
        if (unique == 0 || (isWhole && IsSilent(opcode))) return length == 0 ? null : $"opcode {opcode}, request {unique}: answered, though nobody waits";
        if (length == 0) return isWhole && opcode == 36 ? null : $"opcode {opcode}: not answered"; // an INTERRUPT that names itself finds its request
        if (length < 16 || length > room.Length) return $"opcode {opcode}: an answer of {length} bytes";
        if (BinaryPrimitives.ReadUInt32LittleEndian(room) != length) return $"opcode {opcode}: {length} bytes, but says otherwise";
        if (BinaryPrimitives.ReadUInt64LittleEndian(room[8..]) != unique) return $"opcode {opcode}: answers another request";
        int error = BinaryPrimitives.ReadInt32LittleEndian(room[4..]);
        if (error is > 0 or < -511 || (error != 0 && length != 16)) return $"opcode {opcode}: error {error} with {length} bytes";
        bool isBounded = isWhole && opcode is 15 or 28 or 44 && request.Length >= Header + 20;
        return isBounded && (uint)(length - 16) > BinaryPrimitives.ReadUInt32LittleEndian(request[(Header + 16)..]) ? $"opcode {opcode}: {length - 16} bytes, more than were asked for" : null;
    }

    private byte[] Body(Random random, uint opcode)
    {
        if (opcode == 1) return [.. System.Text.Encoding.UTF8.GetBytes(random.Next(6) == 0 ? $"{random.Next(2000)}" : names[random.Next(names.Length)]), 0];
        byte[] body = new byte[opcode switch { 3 => 16, 14 or 27 => 8, 15 or 28 or 44 => 40, 18 or 29 or 25 => 24, 26 => 64, 34 or 36 => 8, 46 or 52 => 24, 42 => 8 + (16 * random.Next(4)), _ => random.Next(64) }];
        for (int at = 0; at + 8 <= body.Length; at += 8) BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(at), random.Next(4) == 0 ? Odd(random) : 0);
        if (opcode is 14 or 27 && random.Next(4) != 0) body.AsSpan().Clear();
        if (opcode is 15 or 18 or 25 or 28 or 29 or 44 or 46 or 52 && _handles.Count > 0) BinaryPrimitives.WriteUInt64LittleEndian(body, _handles[random.Next(_handles.Count)]);
        if (opcode is 15 or 28 or 44 && random.Next(8) != 0)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(8), random.Next(2) == 0 ? 0 : (ulong)random.Next(3000));
            Write(body, 16, (uint)(random.Next(2) == 0 ? 4096 : random.Next(70_000)));
        }
        return body;
    }

    private static byte[] Damaged(Random random, byte[] request)
    {
        switch (random.Next(5))
        {
            case 0:
                return request[..random.Next(request.Length)]; // and says it is longer
            case 1:
                byte[] cut = request[..random.Next(request.Length)];
                if (cut.Length >= 4) Write(cut, 0, (uint)cut.Length);
                return cut;
            case 2:
                byte[] longer = [.. request, .. new byte[random.Next(300)]];
                random.NextBytes(longer.AsSpan(request.Length));
                Write(longer, 0, (uint)longer.Length);
                return longer;
            case 3:
                for (int i = random.Next(1, 6); i > 0; i--) request[random.Next(request.Length)] ^= (byte)(1 << random.Next(8));
                return request;
            default:
                int at = random.Next(request.Length / 4) * 4;
                Write(request, at, (uint)Odd(random));
                return request;
        }
    }

    private static ulong Odd(Random random) => s_odd[random.Next(s_odd.Length)];

    private static void Write(byte[] to, int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(to.AsSpan(at), value);
}
