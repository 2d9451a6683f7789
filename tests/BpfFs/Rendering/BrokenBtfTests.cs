using System.Text;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tests.Rendering;

/// <summary>BTF that is not what it says: no value of it ends the server, and what comes out is text or JSON all the same.</summary>
public sealed class BrokenBtfTests
{
    [Fact]
    public void Bytes_that_changed_at_random()
    {
        var builder = new BtfBuilder();
        uint number = builder.Int("int", 4, BtfBuilder.Signed), letter = builder.Int("char", 1, BtfBuilder.Char);
        uint point = builder.Struct("point", 8, new Member("x", number, 0), new Member("y", number, 32));
        uint colour = builder.Enum("colour", 4, true, ("RED", 0), ("BLUE", -1));
        uint wide = builder.Enum64("wide", false, ("BIG", long.MaxValue));
        uint all = builder.Struct("all", 64,
            new Member("at", builder.Array(point, 2), 0), new Member("text", builder.Array(letter, 16), 128), new Member("colour", builder.Typedef("c", builder.Const(colour)), 256),
            new Member("wide", wide, 320), new Member("next", builder.Ptr(point), 384), new Member("either", builder.Union("u", 4, new Member("n", number, 0), new Member("l", letter, 0)), 448));
        byte[] good = builder.Bytes(), value = new byte[64];
        Random random = new(11);
        int parsed = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bad = [.. good];
            for (int i = random.Next(1, 4); i > 0; i--) bad[random.Next(24, bad.Length)] = (byte)random.Next(256); // behind the header
            using Btf? btf = Btf.TryParse(bad, out _);
            if (btf is null) continue;
            parsed++;
            random.NextBytes(value);
            foreach (bool asBpftool in (bool[])[false, true])
            {
                using Text.Holder text = new();
                ValueNode node = ValueFormat.Make(btf, all, value.Length, asBpftool);
                ValueFormat.KernelRanges(btf, all, value.Length);
                node.Write(value, text.Buffer);
                Assert.True(text.Buffer.Length <= node.Ceiling);
                if (text.Buffer.Written.StartsWith("{"u8)) Text.AssertJson(Encoding.UTF8.GetBytes(Text.Of(text.Buffer)));
            }
        }
        Assert.InRange(parsed, 1000, 20_000); // the others libbpf refuses
    }

    [Fact]
    public void Strings_for_C_are_clean_and_as_long_as_before()
    {
        byte[] strings = [0, .. "unsigned int"u8, 0, .. "a\n\x1b\"b\\"u8, 0xff, 0, .. "gr\u00fc\u00dfe"u8, 0, 0xc2, 0x9b, 0];
        BtfStrings.Clean(strings);
        Assert.Equal("\0unsigned int\0a___b__\0gr\u00fc\u00dfe\0__\0", Encoding.UTF8.GetString(strings));
    }
}
