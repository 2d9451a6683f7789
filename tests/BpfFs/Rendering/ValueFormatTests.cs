using System.Buffers.Binary;
using System.Text;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tests.Rendering;

public sealed class ValueFormatTests
{
    private readonly BtfBuilder _types = new();
    private readonly StringBuilder _lines = new();
    private readonly List<(string What, uint Type, byte[] Data)> _values = [];

    [Fact]
    public void Numbers()
    {
        foreach (int size in (int[])[1, 2, 4, 8])
        {
            uint unsigned = _types.Int($"u{size * 8}", size);
            uint signed = _types.Int($"s{size * 8}", size, BtfBuilder.Signed);
            byte[] smallest = new byte[size], ones = new byte[size], largest = new byte[size];
            ones.AsSpan().Fill(0xff);
            largest.AsSpan().Fill(0xff);
            largest[^1] = 0x7f;
            smallest[^1] = 0x80;
            byte[] counting = [.. Enumerable.Range(1, size).Select(i => (byte)i)];
            foreach (byte[] data in (byte[][])[new byte[size], ones, largest, smallest, counting])
            {
                Value($"u{size * 8}", unsigned, data);
                Value($"s{size * 8}", signed, data);
            }
        }
        uint yes = _types.Int("_Bool", 1, BtfBuilder.Bool);
        Value("bool", yes, [0]);
        Value("bool", yes, [1]);
        Value("bool, not 0 and not 1", yes, [0x80]);
        Value("128 bits", _types.Int("__int128", 16, BtfBuilder.Signed), [.. Enumerable.Range(0, 16).Select(i => (byte)i)]);
        uint pointer = _types.Ptr(0);
        Value("pointer", pointer, Bytes(0x7fff_0000_1234UL));
        uint real = _types.Float("float", 4), doubled = _types.Float("double", 8);
        foreach (float f in (float[])[0, -1.5f, float.MaxValue, float.Epsilon, float.NaN, float.PositiveInfinity])
            Value("float", real, BitConverter.GetBytes(f));
        foreach (double d in (double[])[0, -0.0, 0.1, double.MinValue, double.Epsilon, double.NaN, double.NegativeInfinity])
            Value("double", doubled, BitConverter.GetBytes(d));
        Value("long double", _types.Float("long double", 16), [.. Enumerable.Range(0, 16).Select(i => (byte)i)]);
        Value("const volatile typedef", _types.Const(_types.Volatile(_types.Typedef("number_t", _types.Int("int", 4, BtfBuilder.Signed)))), Bytes(-2));
        Verify();
    }

    [Fact]
    public void Enums()
    {
        uint unsigned = _types.Enum("colour", 4, false, ("RED", 0), ("GREEN", 5), ("ALIAS", 5), ("HIGH", int.MaxValue));
        foreach (uint v in (uint[])[0, 5, 6, int.MaxValue, uint.MaxValue, 0x8000_0000]) Value("unsigned enum", unsigned, Bytes(v));
        uint signed = _types.Enum("signed", 4, true, ("NONE", -1), ("ZERO", 0));
        foreach (int v in (int[])[-1, 0, 1, -2, int.MinValue]) Value("signed enum", signed, Bytes(v));
        uint tiny = _types.Enum("packed", 1, true, ("NONE", -1), ("ONE", 1));
        foreach (byte v in (byte[])[0xff, 1, 0x80]) Value("signed enum, 1 byte", tiny, [v]);
        // clang 14 does not say that an enum is signed: an enumerator below zero does
        uint unsaid = _types.Enum("packed", 1, false, ("NONE", -1), ("ONE", 1));
        foreach (byte v in (byte[])[0xff, 1, 0x80]) Value("enum of 1 byte with -1", unsaid, [v]);
        uint large = _types.Enum64("large", false, ("TOP", -1), ("BIT40", 1L << 40));
        foreach (ulong v in (ulong[])[ulong.MaxValue, 1UL << 40, 1UL << 63, 0]) Value("enum64", large, Bytes(v));
        uint largeSigned = _types.Enum64("large", true, ("NONE", -1), ("LEAST", long.MinValue));
        foreach (long v in (long[])[-1, long.MinValue, -7, 7]) Value("signed enum64", largeSigned, Bytes(v));
        Value("enum without enumerators", _types.Enum("void", 4, false), Bytes(3));
        Verify();
    }

