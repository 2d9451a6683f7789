using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tests.Rendering;

/// <summary>Random values of random types.</summary>
public sealed class CeilingTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void The_text_is_json_of_at_most_the_ceiling(int seed)
    {
        for (int i = 0; i < 250; i++)
        {
            int typeSeed = (seed * 1000) + i; // a failure names it: rerun with this one alone
            Random random = new(typeSeed);
            var generator = new Generator(random);
            (uint type, int size) = generator.Type(0);
            using Btf btf = generator.Types.Build();
            int room = size + (random.Next(4) == 0 ? random.Next(9) : 0);
            ValueNode node = ValueFormat.Make(btf, type, room, asBpftool: i % 3 == 0);
            foreach ((int offset, int length) in ValueFormat.KernelRanges(btf, type, room))
                Assert.True(offset >= 0 && length >= 0 && offset + length <= room, $"type of seed {typeSeed}");
            for (int round = 0; round < 8; round++)
            {
                byte[] data = new byte[room];
                if (round < 4) random.NextBytes(data);
                else if (round == 4) data.AsSpan().Fill(0xff);
                else if (round == 5) data.AsSpan().Fill((byte)'"');
                else for (int b = 0; b < data.Length; b++) data[b] = (byte)(b % 7 == 6 ? 0 : random.Next(0x20, 0x7f));
                byte[] text = Text.Bytes(to => node.Write(data, to));
                Assert.True(text.Length <= node.Ceiling, $"type of seed {typeSeed}: {text.Length} > {node.Ceiling}");
                Text.AssertJson(text);
            }
        }
    }

    private sealed class Generator(Random random)
    {
        private int _names;

        public BtfBuilder Types { get; } = new();

        public (uint Type, int Size) Type(int depth)
        {
            switch (random.Next(depth < 5 ? 16 : 9))
            {
                case 0 or 1 or 2:
                    return Int();
                case 3:
                    return (Types.Int("__int128", 16, (uint)random.Next(2)), 16);
                case 4:
                    return (Types.Ptr(random.Next(2) == 0 ? 0 : Types.TypeTag(random.Next(2) == 0 ? "kptr" : "user", Types.Fwd("f"))), 8);
                case 5:
                    return Enum();
                case 6:
                    bool isSigned = random.Next(2) == 0;
                    return (Types.Enum64("e", isSigned, [.. Enumerable.Range(0, random.Next(4)).Select(i => (Name(), random.NextInt64() - random.NextInt64()))]), 8);
                case 7:
                    int floating = (int[])[2, 4, 8, 10, 16] is var sizes ? sizes[random.Next(sizes.Length)] : 0;
                    return (Types.Float("f", floating), floating);
                case 8:
                    return (Types.Struct(random.Next(2) == 0 ? "bpf_spin_lock" : "bpf_timer", 4), 4);
                case 9 or 10:
                    (uint element, int stride) = random.Next(2) == 0 ? (Types.Int("char", 1, 1), 1) : Type(depth + 1);
                    int count = random.Next(10);
                    return (Types.Array(element, (uint)count), stride * count);
                case 11:
                    (uint to, int size) = Type(depth + 1);
                    return (random.Next(3) switch { 0 => Types.Typedef(Name(), to), 1 => Types.Const(to), _ => Types.Volatile(to) }, size);
                case 12:
                    return Union(depth);
                case 13:
                    return Section(depth);
                default:
                    return Struct(depth);
            }
        }

        private (uint, int) Int()
        {
            int size = 1 << random.Next(4);
            uint encoding = random.Next(4) switch { 0 => BtfBuilder.Bool, 1 => BtfBuilder.Signed, 2 => BtfBuilder.Char, _ => 0 };
            return (Types.Int(Name(), size, encoding), size);
        }

        private (uint, int) Enum()
        {
            int size = 1 << random.Next(4);
            return (Types.Enum("e", size, random.Next(2) == 0, [.. Enumerable.Range(0, random.Next(4)).Select(i => (Name(), random.Next(-2, 3)))]), size);
        }

        private (uint, int) Struct(int depth)
        {
            var members = new List<Member>();
            int bits = 0;
            bool bitfields = random.Next(2) == 0;
            for (int i = random.Next(7); i > 0; i--)
            {
                if (bitfields && random.Next(2) == 0)
                {
                    (uint type, int size) = random.Next(3) == 0 ? Type(depth + 1) : random.Next(2) == 0 ? Enum() : Int();
                    int width = random.Next(1, Math.Min(size * 8, 64) + 2);
                    members.Add(new Member(Name(), type, bits, Math.Min(width, 64)));
                    bits += Math.Min(width, 64);
                }
                else
                {
                    bits = (bits + 7) & ~7;
                    (uint type, int size) = Type(depth + 1);
                    members.Add(new Member(Name(), type, bits));
                    bits += size * 8;
                }
            }
            int bytes = (bits + 7) / 8;
            return (Types.Struct("s", bytes, [.. members]), bytes);
        }

        private (uint, int) Union(int depth)
        {
            (uint Type, int Size)[] members = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Type(depth + 1))];
            int size = members.Length == 0 ? 0 : members.Max(m => m.Size);
            return (Types.Union("", size, [.. members.Select(m => new Member(Name(), m.Type, 0))]), size);
        }

        private (uint, int) Section(int depth)
        {
            (uint Type, int Size)[] variables = [.. Enumerable.Range(0, random.Next(5)).Select(_ => Type(depth + 1))];
            int at = 0;
            var placed = new List<(uint, int, int)>();
            foreach ((uint type, int size) in variables)
            {
                placed.Add((Types.Var(Name(), type), at, size));
                at += size;
            }
            return (Types.Datasec(".bss", at, [.. placed]), at);
        }

        private string Name() => random.Next(12) switch
        {
            0 => "",
            1 => "with \"quotes\" and \\",
            2 => "\n\x1b\x7f\u0080\u00ff",
            3 => new string('n', random.Next(200)),
            _ => $"name{_names++}",
        };
    }
}
