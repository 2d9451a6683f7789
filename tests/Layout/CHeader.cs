using System.Text;
using System.Text.RegularExpressions;

namespace Layout.Tests;

/// <summary>
/// What gcc says of a header's records. The names come from the header's own text and the numbers from a program that gcc compiles: neither
/// clang nor BTF nor RecordGen has a part in it.
/// </summary>
internal static partial class CHeader
{
    /// <summary>One line for each record, each of its members, and the same for the structs and enums that they hold.</summary>
    public static SortedSet<string> Describe(string header)
    {
        string text = Repo.Succeed("gcc", "-E", "-P", header);
        var bodies = StructPattern().Matches(text).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["body"].Value);
        var enums = EnumPattern().Matches(text).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["body"].Value);
        string[] records = [.. RecordPattern().Matches(text).Select(m => m.Groups["name"].Value)];
        Assert.NotEmpty(records);
        Assert.All(records, r => Assert.True(bodies.ContainsKey(r), $"struct {r}: the test cannot parse its members"));

        var program = new StringBuilder(
            $$"""
            #include <stddef.h>
            #include <stdio.h>
            #include "{{header}}"
            #define KIND(x) _Generic((x), char: "byte", signed char: "sbyte", unsigned char: "byte", _Bool: "byte", \
                short: "short", unsigned short: "ushort", int: "int", unsigned: "uint", \
                long: "long", unsigned long: "ulong", long long: "long", unsigned long long: "ulong", default: "struct")
            int main(void) {

            """);
        var structs = new Queue<string>(records);
        var wanted = new HashSet<string>(records);
        var wantedEnums = new SortedSet<string>(enums.Keys.Where(e => e.EndsWith("_flags", StringComparison.Ordinal)));
        while (structs.TryDequeue(out string? name))
        {
            program.Append($"printf(\"{name}: %zu bytes\\n\", sizeof(struct {name}));\n");
            foreach ((string type, string member, string dimensions) in Members(name, bodies[name]))
            {
                string place = $"(((struct {name} *)0)->{member})";
                string element = ElementPattern().Replace(dimensions, "[0]");
                program.Append(
                    $"printf(\"{name}.{member}: at %zu, %zu bytes, of %s\\n\", offsetof(struct {name}, {member}), sizeof{place}, " +
                    $"KIND({place}{element}));\n");
                string[] words = type.Split(' ');
                if (words is [.., "struct", string nested] && wanted.Add(nested))
                {
                    structs.Enqueue(nested);
                }
                else if (words is [.., "enum", string constants])
                {
                    wantedEnums.Add(constants);
                }
            }
        }

        foreach (string name in wantedEnums)
        {
            foreach (string constant in enums[name].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                string symbol = constant.Split('=', StringSplitOptions.TrimEntries)[0];
                program.Append($"printf(\"{name}.{symbol}: = %lld\\n\", (long long){symbol});\n");
            }
        }

        program.Append("return 0;\n}\n");
        using var temporary = new TemporaryDirectory();
        File.WriteAllText(temporary.Path("layout.c"), program.ToString());
        Repo.Succeed("gcc", "-std=gnu11", "-Wall", "-Werror", "-o", temporary.Path("layout"), temporary.Path("layout.c"));
        string printed = Repo.Succeed(temporary.Path("layout"));
        return new SortedSet<string>(printed.Split('\n', StringSplitOptions.RemoveEmptyEntries), StringComparer.Ordinal);
    }

    private static IEnumerable<(string Type, string Name, string Dimensions)> Members(string of, string body)
    {
        foreach (string declaration in body.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string type = "";
            foreach (string declarator in declaration.Split(',', StringSplitOptions.TrimEntries))
            {
                Match match = MemberPattern().Match(declarator);
                Assert.True(match.Success, $"struct {of}: the test cannot parse '{declaration}'");
                type = match.Groups["type"].Success ? string.Join(' ', match.Groups["type"].Value.Split()) : type;
                yield return (type, match.Groups["name"].Value, match.Groups["dimensions"].Value);
            }
        }
    }

    [GeneratedRegex(@"\bstruct\s+(__attribute__\s*\(\(\w+\)\)\s*)?(?<name>\w+)\s*\{(?<body>[^{}]*)\}[^;]*;")]
    private static partial Regex StructPattern();

    [GeneratedRegex(@"\bstruct\s+(__attribute__\s*\(\(\w+\)\)\s*)?(?<name>\w+_record)\s*\{")]
    private static partial Regex RecordPattern();

    [GeneratedRegex(@"\benum\s+(?<name>\w+)\s*\{(?<body>[^{}]*)\}")]
    private static partial Regex EnumPattern();

    [GeneratedRegex(@"^((?<type>\w[\w\s]*?)\s+)?(?<name>\w+)\s*(?<dimensions>(\[[^\]]*\]\s*)*)$")]
    private static partial Regex MemberPattern();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex ElementPattern();
}
