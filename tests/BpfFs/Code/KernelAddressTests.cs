using System.Text;
using BpfFs.Objects;
using BpfFs.Objects.Code;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tests.Code;

public class KernelAddressTests
{
    [Theory]
    [InlineData(0xFFFFFFFF81234567, true)] // x86-64: the kernel
    [InlineData(0xFFFFFFFFC0567890, true)] // a module
    [InlineData(0xFFFF888012345678, true)] // memory
    [InlineData(0xFFFFC90000ABCDEF, true)] // vmalloc
    [InlineData(0xFF11000012345678, true)] // memory, five levels
    [InlineData(0xFFFF800081234567, true)] // arm64: the kernel
    [InlineData(0xFFFFFFFFFF600000, false)] // vsyscall: always there
    [InlineData(0xFFFFFFFFFFFFFFF8, false)] // -8
    [InlineData(0xFFFFFFFF00000000, false)] // a mask
    [InlineData(0xFF00000000000000, false)]
    [InlineData(0xDEADBEEFCAFEF00D, false)]
    [InlineData(0x00007FFFFFFFF000, false)]
    public void Of_64_bits(ulong value, bool isPossible) => Assert.Equal(isPossible, KernelAddress.IsPossible(value));

    [Theory]
    [InlineData(0x81234567, true)]
    [InlineData(0xC0567890, true)]
    [InlineData(0x7FFFFFFF, false)]
    [InlineData(0xFFFFFFF8, false)]
    [InlineData(0x80000000, false)]
    public void Of_32_bits(uint value, bool isPossible) => Assert.Equal(isPossible, KernelAddress.IsPossible(value));

    [Theory]
    [InlineData(0xFFFF888012345678, true)]
    [InlineData(0x0000607F9F001230, true)] // a per-CPU pointer
    [InlineData(0x008F880012345678, true)] // the same, five levels
    [InlineData(0xDEADBEEFCAFEF00D, false)]
    [InlineData(0x00000000FFFFFFFF, false)]
    public void Of_64_bits_in_machine_code(ulong value, bool isPossible) => Assert.Equal(isPossible, KernelAddress.IsPossibleOrPerCpu(value));

    [Theory]
    [InlineData(0xFFFF888012345678, false)]
    [InlineData(0xFFFFFFFF81234567, false)]
    [InlineData(7, true)]
    [InlineData(0x00007F0012345678, true)] // an arena's place in its program
    [InlineData(ulong.MaxValue, true)]
    public void What_others_gave_the_kernel_is_shown_if_it_is_none(ulong value, bool isShown)
    {
        link_record link = new() { cookie = value };
        map_record map = new() { map_extra = value };
        Assert.Equal(isShown, Link.Fields.Single(f => f.Name == "cookie").IsPresent(new Link(link)));
        Assert.Equal(isShown, Map.Fields.Single(f => f.Name == "map_extra").IsPresent(new Map { Record = ref map }));
    }

    [Theory]
    [InlineData("bpf_map_lookup_elem+0x0/0x20", "bpf_map_lookup_elem")]
    [InlineData("tcp_sendmsg+0x1c/0x90 [module]", "tcp_sendmsg+0x1c")]
    [InlineData("bpf_kfunc+0x0/0x10 [my_module]", "bpf_kfunc")]
    [InlineData("plain", "plain")]
    [InlineData("od\n\u001bd+0x4/0x8", "od\\n\\x1bd+0x4")]
    public void A_symbol_is_what_the_kernel_calls_it(string kernelName, string symbol)
    {
        using var to = new TextBuffer();
        KernelAddress.AppendSymbol(Encoding.UTF8.GetBytes(kernelName), to);
        Assert.Equal(symbol, Encoding.UTF8.GetString(to.Written));
    }
}
