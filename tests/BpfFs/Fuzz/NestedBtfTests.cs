using System.Text;
using BpfFs.Tests.Rendering;
using Iterators;
using LibC = Tmds.Linux.LibC;

namespace BpfFs.Tests.Fuzz;

/// <summary>BTF that the kernel takes and btf_dump would not come back from, and such that only looks like it.</summary>
public sealed class NestedBtfTests
{
    [RootFact]
    public void A_prototype_that_returns_a_pointer_to_itself()
    {
        BtfBuilder builder = new();
        uint prototype = builder.Prototype(2); // the pointer comes after it
        builder.Ptr(prototype);
        Assert.Equal(LibC.ELOOP, Dump(builder, out _));
    }

    [RootFact]
    public void Prototypes_that_name_the_next_one_twice() =>
        Assert.Equal(LibC.ELOOP, DumpChain(40, (builder, last) => builder.Ptr(builder.Prototype(last, ("a", last)))));

    [RootFact]
    public void Pointers_without_end() => Assert.Equal(LibC.ELOOP, DumpChain(5000, (builder, last) => builder.Ptr(last)));

    /// <summary>All of it would be written as bitfields without a name.</summary>
    [RootFact]
    public void A_struct_of_gigabytes_with_nothing_in_it()
    {
        BtfBuilder builder = new();
        uint number = builder.Int("int", 4, BtfBuilder.Signed);
        builder.Struct("empty", 0x7fff_fff8, new Member("x", number, 0));
        Assert.Equal(LibC.ELOOP, Dump(builder, out _));
        builder = new();
        number = builder.Int("int", 4, BtfBuilder.Signed);
        builder.Struct("far", 0x1fff_fff8, new Member("x", number, 0x7fff_ff00));
        Assert.Equal(LibC.ELOOP, Dump(builder, out _));
        builder = new();
        number = builder.Int("int", 4, BtfBuilder.Signed);
        builder.Struct("page", 4096, new Member("x", number, 0)); // a union's size, or a cache line
        Assert.Equal(0, Dump(builder, out string text));
        Assert.Equal(512 + 4, text.Split('\n').Length);
    }

    /// <summary>2^40 questions for an alignment.</summary>
    [RootFact]
    public void Unions_of_two_members_within_each_other() =>
        Assert.Equal(LibC.ELOOP, DumpChain(40, (builder, last) => builder.Union($"u{last}", 4, new Member("a", last, 0), new Member("b", last, 0))));

    [RootFact]
    public void Such_that_stay_small_are_written() =>
        Assert.Equal(0, DumpChain(15, (builder, last) => builder.Union($"u{last}", 4, new Member("a", last, 0), new Member("b", last, 0))));

    /// <summary>Of what is not the kernel's own: a program may be compiled with all of vmlinux.h.</summary>
    [RootFact]
    public void The_types_of_a_kernel_are_written_whoever_loaded_them()
    {
        long written = 0;
        Assert.Equal(0, BtfDump.Open(File.ReadAllBytes("/sys/kernel/btf/vmlinux"), default, text => written += text.Length, out BtfDump? dump));
        using (dump)
        {
            for (uint type = dump!.First; type < dump.Count; type++) Assert.Equal(0, dump.DumpType(type));
        }
        Assert.InRange(written, 1024 * 1024, 16 * 1024 * 1024);
    }

    [RootFact]
    public void What_a_compiler_makes_is_written()
    {
        BtfBuilder builder = new();
        // struct node { struct node *next; handler *handle; int x; }, typedef int (*handler(struct node *, int))(struct node *)
        uint number = builder.Int("int", 4, BtfBuilder.Signed);
        uint node = number + 1, toNode = node + 1, handler = node + 2, toHandler = node + 5;
        builder.Struct("node", 24, new Member("next", toNode, 0), new Member("handle", toHandler, 64), new Member("x", number, 128));
        builder.Ptr(node);
        uint inner = handler + 1, toInner = handler + 2;
        builder.Typedef("handler", toHandler + 1);
        builder.Prototype(number, ("node", toNode));
        builder.Ptr(inner);
        builder.Ptr(handler);
        builder.Prototype(toInner, ("node", toNode), ("depth", number));
        uint chain = number;
        for (int i = 0; i < 100; i++) chain = builder.Typedef($"t{i}", i % 2 == 0 ? chain : builder.Ptr(chain));
        Assert.Equal(0, Dump(builder, out string text));
        Assert.Contains("struct node *next;", text, StringComparison.Ordinal);
        Assert.Contains("handler *handle;", text, StringComparison.Ordinal);
        Assert.Contains("typedef int (*handler(struct node *node, int depth))(struct node *node);", text, StringComparison.Ordinal);
        Assert.Contains("typedef t98 *t99;", text, StringComparison.Ordinal);
    }

    /// <summary>An int, so many types that build on the one before, and a name for the last.</summary>
    private static int DumpChain(int length, Func<BtfBuilder, uint, uint> next)
    {
        BtfBuilder builder = new();
        uint last = builder.Int("int", 4, BtfBuilder.Signed);
        for (int i = 0; i < length; i++) last = next(builder, last);
        builder.Typedef("last", last);
        return Dump(builder, out _);
    }

    private static int Dump(BtfBuilder builder, out string text)
    {
        using Support.Descriptor? loaded = BtfTarget.TryLoad(builder.Bytes(), out string log);
        Assert.True(loaded is not null, $"the kernel does not take it: {log}");
        int errno = BtfTarget.Dump(loaded, out byte[] bytes);
        text = Encoding.UTF8.GetString(bytes);
        return errno;
    }
}
