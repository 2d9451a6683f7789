using System.Reflection;
using System.Text;
using System.Text.RegularExpressions;
using BpfFs.Attachments;
using BpfFs.Command;
using BpfFs.KernelTables;
using BpfFs.Net;
using BpfFs.Objects;
using BpfFs.Tests.View;
using BpfFs.View;

namespace BpfFs.Tests.Docs;

/// <summary>The manual pages say what the code has: bpffs-view(5) every path and field, bpffs-view(8) every option and exit status.</summary>
public sealed partial class ManualTests
{
    /// <summary>A block of the page, and the fields that it lists.</summary>
    private static readonly Dictionary<string, object> s_fields = new()
    {
        ["attachment"] = Attachment.Fields,
        ["prog"] = Prog.Fields,
        ["map"] = Map.Fields,
        ["link"] = Link.Fields,
        ["btf"] = BtfObject.Fields,
        ["task"] = BpfFs.Tasks.TaskStatus.Fields,
        ["tcp"] = TcpFields.V6,
        ["udp"] = UdpFields.V6,
        ["quic"] = UdpFields.Quic,
        ["unix"] = UnixFields.All,
        ["netlink"] = NetlinkFields.All,
        ["route"] = RouteFields.All,
        ["owner"] = OwnerFields.All,
        ["cgroup"] = Cgroup.Table.Fields,
        ["kmem_cache"] = KmemCaches.Table.Fields,
        ["dmabuf"] = Dmabufs.Table.Fields,
    };

    [Fact]
    public void The_fields_in_the_manual_are_those_declared() =>
        Blocks.Verify("docs/bpffs-view.5", s_fields.ToDictionary(pair => pair.Key, pair => FieldList(pair.Value)));

    [Fact]
    public void No_declared_field_is_missing_from_the_manual()
    {
        HashSet<(string, string)> listed = [.. s_fields.Values.SelectMany(NamesAndMeanings)];
        int found = 0;
        foreach (FieldInfo declared in typeof(ViewTable).Assembly.GetTypes().Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)))
        {
            if (declared.FieldType is not { IsArray: true } type || type.GetElementType() is not { IsGenericType: true } element || element.GetGenericTypeDefinition() != typeof(Field<>)) continue;
            found++;
            Assert.All(NamesAndMeanings(declared.GetValue(null)!), field => Assert.Contains(field, listed));
        }
        Assert.True(found > 10, $"only {found} declarations found");
    }

    [Fact]
    public void The_manual_lists_every_path_of_the_table_and_who_may_read_it()
    {
        HashSet<string> ofFields = [.. FieldPaths("progs", Prog.Fields), .. FieldPaths("maps", Map.Fields), .. FieldPaths("links", Link.Fields), .. FieldPaths("btf", BtfObject.Fields)];
        IEnumerable<string> inTable = ViewTable.Build(TableTests.Kernel(hasAll: true)).Rows
            .Where(row => row.Path.Length > 0)
            .Select(row => Shown(row.Path) + Reader(row))
            .Where(path => !ofFields.Contains(path));
        List<string> inManual = [];
        foreach (Match item in PathItem().Matches(File.ReadAllText(Blocks.At("docs/bpffs-view.5"))))
        {
            foreach (string path in item.Groups[1].Value.Split(" , ")) inManual.Add(path + item.Groups[2].Value);
        }
        Assert.Equal(inTable.Order(StringComparer.Ordinal), inManual.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void The_manual_of_the_command_has_every_option_and_exit_status()
    {
        string manual = File.ReadAllText(Blocks.At("docs/bpffs-view.8"));
        string[] synopsis = manual[..manual.IndexOf(".Sh DESCRIPTION", StringComparison.Ordinal)].Split('\n');
        string mountOptions = manual[manual.IndexOf(".It Fl o Ar options", StringComparison.Ordinal)..];
        mountOptions = mountOptions[..mountOptions.IndexOf("\n.It ", 1, StringComparison.Ordinal)];
        foreach (OptionRow row in OptionTable.Rows.Where(row => row.Help.Length > 0))
        {
            string name = row.Value is null ? row.MountName : row.MountName + "=";
            Assert.Matches($@"\.Cm .*\b{Regex.Escape(name)}( |$)", mountOptions.ReplaceLineEndings(" \n"));
            if (row.LongName is null) continue;
            Assert.Matches($@"(?m)^\.It .*Fl -{row.LongName[2..]}\b", manual);
            Assert.Contains(synopsis, line => Regex.IsMatch(line, $@"Fl -{row.LongName[2..]}\b"));
        }
        foreach (System.CommandLine.Command command in CommandLine.Describe().Subcommands.Where(command => !command.Hidden))
        {
            Assert.Contains($".It Cm {command.Name}", manual);
            foreach (System.CommandLine.Option option in command.Options) Assert.Matches($@"Fl -{option.Name[2..]}\b", manual);
        }
        foreach ((ExitCode code, _) in ExitCodes.Rows) Assert.Contains($"\n.It {(int)code}\n", manual);
    }

    [GeneratedRegex(@"(?m)^\.It Pa ([^\n]*?)( Pq \w+)?$")]
    private static partial Regex PathItem();

    [GeneratedRegex("<([a-z]+)>")]
    private static partial Regex Variable();

    private static string Shown(string path) => Variable().Replace(path, match => match.Groups[1].Value.ToUpperInvariant());

    private static string Reader(Row row) => row.Gate is not null ? " Pq owner" : row.Tier switch { Tier.Group or Tier.Processes => " Pq group", Tier.Private => " Pq root", _ => "" };

    private static IEnumerable<string> FieldPaths(string directory, object fields) => NamesAndMeanings(fields).Select(field => $"{directory}/ID/{field.Name}{ReaderOf(fields, field.Name)}")
        .Where(path => path is not "progs/ID/jited"); // a file that is no field

    private static string FieldList(object fields)
    {
        var list = new StringBuilder(".Bl -tag -width Ds -compact\n");
        foreach ((string name, string meaning) in NamesAndMeanings(fields))
        {
            list.Append($".It Cm {name}{ReaderOf(fields, name)}\n").Append(Sentence(meaning)).Append('\n');
        }
        return list.Append(".El\n").ToString();
    }

    /// <summary>In lines of less than 80 characters.</summary>
    private static string Sentence(string meaning)
    {
        var text = new StringBuilder();
        int column = 0;
        foreach (string word in (meaning.Replace("\\", "\\e", StringComparison.Ordinal).TrimEnd('.') + '.').Split(' '))
        {
            if (column > 0) text.Append(column + word.Length < 78 ? ' ' : '\n');
            column = column + word.Length < 78 ? column + word.Length + 1 : word.Length;
            text.Append(word);
        }
        return text.ToString();
    }

    private static string ReaderOf(object fields, string name)
    {
        object field = ((Array)fields).Cast<object>().Single(f => (string)f.GetType().GetProperty("Name")!.GetValue(f)! == name);
        return (Tier)field.GetType().GetProperty("Tier")!.GetValue(field)! == Tier.Group ? " Pq group" : "";
    }

    private static IEnumerable<(string Name, string Meaning)> NamesAndMeanings(object fields)
    {
        foreach (object field in (Array)fields)
        {
            Type type = field.GetType();
            yield return ((string)type.GetProperty("Name")!.GetValue(field)!, (string)type.GetProperty("Meaning")!.GetValue(field)!);
        }
    }
}
