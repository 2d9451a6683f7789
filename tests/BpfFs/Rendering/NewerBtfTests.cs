using System.Text;
using BpfFs.Rendering;
using Iterators;
using Support;
using LibC = Tmds.Linux.LibC;

namespace BpfFs.Tests.Rendering;

/// <summary>BTF of Linux 7.2 and later: kinds to come, long types, a layout section. The library has an older format.</summary>
public sealed class NewerBtfTests
{
    private const int Kind = 20, HighKind = 0x41; // in five bits the latter would be an int
    private const int Many = 70_000; // in 16 bits 4464

    [Fact]
    public void Types_behind_a_kind_to_come_are_found_by_the_layout()
    {
        BtfBuilder builder = WithNewKind(out uint number, out uint newer, out uint holder);
        using Btf btf = builder.Build();
        Assert.False(btf.IsWhole);
        Assert.Equal((BtfKind)Kind, btf.Kind(newer));
        Assert.Equal("newer", Encoding.UTF8.GetString(btf.TypeName(newer)));
        Assert.Equal("holder", Encoding.UTF8.GetString(btf.TypeName(holder)));
        Assert.Equal(newer, btf.Member(holder, 1).Type);
        Assert.Equal(4, btf.ResolveSize(number));
        Assert.True(btf.ResolveSize(newer) < 0);
    }

