using System.Text;
using BpfFs.Objects.Code;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tests.Code;

public class MachineTextTests
{
    private const ulong MapAddress = 0xFFFF88A1C7C5A280;
    private static readonly FakeNames s_names = new()
    {
        Nearby = { [(0, 0x1000)] = "bpf_get_current_task+0x0/0x10", [(0, -0x1000)] = "bpf_prog_5_tail+0xb/0x40" },
    };

    [Theory]
    [InlineData("e9fb0f0000", "jmp    bpf_get_current_task")]
    [InlineData("e8fb0f0000", "call   bpf_get_current_task")]
    [InlineData("0f84faefffff", "je     bpf_prog_5_tail+0xb")]
    [InlineData("e8fb0f0001", "call   <kernel>")]
    [InlineData("eb00", "jmp    <kernel>")] // just behind the end
    [InlineData("ebfe", "jmp    0")]
    [InlineData("48bf80a2c5c7a188ffff", "movabs $map[id:7],%rdi")]
    [InlineData("48bf81a2c5c7a188ffff", "movabs $<kernel>,%rdi")]
    [InlineData("48bf0df0fecaefbeadde", "movabs $0xdeadbeefcafef00d,%rdi")] // no pointer has such bits
    [InlineData("48bf3012009f7f600000", "movabs $<kernel>,%rdi")] // may be a per-CPU pointer
    [InlineData("48bfffffffffffffff00", "movabs $<kernel>,%rdi")] // the same, five levels
    [InlineData("48c7c078563482", "mov    $<kernel>,%rax")]
    [InlineData("b879563482", "mov    $<kernel>,%eax")]
    [InlineData("b8b979379e", "mov    $<kernel>,%eax")] // the program's own, but the machine code does not tell
    [InlineData("48c7c0f8ffffff", "mov    $0xfffffffffffffff8,%rax")]
    [InlineData("654803042508a0a182", "add    %gs:<kernel>,%rax")]
    [InlineData("65480305f9a5e67e", "add    %gs:<kernel>,%rax")]
    [InlineData("488b04c5000134a2", "mov    <kernel>(,%rax,8),%rax")]
    [InlineData("488b8708000000", "mov    8(%rdi),%rax")]
    [InlineData("ff2534120000", "jmpq   *<kernel>")]
    public void Addresses_are_names(string hex, string text) => Assert.Equal($"   0:\t{text}\n", Render(hex, false));

    [Theory]
    [InlineData("b878563412", "mov    $<hidden>,%eax")]
    [InlineData("81f078563412", "xor    $<hidden>,%eax")]
    [InlineData("4883c4f8", "add    $0xfffffffffffffff8,%rsp")]
    [InlineData("488b8778563412", "mov    0x12345678(%rdi),%rax")]
    public void Blinded_code_shows_no_constants(string hex, string text) => Assert.Equal($"   0:\t{text}\n", Render(hex, true));

    [Fact]
    public void Offsets_are_aligned_and_lines_stand_before_their_instruction()
    {
        var types = new BtfBuilder();
        uint file = types.String("a.c"), first = types.String("one"), second = types.String("two");
        using Btf btf = types.Build();
        bpf_line_info[] lines = [default, new() { file_name_off = file, line_off = first, line_col = 1 << 10 }, new() { file_name_off = file, line_off = second, line_col = 2 << 10 }];
        byte[] code = [.. Enumerable.Repeat((byte)0x90, 0x11)];
        using var to = new TextBuffer();
        Machine(false).Append(0, new MachineFunction { Code = code, FirstLine = 1, LineOffsets = [0, 0x10] }, lines, btf, to);
        string[] text = Encoding.UTF8.GetString(to.Written).Split('\n');
        Assert.Equal(["; one [file:a.c line_num:1 line_col:0]", "   0:\tnop", "   1:\tnop"], text[..3]);
        Assert.Equal(["   f:\tnop", "; two [file:a.c line_num:2 line_col:0]", "  10:\tnop", ""], text[^4..]);
    }

    [Fact]
    public void What_is_no_instruction_does_not_stop_it() => Assert.StartsWith("   0:\t(bad)\n", Render("069090", false), StringComparison.Ordinal);

    // gas: nop; movz x0, #0x1234; movk x0, #0x93df, lsl #16; bl . + 8 (inside); bl . + 0x1000; adrp x0, . + 0x1000; .quad of an address
    [Theory]
    [InlineData("1f2003d5", "   0:\td503201f\n")]
    [InlineData("804682d2", "   0:\td2824680\n")]
    [InlineData("e07bb2f2", "   0:\tf2a00000 <hidden>\n")]
    [InlineData("020000941f2003d51f2003d5", "   0:\t94000002\n   4:\td503201f\n   8:\td503201f\n")]
    [InlineData("00040094", "   0:\t94000000 <hidden>\n")]
    [InlineData("000000b0", "   0:\t90000000 <hidden>\n")]
    [InlineData("674523810080ffff", "   0:\t<kernel>\n   4:\t<kernel>\n")]
    public void Arm64_shows_words_without_what_makes_addresses(string hex, string text) => Assert.Equal(text, RenderArm64(hex));

    private static MachineText Machine(bool isBlinded)
    {
        ulong[] raw = [0x18 | (MapAddress << 32), MapAddress & 0xFFFFFFFF00000000];
        ulong[] shown = [0x18 | (1 << 12) | (7UL << 32), 0];
        return new MachineText(new KnownMaps(shown, raw), s_names, isBlinded);
    }

    private static string Render(string hex, bool isBlinded)
    {
        using var to = new TextBuffer();
        Machine(isBlinded).Append(0, new MachineFunction { Code = Convert.FromHexString(hex) }, [], null, to);
        return Encoding.UTF8.GetString(to.Written);
    }

    private static string RenderArm64(string hex)
    {
        using var to = new TextBuffer();
        Arm64Text.Append(new MachineFunction { Code = Convert.FromHexString(hex) }, [], null, to);
        return Encoding.UTF8.GetString(to.Written);
    }
}
