using System.Globalization;
using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>
/// What the programs read of the kernel, they read by the offsets of the running kernel (CO-RE), but as wide as their own declarations say. Where the kernel's field has
/// another width, or is a bit field, only BPF_CORE_READ_BITFIELD_PROBED reads it right. bpftool says what is matched with what.
/// </summary>
public sealed partial class RelocationTests
{
    private const string Kernel = "/sys/kernel/btf/vmlinux";

    [Fact]
    public void Every_field_is_read_as_wide_as_this_kernel_has_it()
    {
        BtfTypes kernel = new(Kernel);
        string[] objects = Directory.GetFiles(Path.Combine(ViewBinary.Repository(), "bpf", "objects"), "*.bpf.o");
        Assert.NotEmpty(objects);
        List<string> wrong = [];
        int compared = 0;
        foreach (string file in objects)
        {
            BtfTypes own = new(file);
            Relocation[] all = [.. Relocations(file)];
            HashSet<(string, string)> asBits = [.. all.Where(r => r.Kind == "lshift_u64").Select(r => (r.Program, r.Own.Name))];
            foreach (Relocation relocation in all.Where(r => r.Kind == "byte_off" && !asBits.Contains((r.Program, r.Own.Name))).DistinctBy(r => (r.Own.Name, r.Kernels.Name)))
            {
                (int ownWidth, int width) = (own.WidthOf(relocation.Own), kernel.WidthOf(relocation.Kernels));
                if (ownWidth != 0 && ownWidth != width) wrong.Add($"{Path.GetFileName(file)}: {relocation.Own.Name}: {ownWidth} bits, this kernel has {width}");
                compared++;
            }
        }
        Assert.True(compared > 300, $"{compared} compared");
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    private static IEnumerable<Relocation> Relocations(string file)
    {
        using TemporaryDirectory directory = new();
        ToolResult result = Tool.Run("bpftool", "-d", "gen", "min_core_btf", Kernel, directory.At("btf"), file).Succeeded();
        Match? own = null;
        foreach (string line in (result.Output + result.Errors).Split('\n'))
        {
            Match match = Line().Match(line);
            if (!match.Success) continue;
            if (!match.Groups["candidate"].Success) own = match;
            else if (own is not null) yield return new(match.Groups["program"].Value, match.Groups["kind"].Value, FieldOf(own), FieldOf(match));
        }
    }

    private static Field FieldOf(Match match) =>
        new(match.Groups["name"].Value, int.Parse(match.Groups["type"].Value, null), [.. match.Groups["path"].Value.Split(':').Skip(1).Select(i => int.Parse(i, null))]);

    // libbpf: prog 'NAME': relo #54: [matching candidate #0 ]<byte_off> [19562] struct ipv6_pinfo.pmtudisc (0:17 @ offset 78.3)
    [GeneratedRegex("^libbpf: prog '(?<program>[^']*)': relo #[0-9]+: (?<candidate>matching candidate #[0-9]+ )?<(?<kind>[a-z0-9_]+)> \\[(?<type>[0-9]+)\\] (?<name>.*) \\((?<path>[0-9:]+) @ offset [0-9.]+\\)$")]
    private static partial Regex Line();

    /// <param name="Name">As libbpf writes it.</param>
    /// <param name="Type">The id of the type it begins at.</param>
    /// <param name="Path">Numbers of members and elements from there.</param>
    private sealed record Field(string Name, int Type, int[] Path);

    private sealed record Relocation(string Program, string Kind, Field Own, Field Kernels);

    /// <summary>BTF as <c>bpftool btf dump file</c> writes it.</summary>
    private sealed partial class BtfTypes
    {
        private readonly List<BtfType> _types = [new("VOID", 0, 0)];

        public BtfTypes(string file)
        {
            foreach (string line in Tool.Run("bpftool", "btf", "dump", "file", file).Succeeded().Output.Split('\n'))
            {
                if (line.StartsWith('[')) _types.Add(new(line.Split(' ')[1], Number(line, " type_id="), Number(line, line.Contains(" ARRAY ", StringComparison.Ordinal) ? " nr_elems=" : " size=")));
                else if (line.Contains(" type_id=", StringComparison.Ordinal)) _types[^1].Members.Add((Number(line, " type_id="), Number(line, " bitfield_size=")));
            }
        }

        /// <summary>Bits of a number or pointer; 0: it is something else.</summary>
        public int WidthOf(Field field)
        {
            (int type, int bits) = (field.Type, 0);
            foreach (int step in field.Path) (type, bits) = Bare(type) is { Kind: "ARRAY" } array ? (array.Inner, 0) : Bare(type).Members[step];
            return bits != 0 ? bits : Bare(type) switch { { Kind: "PTR" } => 64, { Kind: "INT" or "ENUM" or "ENUM64" } number => number.Size * 8, _ => 0 };
        }

        private BtfType Bare(int type)
        {
            BtfType at = _types[type];
            while (at.Kind is "TYPEDEF" or "CONST" or "VOLATILE" or "RESTRICT" or "TYPE_TAG") at = _types[at.Inner];
            return at;
        }

        private static int Number(string line, string name)
        {
            int at = line.LastIndexOf(name, StringComparison.Ordinal);
            if (at < 0) return 0;
            ReadOnlySpan<char> rest = line.AsSpan(at + name.Length);
            int length = rest.IndexOfAnyExceptInRange('0', '9');
            return int.Parse(length < 0 ? rest : rest[..length], CultureInfo.InvariantCulture);
        }

        private sealed record BtfType(string Kind, int Inner, int Size)
        {
            public List<(int Type, int Bits)> Members { get; } = [];
        }
    }
}
