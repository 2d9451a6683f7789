using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace BpfFs.Command;

/// <summary><c>--help</c>: the parser's own help, and what it does not know.</summary>
internal sealed class HelpText : SynchronousCommandLineAction
{
    private readonly HelpAction _parsers = new();

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        _parsers.Invoke(parseResult);
        if (parseResult.CommandResult.Parent is not null) return (int)ExitCode.Ok;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        output.WriteLine("Mount options:");
        foreach (OptionRow row in OptionTable.Rows)
        {
            if (row.Help.Length == 0) continue;
            string name = row.Value is null ? row.MountName : $"{row.MountName}={row.Value}";
            output.WriteLine($"  {name,-20}{(row.LongName is null ? row.Help : $"as {row.LongName}")}");
        }
        output.WriteLine($"  {"others",-20}what mount(8) and fstab say in general is accepted; the view is read-only, nosuid, nodev");
        output.WriteLine();
        output.WriteLine("Exit codes:");
        foreach ((ExitCode code, string meaning) in ExitCodes.Rows) output.WriteLine($"  {(int)code,-4}{meaning}");
        return (int)ExitCode.Ok;
    }
}

/// <summary><c>--version</c>.</summary>
internal sealed class VersionText : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        string version = typeof(VersionText).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown";
        parseResult.InvocationConfiguration.Output.WriteLine($"bpffs-view {version}");
        return (int)ExitCode.Ok;
    }
}
