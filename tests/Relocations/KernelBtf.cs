using System.Text.RegularExpressions;
using Iterators;
using Support;

namespace Relocations.Tests;

/// <summary>A field, or what else is relocated, as the kernel has it.</summary>
/// <param name="Type">Where it begins, in the kernel's BTF.</param>
/// <param name="Path">From there.</param>
internal sealed record KernelField(uint Type, int[] Path);

/// <summary>Where one kernel has what our objects look for. What is matched with what, libbpf says through bpftool.</summary>
internal sealed partial class KernelBtf : IDisposable
{
    private readonly string _path;
    private readonly RawBtf _raw;

    public KernelBtf(string path)
    {
        _path = path;
        byte[] bytes = File.ReadAllBytes(path);
        _raw = RawBtf.Of(bytes) ?? throw new InvalidDataException($"{path}: no BTF");
        Btf = Btf.TryParse(bytes, out int errno) ?? throw new InvalidDataException($"{path}: errno {errno}");
        Name = Path.GetFileNameWithoutExtension(path);
    }

    public string Name { get; }

    public Btf Btf { get; }

    /// <summary>Whether it has what a program attaches to; a program of a type that needs no target always has it.</summary>
    public bool HasTarget(string section) => !section.StartsWith("iter/", StringComparison.Ordinal) || _raw.FindFunctions([$"bpf_iter_{section[5..]}"])[0] != 0;

    /// <summary>What a relocation finds; absent: nothing.</summary>
    public Dictionary<CoreRelocation, KernelField> Match(CoreObject of)
    {
        using TemporaryDirectory directory = new();
        ToolResult result = Tool.Run("bpftool", "-d", "gen", "min_core_btf", _path, directory.At("btf"), of.Path).Succeeded();
        Dictionary<(string Section, int Index), CoreRelocation> all = of.Relocations.ToDictionary(r => (of.SectionName(r.Section), r.Index));
        Dictionary<CoreRelocation, KernelField> found = [];
        int asked = 0;
        foreach (string line in (result.Output + result.Errors).Split('\n'))
        {
            Match match = Line().Match(line);
            if (!match.Success) continue;
            CoreRelocation relocation = all[(match.Groups["section"].Value, int.Parse(match.Groups["index"].Value, null))];
            if (!match.Groups["candidate"].Success) asked++;
            else found[relocation] = new(uint.Parse(match.Groups["type"].Value, null), [.. match.Groups["path"].Value.Split(':').Where(p => p.Length > 0).Select(i => int.Parse(i, null))]);
        }
        if (asked != all.Count) throw new InvalidDataException($"{of.Path} on {Name}: bpftool tells of {asked} relocations of {all.Count}");
        return found;
    }

    /// <summary>The type of a field, its bits from the start of the structure, and how many it has if it is a bit field.</summary>
    public static (uint Type, int Bit, int Bits) Locate(Btf btf, uint type, int[] path)
    {
        (int bit, int bits) = (0, 0);
        foreach (int step in path.Skip(1))
        {
            type = btf.SkipModifiers(type);
            if (btf.Kind(type) == BtfKind.Array)
            {
                type = btf.Array(type).Element;
                (bit, bits) = (bit + (step * 8 * (int)btf.ResolveSize(type)), 0);
                continue;
            }
            BtfMember member = btf.Member(type, step);
            (type, bit, bits) = (member.Type, bit + member.BitOffset, member.BitSize);
        }
        return (btf.SkipModifiers(type), bit, bits);
    }

    /// <summary>Bits of a number or pointer; 0: it is something else.</summary>
    public static int WidthOf(Btf btf, uint type, int[] path)
    {
        (uint at, _, int bits) = Locate(btf, type, path);
        return bits != 0 ? bits : btf.Kind(at) switch { BtfKind.Ptr => 64, BtfKind.Int or BtfKind.Enum or BtfKind.Enum64 => btf.Size(at) * 8, _ => 0 };
    }

    /// <summary>From which byte, and how many: of a bit field, the least that libbpf finds to hold it (bpf_core_calc_field_relo()).</summary>
    public (int Offset, int Bytes) PlaceOf(KernelField field)
    {
        (uint type, int bit, int bits) = Locate(Btf, field.Type, field.Path);
        int bytes = (int)Btf.ResolveSize(type);
        if (bits == 0) return (bit / 8, bytes);
        int offset = bit / 8 / bytes * bytes;
        while (bit + bits - (offset * 8) > bytes * 8)
        {
            bytes *= 2;
            offset = bit / 8 / bytes * bytes;
        }
        return (offset, bytes);
    }

    /// <summary>What libbpf makes of a field for BPF_CORE_READ_BITFIELD() and its like; null: something else.</summary>
    public long? ValueOf(CoreKind kind, KernelField field)
    {
        if (kind is not (CoreKind.FieldByteSize or CoreKind.FieldLeftShift or CoreKind.FieldRightShift)) return null;
        (int offset, int bytes) = PlaceOf(field);
        (_, int bit, int bits) = Locate(Btf, field.Type, field.Path);
        if (bits == 0) bits = bytes * 8;
        return kind switch { CoreKind.FieldByteSize => bytes, CoreKind.FieldLeftShift => 64 - (bit + bits - (offset * 8)), _ => 64 - bits };
    }

    /// <summary>
    /// What a verifier says of a plain load from a structure, as btf_struct_walk() (kernel/bpf/btf.c) does; null: nothing against it.
    /// </summary>
    public string? Refuses(uint type, int offset, int bytes)
    {
        type = Btf.SkipModifiers(type);
        for (int i = 0; i < Btf.Length(type); i++)
        {
            BtfMember member = Btf.Member(type, i);
            int start = member.BitOffset / 8;
            if (offset + bytes <= start) break;
            if (member.BitSize != 0)
            {
                if (offset <= start && (member.BitOffset + member.BitSize + 7) / 8 <= offset + bytes) return null;
                continue;
            }
            if (offset < start) break;
            int end = start + (int)Btf.ResolveSize(member.Type);
            if (offset >= end) continue;
            uint inner = Btf.SkipModifiers(member.Type);
            if (offset + bytes > end) return $"access beyond the end of member {Text(member.NameOffset)} (mend:{end}) with off {offset} size {bytes}";
            return Btf.Kind(inner) is BtfKind.Struct or BtfKind.Union ? Refuses(inner, offset - start, bytes) : null;
        }
        return $"cannot access a place between members with off {offset} size {bytes}";
    }

    public void Dispose() => Btf.Dispose();

    private string Text(uint name) => System.Text.Encoding.ASCII.GetString(Btf.Name(name));

    // libbpf: prog 'SECTION': relo #54: [matching candidate #0 ]<byte_off> [19562] struct ipv6_pinfo.pmtudisc (0:17 @ offset 78.3)
    [GeneratedRegex("^libbpf: prog '(?<section>[^']*)': relo #(?<index>[0-9]+): (?<candidate>matching candidate #[0-9]+ )?<[a-z0-9_]+> \\[(?<type>[0-9]+)\\] [^(]*(\\((?<path>[0-9:]+) @ offset [0-9.]+\\))?$")]
    private static partial Regex Line();
}
