using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Iterators;

namespace Relocations.Tests;

/// <summary><c>enum bpf_core_relo_kind</c>, <c>&lt;linux/bpf.h&gt;</c>.</summary>
internal enum CoreKind
{
    FieldByteOffset,
    FieldByteSize,
    FieldExists,
    FieldSigned,
    FieldLeftShift,
    FieldRightShift,
    TypeIdLocal,
    TypeIdTarget,
    TypeExists,
    TypeSize,
    EnumValueExists,
    EnumValue,
    TypeMatches,
}

/// <summary>An instruction that depends on the running kernel.</summary>
/// <param name="Section">Number of the section.</param>
/// <param name="Index">Number among the section's relocations, as libbpf counts them.</param>
/// <param name="Insn">Number of the instruction in the section.</param>
/// <param name="Kind">What is put into it.</param>
/// <param name="Type">Where it begins, in the object's BTF.</param>
/// <param name="Path">From there: members, elements, or the enumerator.</param>
/// <param name="Name">struct.member, a type's name, or enum::value; without what distinguishes our variants of a structure.</param>
internal sealed record CoreRelocation(int Section, int Index, int Insn, CoreKind Kind, uint Type, int[] Path, string Name)
{
    /// <summary>It asks whether something exists, and so can always be answered.</summary>
    public bool IsQuestion => Kind is CoreKind.FieldExists or CoreKind.TypeExists or CoreKind.EnumValueExists or CoreKind.TypeMatches;
}

/// <summary>A function: numbers of its section, of its first instruction there, how many it has. The verifier looks at a global one whether it is called or not.</summary>
internal sealed record CoreFunction(string Name, int Section, int Start, int Length, bool IsGlobal);

/// <summary>A BPF object as libbpf loads it: programs, the functions that they call, and what is relocated in them.</summary>
internal sealed partial class CoreObject : IDisposable
{
    private const int InsnSize = 8;
    private readonly ElfObject _elf;
    private readonly Dictionary<(int Section, int Insn), CoreRelocation> _relocations = [];
    private readonly Dictionary<int, Dictionary<int, ElfSymbol>> _symbols = [];
    private readonly CoreFunction[] _functions;

    public CoreObject(string path)
    {
        Path = path;
        _elf = new(File.ReadAllBytes(path));
        Btf = Btf.TryParse(Section(".BTF"), out _) ?? throw new InvalidDataException($"{path}: no BTF");
        _functions = [.. _elf.Symbols.Where(s => s.IsFunction).Select(s => new CoreFunction(s.Name, s.Section, s.Value / InsnSize, s.Size / InsnSize, s.IsGlobal))];
        foreach (CoreFunction function in _functions) _symbols.TryAdd(function.Section, _elf.RelocationsOf(function.Section));
        ReadRelocations(Section(".BTF.ext"));
    }

    public string Path { get; }

    public Btf Btf { get; }

    public IEnumerable<CoreRelocation> Relocations => _relocations.Values;

    /// <summary>Every function of a section that libbpf makes a program of.</summary>
    public IEnumerable<CoreFunction> Programs => _functions.Where(f => SectionName(f.Section) != ".text");

    public string SectionName(int section) => _elf.Sections[section].Name;

    public ulong Insn(int section, int insn) => BinaryPrimitives.ReadUInt64LittleEndian(_elf.Sections[section].Bytes.AsSpan(insn * InsnSize));

    public CoreRelocation? RelocationAt(int section, int insn) => _relocations.GetValueOrDefault((section, insn));

    /// <summary>Whether something's address is put into the instruction.</summary>
    public bool TakesAddress(int section, int insn) => _symbols[section].ContainsKey(insn * InsnSize);

    /// <summary>The function that a call leads to, or whose address an instruction loads; null: neither (a helper, a map, a variable).</summary>
    public CoreFunction? Referred(int section, int insn)
    {
        ulong word = Insn(section, insn);
        int immediate = (int)(word >> 32);
        bool isCall = (byte)word == 0x85, isOwn = ((word >> 12) & 15) == 1; // BPF_JMP | BPF_CALL, BPF_PSEUDO_CALL
        if (_symbols[section].TryGetValue(insn * InsnSize, out ElfSymbol? symbol))
        {
            // bpf_object__reloc_code() in libbpf
            return FunctionAt(symbol.Section, isCall ? (symbol.Value / InsnSize) + immediate + 1 : (symbol.Value + immediate) / InsnSize);
        }
        return isCall && isOwn ? FunctionAt(section, insn + immediate + 1) : null;
    }

    /// <summary>The program and all functions that some instruction of it refers to, reached or not: what libbpf hands to the kernel.</summary>
    public IReadOnlyList<CoreFunction> FunctionsOf(CoreFunction program)
    {
        List<CoreFunction> found = [program];
        for (int i = 0; i < found.Count; i++)
        {
            for (int insn = found[i].Start; insn < found[i].Start + found[i].Length; insn++)
            {
                if (Referred(found[i].Section, insn) is { } called && !found.Contains(called)) found.Add(called);
            }
        }
        return found;
    }

    public void Dispose() => Btf.Dispose();

    private CoreFunction? FunctionAt(int section, int insn) => _functions.FirstOrDefault(f => f.Section == section && f.Start == insn);

    private byte[] Section(string name) => _elf.Sections.First(s => s.Name == name).Bytes;

    /// <summary><c>struct btf_ext_header</c> and <c>struct bpf_core_relo</c>, libbpf's btf.h and <c>&lt;linux/bpf.h&gt;</c>.</summary>
    private void ReadRelocations(byte[] ext)
    {
        int Int(int offset) => BinaryPrimitives.ReadInt32LittleEndian(ext.AsSpan(offset));

        int at = Int(4) + Int(24), end = at + Int(28), size = Int(at);
        at += 4;
        while (at < end)
        {
            string name = Text(Int(at));
            int count = Int(at + 4), section = _elf.Sections.FindIndex(s => s.Name == name);
            at += 8;
            for (int i = 0; i < count; i++, at += size)
            {
                (int insn, uint type, CoreKind kind) = (Int(at) / InsnSize, (uint)Int(at + 4), (CoreKind)Int(at + 12));
                int[] path = [.. Text(Int(at + 8)).Split(':').Select(n => int.Parse(n, null))];
                _relocations[(section, insn)] = new(section, i, insn, kind, type, path, NameOf(kind, type, path));
            }
        }
    }

    private string NameOf(CoreKind kind, uint type, int[] path)
    {
        StringBuilder name = new(Variant().Replace(Encoding.ASCII.GetString(Btf.TypeName(type)), ""));
        if (kind is CoreKind.EnumValue or CoreKind.EnumValueExists) return $"{name}::{Variant().Replace(Text((int)Btf.Enumerator(type, path[0]).NameOffset), "")}";
        foreach (int step in path.Skip(1))
        {
            type = Btf.SkipModifiers(type);
            if (Btf.Kind(type) == BtfKind.Array)
            {
                name.Append($"[{step}]");
                type = Btf.Array(type).Element;
                continue;
            }
            BtfMember member = Btf.Member(type, step);
            if (member.NameOffset != 0) name.Append('.').Append(Text((int)member.NameOffset));
            type = member.Type;
        }
        return name.ToString();
    }

    private string Text(int offset) => Encoding.ASCII.GetString(Btf.Name((uint)offset));

    [GeneratedRegex("___.*")]
    private static partial Regex Variant();
}
