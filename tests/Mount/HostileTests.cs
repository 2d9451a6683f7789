using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>
/// Names that others chose - newline, ESC, quote, backslash, bytes that are no UTF-8 - come out escaped as text and as valid JSON and DOT. Comm and pin paths:
/// HoldersTests; comm in DOT: GraphTests.
/// </summary>
public sealed class HostileTests(PlainView view) : IClassFixture<PlainView>
{
    private static readonly byte[] s_hostile = [.. "x\n\t\x1b[2J\"\\'<&>"u8, 0xff, 0xc2, 0x9b];

    [Fact]
    public void Btf_names_that_the_kernel_does_not_check()
    {
        using Descriptor btf = LoadBtf();
        string id = File.ReadLines($"/proc/self/fdinfo/{btf.Fd}").Single(l => l.StartsWith("btf_id:", StringComparison.Ordinal)).Split('\t')[1];
        byte[] c = File.ReadAllBytes(view.At($"btf/{id}/c"));
        AssertSafe(c, "\n\t");
        string text = Encoding.UTF8.GetString(c);
        Assert.Contains("struct holder {", text, StringComparison.Ordinal);
        Assert.Contains("x___[2J__'<&>___ number;", text, StringComparison.Ordinal); // the int's name, in one line
        Assert.Contains("btf_type_tag(\"x___[2J__'<&>___\")", text, StringComparison.Ordinal);
        foreach (string file in (string[])[$"btf/{id}/info", $"btf/{id}/progs", $"btf/{id}/maps"]) AssertSafe(File.ReadAllBytes(view.At(file)), "\n\t");
        JsonDocument.Parse(File.ReadAllBytes(view.At($"btf/{id}/json"))).Dispose();
        JsonDocument.Parse(File.ReadAllBytes(view.At("btf.json"))).Dispose();
    }

    [Fact]
    public void Text_in_a_map()
    {
        using BtfObject btf = new("values");
        using BpfMap map = btf.Map("everything_map", MapType.Hash, 8, 96);
        byte[][] texts = [[.. "a\"b\\c"u8], [.. "\x1b[2J"u8], [.. "a\nb"u8], [0xff, 0xc0, 0x80], [.. "\u009b31m"u8], [.. "</s>&"u8]];
        for (int i = 0; i < texts.Length; i++)
        {
            byte[] value = new byte[96];
            texts[i].CopyTo(value, 18); // char text[8]
            map.Update(BitConverter.GetBytes((ulong)i), value);
        }
        byte[] entries = File.ReadAllBytes(view.Of(map, "entries"));
        AssertSafe(entries, "\n\t");
        string[] lines = Encoding.UTF8.GetString(entries).TrimEnd('\n').Split('\n');
        Assert.Equal(texts.Length, lines.Length);
        foreach (string line in lines)
        {
            using JsonDocument key = JsonDocument.Parse(line.Split('\t')[0]), value = JsonDocument.Parse(line.Split('\t')[1]);
            byte[] wanted = texts[key.RootElement.GetProperty("x").GetInt32()];
            JsonElement text = value.RootElement.GetProperty("text"); // a string, or its bytes where it is not printable
            byte[] got = text.ValueKind == JsonValueKind.String
                ? Encoding.UTF8.GetBytes(text.GetString()!)
                : [.. text.EnumerateArray().Select(b => unchecked((byte)b.GetInt32())).TakeWhile(b => b != 0)];
            Assert.Equal(wanted, got);
        }
        byte[] json = File.ReadAllBytes(view.Of(map, "entries.json"));
        AssertSafe(json, "\n");
        JsonDocument.Parse(json).Dispose();
    }