    [Fact]
    public void Bitfields()
    {
        uint unsigned = _types.Int("unsigned int", 4), signed = _types.Int("int", 4, BtfBuilder.Signed), yes = _types.Int("_Bool", 1, BtfBuilder.Bool);
        uint large = _types.Int("unsigned long long", 8);
        uint colour = _types.Enum("colour", 4, false, ("RED", 0), ("GREEN", 5)), sign = _types.Enum("sign", 4, true, ("MINUS", -1));
        uint fields = _types.Struct("fields", 8,
            new("low", unsigned, 0, 3), new("middle", unsigned, 3, 7), new("sign", signed, 10, 4), new("crossing", signed, 14, 11),
            new("flag", yes, 25, 1), new("colour", colour, 26, 3), new("minus", sign, 29, 2), new("rest", unsigned, 31, 32), new("last", signed, 63, 1));
        Value("bitfields", fields, new byte[8]);
        Value("bitfields", fields, Bytes(ulong.MaxValue));
        for (int bit = 0; bit < 64; bit += 7) Value($"bit {bit}", fields, Bytes(1UL << bit));
        Value("all 64 bits", _types.Struct("whole", 8, new Member("all", large, 0, 64)), Bytes(ulong.MaxValue));
        Value("64 bits across 9 bytes", _types.Struct("nine", 9, new Member("one", unsigned, 0, 1), new Member("all", large, 1, 64)),
            [1, 0, 0, 0, 0, 0, 0, 0, 1]);
        Value("65 bits do not exist", _types.Struct("toomany", 9, new Member("all", large, 0, 65)), new byte[9]);
        Value("beyond the end", _types.Struct("beyond", 4, new Member("x", unsigned, 30, 3)), new byte[4]);
        // before kind_flag the bits stood in the int, and at any bit of the struct
        uint three = _types.Int("unsigned int", 4, 0, bits: 3), five = _types.Int("int", 4, BtfBuilder.Signed, bits: 5, offset: 3);
        uint older = _types.Struct("older", 4, new Member("three", three, 0), new Member("shifted", three, 9), new Member("five", five, 0));
        Value("older bitfields", older, Bytes(0b1010_1000_1101u));
        Value("an int of 3 bits", three, Bytes(0xfdu));
        Verify();
    }

    [Fact]
    public void Arrays_and_text()
    {
        uint letter = _types.Int("char", 1, BtfBuilder.Signed), old = _types.Int("letter", 1, BtfBuilder.Char), number = _types.Int("int", 4, BtfBuilder.Signed);
        uint text = _types.Array(letter, 8);
        Value("text", text, "hello\0\0\0"u8.ToArray());
        Value("what follows the end is not shown", text, "a\0secret"u8.ToArray());
        Value("empty text", text, new byte[8]);
        Value("quotes and backslashes", text, "\"\\/'\0\0\0\0"u8.ToArray());
        Value("only quotes", text, "\"\"\"\"\"\"\"\0"u8.ToArray());
        Value("unterminated", text, "12345678"u8.ToArray());
        Value("a newline", text, "one\ntwo\0"u8.ToArray());
        Value("ESC", text, "\x1b[2J\0\0\0\0"u8.ToArray());
        Value("DEL", text, "a\x7f\0\0\0\0\0\0"u8.ToArray());
        Value("UTF-8", text, "\u00e9\u00e9\u00e9\0\0"u8.ToArray());
        Value("by its encoding", _types.Array(old, 3), "ab\0"u8.ToArray());
        Value("through a typedef", _types.Array(_types.Const(_types.Typedef("char_t", letter)), 3), "ab\0"u8.ToArray());
        Value("no elements", _types.Array(letter, 0), []);
        Value("numbers", _types.Array(number, 3), [.. Bytes(1), .. Bytes(-2), .. Bytes(3)]);
        Value("of arrays", _types.Array(_types.Array(number, 2), 2), [.. Bytes(1), .. Bytes(2), .. Bytes(3), .. Bytes(4)]);
        Value("of texts", _types.Array(_types.Array(letter, 2), 3), "a\0b\0cd"u8.ToArray());
        Verify();
    }

