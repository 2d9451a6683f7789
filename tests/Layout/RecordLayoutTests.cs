using System.Reflection;

namespace Layout.Tests;

public class RecordLayoutTests
{
    [Fact]
    public void RecordsAreLaidOutAsInC() =>
        Compare(CHeader.Describe(Repo.Path("bpf/records.h")), Assembly.Load("Iterators").GetTypes().Where(IsGenerated));

    [Fact]
    public void EveryShapeIsLaidOutAsInC() =>
        Compare(
            CHeader.Describe(Repo.Path("tests/Layout/Scratch/scratch.h")),
            typeof(Scratch.scratch_record).Assembly.GetTypes().Where(t => t.Namespace == typeof(Scratch.scratch_record).Namespace));

    [Fact]
    public void TextEndsAtTheFirstNul()
    {
        var record = new Scratch.scratch_record();
        Span<byte> name = record.name;
        Assert.Equal(0, record.name.Text.Length);
        "ab\0cd"u8.CopyTo(name);
        Assert.Equal("ab"u8, record.name.Text);
        "abcde"u8.CopyTo(name);
        Assert.Equal("abcde"u8, record.name.Text);
    }

    [Fact]
    public void BuffersOfAReadOnlyReferenceAreSpansOfIt()
    {
        var record = new Scratch.scratch_record();
        record.parts[1].port = 7;
        Assert.Equal(7, LastPort(record));

        static int LastPort(in Scratch.scratch_record record)
        {
            ReadOnlySpan<Scratch.scratch_part> parts = record.parts;
            return parts[^1].port;
        }
    }

    // by what RecordGen makes and nobody else: structs with native names, their buffers, and enums with native names
    private static bool IsGenerated(Type type) => type is { IsValueType: true, Namespace: "Iterators", IsNested: false } &&
        RecordsFileDeclares(type.Name);

    private static bool RecordsFileDeclares(string name) =>
        s_records.Contains($"struct {name}\n", StringComparison.Ordinal) || s_records.Contains($"enum {name} :", StringComparison.Ordinal);

    private static readonly string s_records = File.ReadAllText(Repo.Path("src/Iterators/Generated/Records.g.cs"));

    private static void Compare(SortedSet<string> c, IEnumerable<Type> types)
    {
        SortedSet<string> csharp = CSharpLayout.Describe(types);
        string differences = string.Join('\n', c.Except(csharp).Select(l => $"C   {l}").Concat(csharp.Except(c).Select(l => $"C#  {l}")));
        Assert.True(
            differences.Length == 0,
            $"{differences}\n(run tools/build-bpf; a type is in BTF only if a global variable or a function has it)");
    }
}