    [Fact]
    public void Without_a_layout_what_is_before_it_is_there()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4, BtfBuilder.Signed), newer = builder.Newer(Kind, "newer", 0, 0), last = builder.Float("double", 8);
        using Btf btf = builder.Build();
        Assert.False(btf.IsWhole);
        Assert.Equal(BtfKind.Int, btf.Kind(number));
        Assert.Equal(BtfKind.Void, btf.Kind(newer));
        Assert.Equal(BtfKind.Void, btf.Kind(last));
        Assert.Equal(LibC.EOPNOTSUPP, Dump(builder.Bytes(), out _));
        Assert.Null(RawBtf.Of(builder.Bytes())!.ForLibBpf());
    }

    [Fact]
    public void What_of_a_value_nobody_knows_is_not_shown_and_the_rest_is()
    {
        BtfBuilder builder = WithNewKind(out _, out _, out uint holder);
        using Btf btf = builder.Build();
        byte[] value = [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0];
        using Text.Holder text = new();
        ValueFormat.Make(btf, holder, value.Length).Write(value, text.Buffer);
        Assert.Equal("""{"a":1,"b":null,"c":2}""", Text.Of(text.Buffer));
        Assert.Equal([(0, value.Length)], ValueFormat.KernelRanges(btf, holder, value.Length)); // it may have pointers
    }

    [Fact]
    public void A_pointer_to_a_kind_to_come_may_be_the_kernels()
    {
        BtfBuilder builder = new([(0, 0)]);
        uint number = builder.Int("int", 4), pointer = builder.Ptr(builder.Newer(Kind, "newer", 0, number)), plain = builder.Ptr(number);
        uint both = builder.Struct("both", 16, new Member("a", pointer, 0), new Member("b", plain, 64));
        using Btf btf = builder.Build();
        using Text.Holder text = new();
        ValueFormat.Make(btf, both, 16).Write(new byte[16], text.Buffer);
        Assert.Equal("""{"a":null,"b":0}""", Text.Of(text.Buffer));
    }

    [Fact]
    public void A_kind_of_seven_bits_is_no_other()
    {
        (byte, byte)[] layout = new (byte, byte)[HighKind - Kind + 1];
        layout[^1] = (4, 8);
        BtfBuilder builder = new(layout);
        uint newer = builder.Newer(HighKind, "high", 2, 4, 1, 2, 3, 4, 5), number = builder.Int("int", 4);
        using Btf btf = builder.Build();
        Assert.Equal((BtfKind)HighKind, btf.Kind(newer));
        Assert.Equal("int", Encoding.UTF8.GetString(btf.TypeName(number)));
        byte[] form = RawBtf.Of(builder.Bytes())!.ForLibBpf()!;
        using Btf old = Btf.TryParse(form, out _)!;
        Assert.Equal(BtfKind.Float, old.Kind(newer));
        Assert.Equal(BtfKind.Int, old.Kind(number));
    }

    [Fact]
    public void Written_as_C_a_kind_to_come_is_told()
    {
        BtfBuilder builder = WithNewKind(out _, out uint newer, out _);
        Assert.Equal(0, Dump(builder.Bytes(), out string text));
        Assert.Equal(
            $$"""
            /* BTF type {{newer}} is of kind 20, which this version does not know: where it is used, its name stands alone */

            struct holder {
            	int a;
            	newer b;
            	int c;
            };


            """, text);
    }

    [Fact]
    public void A_kind_to_come_without_a_name_is_an_empty_struct()
    {
        BtfBuilder builder = new([(0, 0)]);
        builder.Typedef("t", builder.Newer(Kind, "", 0, 12345));
        Assert.Equal(0, Dump(builder.Bytes(), out string text));
        Assert.Contains("typedef struct {} t;", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_type_of_more_than_65535_members()
    {
        BtfBuilder builder = Long(out uint number, out uint many);
        uint later = builder.Struct("later", 4, new Member("x", number, 0));
        using Btf btf = builder.Build();
        Assert.True(btf.IsWhole);
        Assert.Equal(Many, btf.Length(many));
        Assert.Equal("m69999", Encoding.UTF8.GetString(btf.Name(btf.Member(many, Many - 1).NameOffset)));
        Assert.Equal("later", Encoding.UTF8.GetString(btf.TypeName(later)));
        byte[] value = new byte[Many * 4];
        value[^4] = 7;
        using Text.Holder text = new();
        ValueNode node = ValueFormat.Make(btf, many, value.Length);
        node.Write(value, text.Buffer);
        Assert.EndsWith("\"m69998\":0,\"m69999\":7}", Text.Of(text.Buffer), StringComparison.Ordinal);
        Assert.True(text.Buffer.Length <= node.Ceiling);
    }

    [Fact]
    public void Written_as_C_it_ends_early_and_says_so()
    {
        BtfBuilder builder = Long(out uint number, out uint many);
        builder.Struct("later", 4, new Member("x", number, 0));
        Assert.Equal(0, Dump(builder.Bytes(), out string text));
        Assert.StartsWith($"/* BTF type {many} has 70000 members, of which the first 65535 are here */\n\nstruct many {{\n\tint m0;\n", text, StringComparison.Ordinal);
        Assert.Contains("\tint m65534;\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("m65535", text, StringComparison.Ordinal);
        Assert.EndsWith("struct later {\n\tint x;\n};\n\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_section_hides_nothing_from_C()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4), variable = builder.Var("v", number);
        uint data = builder.Datasec(".data", Many * 4, [.. Enumerable.Range(0, Many).Select(i => (variable, i * 4, 4))]);
        builder.Typedef("last", number);
        using Btf btf = builder.Build();
        Assert.Equal(Many, btf.Length(data));
        Assert.Equal((Many - 1) * 32, btf.Member(data, Many - 1).BitOffset);
        Assert.Equal(0, Dump(builder.Bytes(), out string text));
        Assert.Equal("typedef int last;\n\n", text);
    }

    [Fact]
    public void What_the_library_takes_is_not_copied()
    {
        BtfBuilder builder = new([(0, 0)]); // a layout section alone is no hindrance
        builder.Typedef("t", builder.TypeTag("tag", builder.Int("int", 4), isAttribute: true));
        byte[] bytes = builder.Bytes();
        Assert.Empty(RawBtf.Of(bytes)!.ForLibBpf()!);
        Assert.Equal(0, Dump(bytes, out string text));
        Assert.Equal("typedef int __attribute__((tag)) t;\n\n", text);
    }

    [Fact]
    public void Strings_before_types_are_put_behind_them()
    {
        BtfBuilder builder = WithNewKind(out _, out _, out uint holder);
        byte[] bytes = builder.Bytes(stringsFirst: true), form = RawBtf.Of(bytes)!.ForLibBpf()!;
        using Btf btf = Btf.TryParse(bytes, out _)!, old = Btf.TryParse(form, out _)!;
        Assert.Equal("holder", Encoding.UTF8.GetString(btf.TypeName(holder)));
        Assert.Equal("holder", Encoding.UTF8.GetString(old.TypeName(holder)));
        Assert.Equal(0, Dump(bytes, out string text));
        Assert.Contains("struct holder {", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_module_builds_on_the_kernel_and_has_its_layout()
    {
        BtfBuilder kernel = WithNewKind(out uint number, out uint newer, out uint holder), module = new(under: kernel);
        module.Newer(Kind, "modules", 1, number, 1, 2, 3);
        module.Struct("mine", 16, new Member("theirs", holder, 0), new Member("x", newer, 96));
        module.TypeTag("attribute(1)", number, isAttribute: true);
        Assert.Equal(0, Dump(module.Bytes(), out string text, kernel.Bytes()));
        Assert.Contains("struct mine {\n\tstruct holder theirs;\n\tnewer x;\n};\n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("modules;", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_prototype_without_parameters_has_none()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4), none = builder.Prototype(number), alsoNone = builder.Prototype(number, ("", 0)), any = builder.Prototype(number, ("a", number), ("", 0));
        builder.Typedef("none_t", builder.Ptr(none));
        builder.Typedef("also_none_t", builder.Ptr(alsoNone));
        builder.Typedef("any_t", builder.Ptr(any));
        builder.Typedef("plain_t", none);
        builder.Typedef("returns_t", builder.Ptr(builder.Prototype(builder.Ptr(none))));
        Assert.Equal(0, Dump(builder.Bytes(), out string text));
        Assert.Equal(
            """
            typedef int (*none_t)(void);

            typedef int (*also_none_t)(void);

            typedef int (*any_t)(int a, ...);

            typedef int plain_t(void);

            typedef int (* (*returns_t)(void))(void);


            """, text);
    }

    /// <summary>All of it: 135,000 lines.</summary>
    [Fact]
    public void The_kernels_own_is_what_bpftool_writes()
    {
        string wanted = BpftoolC.Of("file", KernelTypes.Path);
        Assert.Equal(0, Dump(File.ReadAllBytes(KernelTypes.Path), out string text));
        Assert.Equal(wanted, BpftoolC.AsWrittenBy(wanted, text));
        Assert.Contains("(void)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void An_attribute_is_no_tag()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        uint both = builder.Struct("both", 16,
            new Member("a", builder.Ptr(builder.TypeTag("address_space(1)", number, isAttribute: true)), 0), new Member("b", builder.Ptr(builder.TypeTag("user", number)), 64));
        _ = both;
        Assert.Equal(0, Dump(builder.Bytes(), out string text));
        Assert.Contains("int __attribute__((address_space(1))) *a;", text, StringComparison.Ordinal);
        Assert.Contains("int __attribute__((btf_type_tag(\"user\"))) *b;", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, 2, 99u)] // the pointer's type
    [InlineData(0, 0, 9999u)] // the int's name
    [InlineData(2, 4, 77u)] // the member's type
    [InlineData(2, 3, 9999u)] // and name
    public void What_refers_to_nothing_is_not_given_to_the_library(int type, int word, uint value)
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4);
        builder.Struct("s", 4, new Member("x", number, 0));
        builder.Ptr(number);
        byte[] bytes = builder.Bytes();
        int at = 24 + (type switch { 0 => 0, 2 => 16, _ => 40 }) + (word * 4); // int: 16 bytes, struct: 24
        BitConverter.TryWriteBytes(bytes.AsSpan(at), value);
        Assert.Equal(LibC.EBADMSG, Dump(bytes, out _));
    }

    /// <summary>Any bytes, any header: it ends, and nothing outside is read (the arrays are as long as they are).</summary>
    [Fact]
    public void Bytes_that_changed_at_random()
    {
        (byte, byte)[] layout = new (byte, byte)[40];
        for (int i = 0; i < layout.Length; i++) layout[i] = ((byte)(i % 3 * 4), (byte)(i % 4 * 4));
        BtfBuilder builder = new(layout);
        uint number = builder.Int("int", 4), tagged = builder.TypeTag("tag", number, isAttribute: true);
        uint newer = builder.Newer(Kind + 5, "newer", 2, 0, 1, 2, 3, 4);
        uint holder = builder.Struct("holder", 12, new Member("a", number, 0), new Member("b", newer, 32), new Member("c", builder.Ptr(tagged), 64));
        builder.Enum("colour", 4, true, ("RED", 0), ("BLUE", -1));
        builder.Prototype(holder, ("x", number), ("", 0));
        byte[] good = builder.Bytes(), value = new byte[12];
        Random random = new(7);
        int read = 0, written = 0;
        for (int round = 0; round < 20_000; round++)
        {
            byte[] bad = [.. good];
            for (int i = random.Next(1, 5); i > 0; i--) bad[random.Next(bad.Length)] = (byte)random.Next(256);
            using (Btf? btf = Btf.TryParse(bad, out _))
            {
                if (btf is not null)
                {
                    read++;
                    for (uint type = 0; type < 12; type++)
                    {
                        _ = btf.ResolveSize(type);
                        for (int i = 0; i < Math.Min(btf.Length(type), 5); i++) _ = (btf.Member(type, i), btf.Parameter(type, i), btf.Enumerator(type, i), btf.Name(btf.Member(type, i).NameOffset).Length);
                        using Text.Holder text = new();
                        ValueFormat.Make(btf, type, value.Length).Write(value, text.Buffer);
                    }
                }
            }
            if (RawBtf.Of(bad) is { } raw)
            {
                byte[]? form = raw.ForLibBpf();
                if (form is not null) written++;
                _ = raw.FindEnumerators(["colour", "holder"]);
            }
            _ = BtfDump.Open(bad, default, _ => { }, out BtfDump? dump);
            dump?.Dispose();
        }
        Assert.InRange(read, 1000, 20_000);
        Assert.InRange(written, 1000, 20_000);
    }

    private static BtfBuilder WithNewKind(out uint number, out uint newer, out uint holder)
    {
        BtfBuilder builder = new([(4, 8)]);
        number = builder.Int("int", 4, BtfBuilder.Signed);
        newer = builder.Newer(Kind, "newer", 1, 4, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff);
        holder = builder.Struct("holder", 12, new Member("a", number, 0), new Member("b", newer, 32), new Member("c", number, 64));
        return builder;
    }

    private static BtfBuilder Long(out uint number, out uint many)
    {
        BtfBuilder builder = new();
        uint integer = number = builder.Int("int", 4, BtfBuilder.Signed);
        many = builder.Struct("many", Many * 4, [.. Enumerable.Range(0, Many).Select(i => new Member($"m{i}", integer, i * 32))]);
        return builder;
    }

    private static int Dump(byte[] btf, out string text, byte[]? under = null)
    {
        List<byte> written = [];
        int errno = BtfDump.Open(btf, under, piece => written.AddRange(piece), out BtfDump? dump);
        using (dump)
        {
            for (uint type = dump?.First ?? 0; dump is not null && errno == 0 && type < dump.Count; type++) errno = dump.DumpType(type);
        }
        text = Encoding.UTF8.GetString([.. written]);
        return errno;
    }
}
