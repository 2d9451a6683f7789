using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Mount.Tests;

/// <summary>
/// Types that the kernel takes and that cost hours, or more memory than there is, to whoever follows them step by step. They do not end here if work is not bounded: the limit of a tool is
/// what fails.
/// </summary>
public sealed class HostileBtfTests(PlainView view) : IClassFixture<PlainView>
{
    private const uint Int = 1 << 24, Union = 5 << 24, Struct = 4 << 24, Enum = 6 << 24;

    [Fact]
    public void Unions_within_each_other_are_one_line_and_their_map_is_hex()
    {
        Types types = new();
        uint last = types.Add("u32", Int, 4, 32);
        for (int i = 0; i < 31; i++) last = types.Add($"u{i}", Union | 2, 4, [types.Text("a"), last, 0, types.Text("b"), last, 0]);
        using Descriptor btf = types.Load();
        using BpfMap map = CreateMap(btf, last, 4);
        map.Update([1, 0, 0, 0], [0xd, 0xc, 0xb, 0xa]);
        AssertAnswers(btf, map, $"1\t\"0d 0c 0b 0a\"\n");
        Assert.Matches(@"^/\* not written: .* \*/\n$", view.Read($"btf/{IdOf(btf)}/c"));
    }

    [Fact]
    public void So_are_wide_ones()
    {
        Types types = new();
        uint last = types.Add("u32", Int, 4, 32);
        for (int i = 0; i < 4; i++)
        {
            uint inner = last;
            last = types.Add($"w{i}", Union | 3000, 4, [.. Enumerable.Range(0, 3000).SelectMany(m => (uint[])[types.Text($"m{m}"), inner, 0])]);
        }
        using Descriptor btf = types.Load();
        using BpfMap map = CreateMap(btf, last, 4);
        map.Update([1, 0, 0, 0], [0xd, 0xc, 0xb, 0xa]);
        AssertAnswers(btf, map, $"1\t\"0d 0c 0b 0a\"\n");
    }

    /// <summary>60,000 names of 500 letters, which 1,000 members have: 30 GB if each member had its own, and 60,000 comparisons for each.</summary>
    [Fact]
    public void An_enum_is_held_once_however_many_members_have_it()
    {
        Types types = new();
        uint number = types.Add("u32", Int, 4, 32), name = types.Text(new string('x', 500));
        uint names = types.Add("names", Enum | 60000, 4, [.. Enumerable.Range(0, 60000).SelectMany(i => (uint[])[name, (uint)i])]);
        uint all = types.Add("all", Struct | 1000, 4000, [.. Enumerable.Range(0, 1000).SelectMany(i => (uint[])[types.Text($"m{i}"), names, (uint)i * 32])]);
        using Descriptor btf = types.Load();
        using BpfMap map = CreateMap(btf, all, 4000);
        map.Update([1, 0, 0, 0], new byte[4000]);
        long before = ResidentKilobytes();
        Tool.Run("cat", view.Of(map, "entries")).Succeeded();
        Assert.InRange(ResidentKilobytes() - before, long.MinValue, 128 * 1024);
        _ = number;
    }

    /// <summary>5,000 enumerators with one name of 500 letters, in 100 enums: 250 MB of C out of 4 MB.</summary>
    [Fact]
    public void What_is_too_long_ends_with_a_line()
    {
        Types types = new();
        uint name = types.Text(new string('x', 500));
        for (int e = 0; e < 100; e++) types.Add($"names{e}", Enum | 5000, 4, [.. Enumerable.Range(0, 5000).SelectMany(i => (uint[])[name, (uint)i])]);
        using Descriptor btf = types.Load();
        string path = view.At($"btf/{IdOf(btf)}/c");
        AssertUntold(path);
        ToolResult read = Tool.AsNobody("cat \"$1\" | tee >(tail -n 1 >&2) | wc -c", path).Succeeded();
        Assert.InRange(long.Parse(read.Output, CultureInfo.InvariantCulture), 12 * 1024 * 1024, (16 * 1024 * 1024) + 100);
        Assert.Equal("/* the rest is left out: it is longer than 16 MiB */\n", read.Errors);
    }