    [Fact]
    public void Structs_unions_and_sections()
    {
        uint number = _types.Int("int", 4, BtfBuilder.Signed), small = _types.Int("unsigned char", 1);
        uint point = _types.Struct("point", 8, new Member("x", number, 0), new Member("y", number, 32));
        Value("struct", point, [.. Bytes(1), .. Bytes(-1)]);
        Value("empty struct", _types.Struct("nothing", 0), []);
        Value("nested, with padding", _types.Struct("line", 20, new("from", point, 0), new("kind", small, 64), new("to", point, 96)),
            [.. Bytes(1), .. Bytes(2), 9, 0xee, 0xee, 0xee, .. Bytes(3), .. Bytes(4)]);
        uint word = _types.Union("", 4, new Member("word", number, 0), new Member("bytes", _types.Array(small, 4), 0));
        Value("union", word, Bytes(0x01020304));
        Value("anonymous members", _types.Struct("holder", 12, new("", word, 0), new("", point, 32)), [.. Bytes(5), .. Bytes(6), .. Bytes(7)]);
        Value("section", _types.Datasec(".bss", 12, (_types.Var("counter", number), 0, 4), (_types.Var("where", point), 4, 8)),
            [.. Bytes(1), .. Bytes(2), .. Bytes(3)]);
        Value("section of nothing", _types.Datasec(".data", 4), new byte[4]);
        Value("names that are no names", _types.Struct("s", 4, new Member("a\"b\\c\n\x1b\u00ff", number, 0)), Bytes(1));
        Value("a member beyond the end", _types.Struct("wrong", 4, new Member("x", number, 8)), new byte[4]);
        Value("a forward declaration", _types.Struct("wrong", 4, new Member("x", _types.Fwd("unknown"), 0)), new byte[4]);
        Value("void", _types.Struct("wrong", 4, new Member("x", 0, 0)), new byte[4]);
        Verify();
    }

    [Fact]
    public void What_is_the_kernels_is_hidden()
    {
        uint number = _types.Int("int", 4, BtfBuilder.Signed), task = _types.Fwd("task_struct");
        string[] names =
        [
            "bpf_spin_lock", "bpf_res_spin_lock", "bpf_timer", "bpf_wq", "bpf_task_work", "bpf_list_head", "bpf_list_node", "bpf_rb_root", "bpf_rb_node",
            "bpf_refcount", "bpf_dynptr",
        ];
        foreach (string name in names)
        {
            uint theirs = _types.Struct(name, 8, new Member("secret", number, 0));
            Value(name, _types.Struct("value", 12, new Member("before", number, 0), new Member("hidden", _types.Typedef("t", theirs), 32)), SecretAfter(1));
            Value($"{name}s", _types.Struct("value", 12, new Member("before", number, 0), new Member("hidden", _types.Array(theirs, 1), 32)), SecretAfter(1));
        }
        foreach (string tag in (string[])["kptr", "kptr_untrusted", "percpu_kptr", "uptr", "rcu"])
        {
            uint pointer = _types.Ptr(_types.TypeTag(tag, task));
            Value($"pointer tagged {tag}", _types.Struct("value", 12, new Member("before", number, 0), new Member("p", pointer, 32)), SecretAfter(1));
        }
        Value("two tags", _types.Ptr(_types.TypeTag("other", _types.TypeTag("kptr", task))), SecretAfter(1)[4..]);
        Value("a struct that only sounds like it", _types.Struct("bpf_timers", 4, new Member("x", number, 0)), Bytes(1));
        Verify();

        static byte[] SecretAfter(int before) => [.. Bytes(before), .. Bytes(0xffff_8881_dead_beefUL)];
    }

