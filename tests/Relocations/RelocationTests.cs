namespace Relocations.Tests;

/// <summary>
/// What the programs read of the kernel, they read from where the running kernel has it (CO-RE), if it has it. Here that is tried on kernels that do not run: on Debian's,
/// and on any that lacks one field.
/// </summary>
public sealed class RelocationTests
{
    /// <summary>A field that a kernel may lack is read only behind the question whether it has it; so the program loads there, and the field is absent from the view.</summary>
    [Fact]
    public void Without_any_one_field_every_program_is_accepted()
    {
        List<string> unguarded = [];
        HashSet<(Needed Entry, string Pattern)> used = [];
        int tried = 0;
        foreach (string path in KernelList.Objects)
        {
            using CoreObject from = new(path);
            foreach (CoreFunction program in from.Programs)
            {
                HashSet<(int, int)> functions = [.. from.FunctionsOf(program).SelectMany(f => Enumerable.Range(f.Start, f.Length).Select(i => (f.Section, i)))];
                foreach (string field in from.Relocations.Where(r => !r.IsQuestion && functions.Contains((r.Section, r.Insn))).Select(r => r.Name).Distinct())
                {
                    tried++;
                    // of other fields it is not known whether the kernel has them
                    Flow flow = new(from, program, r => r.IsQuestion && IsGone(r, field) ? 0 : null);
                    if (!flow.Reached.Any(r => !r.IsQuestion && IsGone(r, field))) continue;
                    (Needed Entry, string Pattern)[] allowed = [.. Needed.Of(program.Name, field)];
                    used.UnionWith(allowed);
                    if (allowed.Length == 0) unguarded.Add($"{program.Name} reads {field}");
                }
            }
        }
        Assert.True(tried > 500, $"{tried} tried");
        Assert.True(unguarded.Count == 0, $"{unguarded.Count}, behind no question whether the kernel has it:\n{string.Join('\n', unguarded)}");
        string[] unused = [.. Needed.Patterns.Except(used).Select(p => $"{p.Pattern} of {p.Entry.Programs}")];
        Assert.True(unused.Length == 0, $"no program reads it without asking:\n{string.Join('\n', unused)}");
    }

    [Fact]
    public void On_each_kernel_every_program_is_accepted_and_reads_what_is_there()
    {
        List<string> wrong = [];
        foreach (string path in KernelList.Paths())
        {
            using KernelBtf kernel = new(path);
            int compared = 0, loaded = 0;
            foreach (string file in KernelList.Objects)
            {
                using CoreObject from = new(file);
                Dictionary<CoreRelocation, KernelField> found = kernel.Match(from);
                foreach (CoreFunction program in from.Programs.Where(p => kernel.HasTarget(from.SectionName(p.Section))))
                {
                    Flow flow = new(from, program, r => r.IsQuestion ? found.ContainsKey(r) ? 1 : 0 : found.TryGetValue(r, out KernelField? of) ? kernel.ValueOf(r.Kind, of) : null);
                    wrong.AddRange(flow.Reached.Where(r => !r.IsQuestion && !found.ContainsKey(r)).Select(r => $"{kernel.Name}: {program.Name} reads {r.Name}, which it lacks"));
                    wrong.AddRange(Widths(kernel, from, flow, found, ref compared).Select(w => $"{kernel.Name}: {program.Name} reads {w}"));
                    wrong.AddRange(Loads(kernel, flow, found, ref loaded).Select(w => $"{kernel.Name}: {program.Name} loads {w}"));
                }
            }
            Assert.True(compared > 500 && loaded > 0, $"{kernel.Name}: {compared} compared, {loaded} loaded");
        }
        Assert.True(wrong.Count == 0, $"{wrong.Count}:\n{string.Join('\n', wrong.Distinct())}");
    }

    /// <summary>
    /// A field's place is relocated, its width is not: as many bytes are copied as our own declaration has. Where the kernel's field has another width, or is a bit field,
    /// only BPF_CORE_READ_BITFIELD_PROBED reads it right.
    /// </summary>
    private static List<string> Widths(KernelBtf kernel, CoreObject from, Flow flow, Dictionary<CoreRelocation, KernelField> found, ref int compared)
    {
        List<string> wrong = [];
        HashSet<string> asBits = BitFields(flow);
        foreach (CoreRelocation relocation in flow.Reached.Where(r => r.Kind == CoreKind.FieldByteOffset && !asBits.Contains(r.Name) && found.ContainsKey(r)))
        {
            int own = KernelBtf.WidthOf(from.Btf, relocation.Type, relocation.Path), width = KernelBtf.WidthOf(kernel.Btf, found[relocation].Type, found[relocation].Path);
            if (own != 0 && own != width) wrong.Add($"{own} bits of {relocation.Name}, which has {width}");
            compared++;
        }
        return wrong;
    }

    /// <summary>A bit field is loaded with all that shares its bytes, and a verifier refuses a load that begins in a member and ends behind it.</summary>
    private static List<string> Loads(KernelBtf kernel, Flow flow, Dictionary<CoreRelocation, KernelField> found, ref int loaded)
    {
        List<string> wrong = [];
        HashSet<string> asBits = BitFields(flow);
        foreach ((CoreRelocation field, int from, int bytes) in flow.Loads.Where(l => asBits.Contains(l.Field.Name) && found.ContainsKey(l.Field)))
        {
            if (kernel.Refuses(found[field].Type, kernel.PlaceOf(found[field]).Offset + from, bytes) is { } reason) wrong.Add($"{field.Name}: {reason}");
            loaded++;
        }
        return wrong;
    }

    /// <summary>What the program reads as a field of bits, which any field can be.</summary>
    private static HashSet<string> BitFields(Flow flow) => [.. flow.Reached.Where(r => r.Kind == CoreKind.FieldLeftShift).Select(r => r.Name)];

    /// <summary>Whether a relocation finds nothing where that field, type or enumerator is gone.</summary>
    private static bool IsGone(CoreRelocation relocation, string name) => relocation.Name == name || (relocation.Name.StartsWith(name, StringComparison.Ordinal) && relocation.Name[name.Length] is '.' or '[');
}