    /// <summary>1.1 GB of parsed BTF for 100 handles, if each had its own.</summary>
    [Fact]
    public void What_is_the_same_for_everybody_is_held_once()
    {
        string whole = view.Read("btf/1/c");
        long before = ResidentKilobytes();
        List<FileStream> open = [];
        try
        {
            for (int i = 0; i < 400; i++) open.Add(new FileStream(view.At("btf/1/c"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1));
            for (int i = 0; i < 40; i++) open.Add(new FileStream(view.At("kernel/ksyms"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1));
            byte[] bytes = new byte[4096];
            foreach (FileStream file in open) file.ReadExactly(bytes);
            // Each at its own place, in any order
            open[7].Position = whole.Length - 5000;
            open[7].ReadExactly(bytes);
            Assert.Equal(whole.Substring(whole.Length - 5000, 4096), Encoding.UTF8.GetString(bytes));
            open[7].Position = 0;
            open[7].ReadExactly(bytes);
            Assert.Equal(whole[..4096], Encoding.UTF8.GetString(bytes));
            Assert.InRange(ResidentKilobytes() - before, long.MinValue, 48 * 1024);
        }
        finally
        {
            foreach (FileStream file in open) file.Dispose();
        }
    }

    [Fact]
    public void Readers_at_once_get_the_same()
    {
        string sums = Tool.Shell("for i in 1 2 3 4 5 6 7 8 9 10 11 12; do tail -c +1 \"$1\" | md5sum & done; wait", view.At("btf/1/c")).Succeeded().Output;
        Assert.Equal(12, sums.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Single(sums.Split('\n', StringSplitOptions.RemoveEmptyEntries).Distinct());
        Assert.StartsWith(Tool.Shell("md5sum < \"$1\"", view.At("btf/1/c")).Succeeded().Output, sums, StringComparison.Ordinal);
    }

    [Fact]
    public void Stat_tells_more_than_there_is_until_somebody_has_read_it()
    {
        Types types = new();
        uint number = types.Add("u32", Int, 4, 32);
        types.Add("one", Struct | 1, 4, [types.Text("a"), number, 0]);
        using Descriptor btf = types.Load();
        string path = view.At($"btf/{IdOf(btf)}/c");
        AssertUntold(path);
        string text = File.ReadAllText(path);
        Assert.Equal("struct one {\n\tu32 a;\n};\n\n", text);
        Assert.True(Poll.Until(() => new FileInfo(path).Length == text.Length)); // the kernel holds a size for a second
        Assert.Equal(text, Tool.Run("busybox", "cat", path).Succeeded().Output); // sendfile(2), which ends where the file is said to
    }

    private void AssertAnswers(Descriptor btf, BpfMap map, string entries)
    {
        string[] files = [view.At($"btf/{IdOf(btf)}/c"), view.At($"btf/{IdOf(btf)}/info"), view.Of(map, "entries"), view.Of(map, "entries.json"), view.Of(map, "info")];
        foreach (string file in files)
        {
            Tool.AsNobody("stat \"$1\"", file).Succeeded();
            Tool.Run("cat", file).Succeeded();
        }
        Tool.AsNobody("cat \"$1\"", files[0]).Succeeded();
        Assert.Equal(entries, File.ReadAllText(view.Of(map, "entries")));
    }

    private static void AssertUntold(string path)
    {
        long size = long.Parse(Tool.AsNobody("stat -c %s \"$1\"", path).Succeeded().Output, CultureInfo.InvariantCulture);
        Assert.Equal(0, size % 4096);
        Assert.True(size > 4096);
    }

    private long ResidentKilobytes() => long.Parse(
        File.ReadAllLines($"/proc/{view.ProcessId}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture);

    private static string IdOf(Descriptor btf) =>
        File.ReadLines($"/proc/self/fdinfo/{btf.Fd}").Single(l => l.StartsWith("btf_id:", StringComparison.Ordinal)).Split('\t')[1];

    /// <summary>A hash of one element, whose key is the first type: a number.</summary>
    private static BpfMap CreateMap(Descriptor btf, uint value, int size)
    {
        Bpf.map_create_attr attr = new() { map_type = (uint)MapType.Hash, key_size = 4, value_size = (uint)size, max_entries = 1, btf_fd = (uint)btf.Fd, btf_key_type_id = 1, btf_value_type_id = value };
        return BpfMap.Adopt(Bpf.Call(Bpf.BPF_MAP_CREATE, ref attr, "create a map"), "", MapType.Hash, 4, size);
    }

    /// <summary>BTF, type by type.</summary>
    private sealed class Types
    {
        private readonly List<uint> _types = [];
        private readonly List<byte> _strings = [0];
        private readonly Dictionary<string, uint> _known = [];
        private uint _last;

        public uint Text(string text)
        {
            if (_known.TryGetValue(text, out uint at)) return at;
            at = _known[text] = (uint)_strings.Count;
            _strings.AddRange([.. Encoding.ASCII.GetBytes(text), 0]);
            return at;
        }

        public uint Add(string name, uint info, uint size, params uint[] rest)
        {
            _types.AddRange([Text(name), info, size, .. rest]);
            return ++_last;
        }

        public unsafe Descriptor Load()
        {
            uint types = (uint)_types.Count * sizeof(uint);
            uint[] header = [0x0001_eb9f, 24, 0, types, types, (uint)_strings.Count];
            byte[] all = [.. MemoryMarshal.AsBytes<uint>(header), .. MemoryMarshal.AsBytes<uint>(_types.ToArray()), .. _strings];
            fixed (byte* data = all)
            {
                Bpf.words_attr attr = default;
                (attr.words[0], attr.words[1], attr.words[4]) = ((uint)(ulong)data, (uint)((ulong)data >> 32), (uint)all.Length);
                return new Descriptor(Bpf.Call(Bpf.BPF_BTF_LOAD, ref attr, "load BTF"));
            }
        }
    }
}