    [Fact]
    public void A_type_larger_than_the_value_is_hex()
    {
        uint number = _types.Int("unsigned int", 4);
        using Btf btf = _types.Build();
        Assert.Equal("\"01 02\"", Text.Of(to => ValueFormat.Make(btf, number, 2).Write([1, 2], to)));
        Assert.Equal("\"01 02\"", Text.Of(to => ValueFormat.Make(btf, 0, 2).Write([1, 2], to)));
        Assert.Equal("\"01 02\"", Text.Of(to => ValueFormat.Make(btf, 77, 2).Write([1, 2], to)));
        Assert.Equal("\"\"", Text.Of(to => ValueFormat.Make(btf, 77, 0).Write([], to)));
    }

    [Fact]
    public void Depth_has_an_end()
    {
        uint type = _types.Int("unsigned int", 4);
        for (int depth = 0; depth < 60; depth++) type = _types.Struct($"s{depth}", 4, new Member("in", type, 0));
        using Btf btf = _types.Build();
        string text = Text.Of(to => ValueFormat.Make(btf, type, 4).Write([1, 2, 3, 4], to));
        Assert.Contains("\"01 02 03 04\"", text, StringComparison.Ordinal);
        Text.AssertJson(Encoding.UTF8.GetBytes(text));
    }

    [Fact]
    public void A_few_bytes_do_not_become_gigabytes()
    {
        // The kernel takes arrays of empty structs, four thousand million of them, and unions of as many members as one likes.
        uint nothing = _types.Struct("nothing", 0), number = _types.Int("unsigned int", 4);
        uint empties = _types.Array(nothing, int.MaxValue), more = _types.Array(nothing, uint.MaxValue);
        uint squared = _types.Array(_types.Array(_types.Array(nothing, int.MaxValue), int.MaxValue), int.MaxValue);
        uint union = _types.Union("wide", 4, [.. Enumerable.Range(0, 19_000).Select(i => new Member($"m{i}", number, 0))]);
        uint unions = _types.Array(union, 16_000);
        using Btf btf = _types.Build();
        foreach ((uint type, int size) in ((uint, int)[])[(empties, 4), (more, 4), (squared, 4), (unions, 64_000)])
        {
            ValueNode node = ValueFormat.Make(btf, type, size);
            byte[] text = Text.Bytes(to => node.Write(new byte[size], to));
            Assert.InRange(node.Ceiling, text.Length, 64 * 1024 * 1024);
            Text.AssertJson(text);
        }
    }