    [Fact]
    public void The_name_of_a_device()
    {
        byte[] name = [.. "b\x1b\"\\"u8, 0xff, .. Encoding.ASCII.GetBytes($"{Environment.ProcessId % 1_000_000}")]; // the kernel takes no blank, slash or colon
        string script = $"set -e; name=$(printf '%b' \"$1\"); ip link add name \"$name\" type veth peer name vp{Environment.ProcessId % 1_000_000}; cat /sys/class/net/\"$name\"/ifindex";
        string escaped = string.Concat(name.Select(b => $"\\x{b:x2}"));
        int device = int.Parse(Tool.Shell(script, escaped).Succeeded().Output, null);
        try
        {
            using BpfProgram program = BpfProgram.Load("h_xdp", ProgramType.Xdp, Instructions.Return(2));
            using BpfLink link = Links.Xdp(program, device);
            string shown = "b\\x1b\"\\\\\\xff" + Encoding.ASCII.GetString(name[5..]);
            Assert.Contains(shown, view.Read($"links/{link.Id}/target"), StringComparison.Ordinal);
            Assert.Contains(shown, view.Read("links.debug"), StringComparison.Ordinal);
            Assert.Contains($"devname:\t{shown}\n", view.Read($"links/{link.Id}/info"), StringComparison.Ordinal);
            Assert.Contains(shown, view.Read("attachments"), StringComparison.Ordinal);
            foreach (string file in (string[])["links.debug", "attachments", "graph.dot", $"links/{link.Id}/info", $"links/{link.Id}/target", $"progs/{program.Id}/attached"])
            {
                AssertSafe(File.ReadAllBytes(view.At(file)), "\n\t");
            }
            foreach (string file in (string[])["links.json", "attachments.json", $"links/{link.Id}/json"]) JsonDocument.Parse(File.ReadAllBytes(view.At(file))).Dispose();
            using TemporaryDirectory directory = new();
            File.Copy(view.At("graph.dot"), directory.At("g"));
            string svg = Tool.Run("dot", "-Tsvg", directory.At("g")).Succeeded().Output;
            Assert.Contains(shown, System.Net.WebUtility.HtmlDecode(svg), StringComparison.Ordinal);
        }
        finally
        {
            Tool.Run("ip", "link", "del", $"vp{Environment.ProcessId % 1_000_000}");
        }
    }

    /// <summary>UTF-8, and no control characters but these.</summary>
    private static void AssertSafe(byte[] bytes, string but)
    {
        string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(bytes);
        Assert.DoesNotContain(text, c => char.IsControl(c) && !but.Contains(c, StringComparison.Ordinal));
    }

    /// <summary>struct holder { INT number; TYPE_TAG(INT) *tagged; } with a DECL_TAG, in which int and tags have such names.</summary>
    private static unsafe Descriptor LoadBtf()
    {
        List<byte> strings = [0];
        uint text(ReadOnlySpan<byte> s)
        {
            uint at = (uint)strings.Count;
            strings.AddRange(s);
            strings.Add(0);
            return at;
        }
        uint hostile = text(s_hostile);
        const uint Int = 1 << 24, Ptr = 2 << 24, Struct = 4 << 24, DeclTag = 17 << 24, TypeTag = 18 << 24;
        uint[] types =
        [
            hostile, Int, 4, 32, // 1
            hostile, TypeTag, 1, // 2
            0, Ptr, 2, // 3
            text("holder"u8), Struct | 2, 16, text("number"u8), 1, 0, text("tagged"u8), 3, 64, // 4
            hostile, DeclTag, 4, uint.MaxValue, // 5
        ];
        byte[] body = MemoryMarshal.AsBytes<uint>(types).ToArray();
        uint[] header = [0x0001_eb9f, 24, 0, (uint)body.Length, (uint)body.Length, (uint)strings.Count];
        byte[] all = [.. MemoryMarshal.AsBytes<uint>(header), .. body, .. strings];
        fixed (byte* data = all)
        {
            Bpf.words_attr attr = default;
            ulong address = (ulong)data;
            attr.words[0] = (uint)address;
            attr.words[1] = (uint)(address >> 32);
            attr.words[4] = (uint)all.Length; // btf, btf_log_buf, btf_size
            return new Descriptor(Bpf.Call(Bpf.BPF_BTF_LOAD, ref attr, "load BTF"));
        }
    }
}
