using System.Text;
using BpfFs.Objects.Code;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tests.Code;

public class XlatedTextTests
{
    private const ulong MapAddress = 0xFFFF888012345678, Symbol = 0xFFFFFFFF83009980;

    [Fact]
    public void Calls_maps_and_addresses_have_names()
    {
        ulong[] shown =
        [
            .. Wide(1, 1, 42), // a map
            .. Wide(2, 2, 42 | (16UL << 32)), // a place in its value
            .. Wide(3, 0, Symbol),
            .. Wide(4, 0, MapAddress + 1),
            .. Wide(5, 0, 0xDEADBEEFCAFEF00D),
            .. Wide(6, 4, 30), // a subprogram
            Call(0, 0), // a helper
            Call(0, 12), // bpf_tail_call
            Call(2, 0), // a kernel function
            Call(0, 0), // one without a name
            Call(1, 0, 9), // a subprogram
            0x00000000_0000_00B7 | (0x83B10034UL << 32), // r0 = the lower half of an address,
            0x00000000_FFFF_00BF, // of which a per-CPU address is made
            0x00000000_0000_00B7 | (0x83B10034UL << 32), // the same number, not an address
            0x95,
        ];
        ulong[] raw = [.. shown];
        raw[16] = Call(1, 1, 9);
        var names = new FakeNames { Calls = { [12] = "bpf_ktime_get_ns+0x0/0x10", [14] = "bpf_rcu_read_lock+0x0/0x10" } };
        MachineFunction[] functions = [Function("bpf_prog_1_main"), Function("bpf_prog_2_sub")];
        Assert.Equal(
            """
               0: (18) r1 = map[id:42]
               2: (18) r2 = map[id:42][0]+16
               4: (18) r3 = <kernel>
               6: (18) r4 = <kernel>
               8: (18) r5 = 0xdeadbeefcafef00d
              10: (18) r6 = subprog[+30]
              12: (85) call bpf_ktime_get_ns
              13: (85) call bpf_tail_call
              14: (85) call bpf_rcu_read_lock
              15: (85) call <kernel>
              16: (85) call pc+9#bpf_prog_2_sub
              17: (b7) r0 = <kernel>
              18: (bf) r0 = &(void __percpu *)(r0)
              19: (b7) r0 = -2085552076
              20: (95) exit

            """,
            Render(new ProgramCode { Instructions = shown }, functions, raw, null, names));
    }

    [Fact]
    public void Without_BPF_programs_of_ours_calls_have_no_names() =>
        Assert.Equal(
            """
               0: (85) call <kernel>
               1: (85) call pc+9

            """,
            Render(new ProgramCode { Instructions = [Call(0, 0), Call(1, 0, 9)] }, [], [], null, new FakeNames()));

    [Fact]
    public void Functions_and_lines_stand_between_and_their_text_is_escaped()
    {
        var types = new BtfBuilder();
        uint integer = types.Int("int", 4);
        uint main = types.Function("main", types.Prototype(integer, ("ctx", types.Pointer(types.Struct("sk_buff"))), ("", 0)));
        uint sub = types.Function("s\u001bub", types.Prototype(0));
        uint file = types.String("dir/a\n.c");
        uint line = types.String("\t printf(\"a\\n\");");
        uint odd = types.String([0x1B, (byte)'[', 0xFF, (byte)'x']);
        using Btf btf = types.Build();
        var code = new ProgramCode
        {
            Instructions = [0x95, 0x95, 0x95],
            Functions = [new() { insn_off = 0, type_id = main }, new() { insn_off = 2, type_id = sub }],
            Lines =
            [
                new() { insn_off = 0, file_name_off = file, line_off = line, line_col = (7 << 10) | 3 },
                new() { insn_off = 2, file_name_off = file, line_off = odd, line_col = 8 << 10 },
            ],
        };
        Assert.Equal(
            """
            int main(struct sk_buff * ctx, ...):
            ; printf("a\\n"); [file:dir/a\n.c line_num:7 line_col:3]
               0: (95) exit
               1: (95) exit
            void s\x1bub():
            ; \x1b[\xffx [file:dir/a\n.c line_num:8 line_col:0]
               2: (95) exit

            """,
            Render(code, [], [], btf, new FakeNames()));

        using var source = new TextBuffer();
        SourceText.Append(code, btf, source);
        Assert.Equal(
            """
            int main(struct sk_buff * ctx, ...):
            dir/a\n.c:7:3: printf("a\\n");

            void s\x1bub():
            dir/a\n.c:8:0: \x1b[\xffx

            """,
            Encoding.UTF8.GetString(source.Written));
    }

    [Fact]
    public void A_prototype_that_refers_to_itself_ends()
    {
        var types = new BtfBuilder();
        // 1: a pointer to prototype 2, whose parameter is that pointer
        types.Pointer(2);
        uint main = types.Function("main", types.Prototype(0, ("f", 1)));
        using Btf btf = types.Build();
        var code = new ProgramCode { Instructions = [0x95], Functions = [new() { type_id = main }] };
        Assert.Equal("   0: (95) exit\n", Render(code, [], [], btf, new FakeNames()));
    }

    private static MachineFunction Function(string symbol) => new() { Symbol = Encoding.ASCII.GetBytes(symbol), Code = [0xC3] };

    private static ulong[] Wide(int register, int source, ulong value) =>
        [0x18 | ((ulong)(uint)(register | (source << 4)) << 8) | (value << 32), value & 0xFFFFFFFF00000000];

    private static ulong Call(int source, int immediate, short offset = 0) =>
        0x85 | ((ulong)(uint)source << 12) | ((ulong)(ushort)offset << 16) | ((ulong)(uint)immediate << 32);

    private static string Render(ProgramCode code, MachineFunction[] functions, ulong[] raw, Btf? btf, FakeNames names)
    {
        using var to = new TextBuffer();
        new XlatedText(code, functions, raw, btf, names).Append(to);
        return Encoding.UTF8.GetString(to.Written);
    }
}