    [Fact]
    public void What_gives_up_on_a_type_does_not_show_the_kernels_fields()
    {
        // more members than are followed, and among them a pointer of the kernel's
        uint small = _types.Int("unsigned char", 1), pointer = _types.Ptr(_types.TypeTag("kptr", _types.Fwd("task_struct")));
        uint tiny = _types.Struct("", 1, new Member("x", small, 0));
        Member[] members = [new("p", pointer, 0), .. Enumerable.Range(0, 30_000).Select(i => new Member("", tiny, 64 + (i * 8)))];
        uint large = _types.Struct("large", 30_008, members);
        using Btf btf = _types.Build();
        byte[] data = new byte[30_008];
        Bytes(0xffff_8881_dead_beefUL).CopyTo(data, 0);
        foreach (int size in (int[])[30_008, 30_000])
        {
            string text = Text.Of(to => ValueFormat.Make(btf, large, size).Write(data, to));
            Assert.DoesNotContain("ef be ad", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Where_the_kernels_fields_lie()
    {
        uint number = _types.Int("int", 4, BtfBuilder.Signed), pointer = _types.Ptr(_types.TypeTag("kptr", _types.Fwd("task_struct")));
        uint point = _types.Struct("point", 8, new Member("x", number, 0), new Member("y", number, 32));
        uint byteType = _types.Int("unsigned char", 1), locked = _types.Struct("bpf_spin_lock", 4, new Member("val", number, 0));
        uint pair = _types.Struct("pair", 16, new Member("at", point, 0), new Member("p", pointer, 64));
        uint plain = _types.Struct("plain", 12, new Member("lock", locked, 0), new Member("at", point, 32));
        uint pairs = _types.Struct("pairs", 136, new Member("n", number, 0), new Member("all", _types.Array(_types.Array(pair, 2), 4), 64));
        uint afterMany = _types.Struct("after", 400_008, new Member("points", _types.Array(point, 50_000), 0), new Member("p", pointer, 3_200_000));
        Member[] members = [.. Enumerable.Range(0, 300_000).Select(i => new Member("", byteType, i * 8)), new("p", pointer, 2_400_000)];
        uint tooMany = _types.Struct("many", 300_008, members);
        using Btf btf = _types.Build();
        Assert.Empty(ValueFormat.KernelRanges(btf, point, 8));
        Assert.Empty(ValueFormat.KernelRanges(btf, 0, 8));
        Assert.Equal([(0, 4)], ValueFormat.KernelRanges(btf, plain, 12));
        Assert.Equal(Enumerable.Range(0, 8).Select(i => (8 + (i * 16) + 8, 8)), ValueFormat.KernelRanges(btf, pairs, 136).Order());
        Assert.Equal([(400_000, 8)], ValueFormat.KernelRanges(btf, afterMany, 400_008));
        Assert.Equal([(0, 300_008)], ValueFormat.KernelRanges(btf, tooMany, 300_008)); // where exactly was not found out
        Assert.Equal([(0, 4)], ValueFormat.KernelRanges(btf, plain, 4)); // a type larger than its value
    }

    [Fact]
    public void As_bpftool_has_it()
    {
        uint unsigned = _types.Int("unsigned int", 4), colour = _types.Enum("colour", 4, false, ("RED", 0), ("TOP", -1));
        uint type = _types.Struct("fields", 8, new("low", unsigned, 0, 3), new("middle", unsigned, 3, 29), new("colour", colour, 32));
        using Btf btf = _types.Build();
        ValueNode node = ValueFormat.Make(btf, type, 8, asBpftool: true);
        Assert.Equal("""{"low":"0x7","middle":"0x1fffffff","colour":"TOP"}""", Text.Of(to => node.Write(Bytes(ulong.MaxValue), to)));
        Assert.Equal("""{"low":"0x1","middle":"0x0","colour":-2}""", Text.Of(to => node.Write([.. Bytes(1), .. Bytes(-2)], to)));
    }

    [Fact]
    public void A_pointer_in_a_32_bit_programs_btf_reads_no_more_than_it_has()
    {
        _types.Int("long unsigned int", 4); // from this libbpf, and we, conclude how large pointers are
        uint pointer = _types.Ptr(0);
        using Btf btf = _types.Build();
        Assert.Equal("67305985", Text.Of(to => ValueFormat.Make(btf, pointer, 4).Write([1, 2, 3, 4], to)));
    }

    private void Value(string what, uint type, byte[] data) => _values.Add((what, type, data));

    private void Verify([System.Runtime.CompilerServices.CallerMemberName] string name = "")
    {
        using Btf btf = _types.Build();
        foreach ((string what, uint type, byte[] data) in _values)
        {
            ValueNode other = ValueFormat.Make(btf, type, data.Length, asBpftool: true);
            byte[] theirs = Text.Bytes(to => other.Write(data, to));
            Text.AssertJson(theirs);
            Assert.True(theirs.Length <= other.Ceiling, what);
            ValueNode node = ValueFormat.Make(btf, type, data.Length);
            byte[] text = Text.Bytes(to => node.Write(data, to));
            Text.AssertJson(text);
            Assert.True(text.Length <= node.Ceiling, $"{what}: {text.Length} > {node.Ceiling}");
            _lines.Append($"{what}\t{Convert.ToHexStringLower(data)}\t{Encoding.UTF8.GetString(text)}\n");
        }
        Golden.Verify(_lines.ToString(), $"ValueFormat.{name}");
    }

    private static byte[] Bytes(ulong value)
    {
        byte[] bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Bytes(long value) => Bytes((ulong)value);

    private static byte[] Bytes(uint value) => Bytes((ulong)value)[..4];

    private static byte[] Bytes(int value) => Bytes((uint)value);
}
