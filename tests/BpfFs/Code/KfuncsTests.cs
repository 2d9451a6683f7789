using BpfFs.Objects.Code;

namespace BpfFs.Tests.Code;

public sealed class KfuncsTests
{
    private const ulong KernelCall = 0x85 | (2 << 12), HelperCall = 0x85, FunctionCall = 0x85 | (1 << 12), LoadImmediate64 = 0x18;

    [Fact]
    public void Each_is_named_once_in_the_order_of_first_calls()
    {
        using Text.Holder text = new();
        Kfuncs.Append([KernelCall, HelperCall, FunctionCall, KernelCall, KernelCall, KernelCall], [], new Named("b_func+0x0/0x10", "", "", "a_func+0x0/0x8 [some_module]", "b_func+0x0/0x10", ""), text.Buffer);
        Assert.Equal("b_func\na_func [some_module]\n<kernel>\n", Text.Of(text.Buffer));
    }

    [Fact]
    public void The_upper_half_of_a_constant_is_no_call()
    {
        using Text.Holder text = new();
        Kfuncs.Append([LoadImmediate64, KernelCall], [], new Named("", "no"), text.Buffer);
        Assert.Equal("", Text.Of(text.Buffer));
    }

    [Fact]
    public void A_function_that_is_called_often_is_asked_for_once()
    {
        using Text.Holder text = new();
        ulong once = KernelCall | (7UL << 32), again = KernelCall | (8UL << 32);
        Kfuncs.Append([KernelCall, KernelCall, KernelCall], [once, once, again], new Named("a+0x0/0x8", "not asked for", "b+0x0/0x8"), text.Buffer);
        Assert.Equal("a\nb\n", Text.Of(text.Buffer));
    }

    private sealed class Named(params string[] names) : CodeNames
    {
        public override int Call(int instruction, Span<byte> name) => System.Text.Encoding.UTF8.GetBytes(names[instruction], name);

        public override int Near(int function, long offset, Span<byte> name) => 0;
    }
}
