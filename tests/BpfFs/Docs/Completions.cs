using System.CommandLine;
using System.Text;
using BpfFs.Command;
using BpfFs.Tests.View;
using BpfFs.Top;
using BpfFs.View;

namespace BpfFs.Tests.Docs;

/// <summary>What the shells' completions know of the command, in each shell's words.</summary>
internal static class Completions
{
    private static readonly RootCommand s_root = CommandLine.Describe();

    private static readonly System.CommandLine.Command[] s_commands = [.. s_root.Subcommands.Where(command => !command.Hidden).OrderBy(command => command.Name, StringComparer.Ordinal)];

    private static readonly OptionRow[] s_mountOptions = [.. OptionTable.Rows.Where(row => row.Help.Length > 0)];

    private static readonly string[] s_parts = [.. ViewTable.Parts(TableTests.Kernel(hasAll: true)).Except(["README", "status"])];

    public static string Bash()
    {
        var to = new StringBuilder();
        to.Append($"_bpffs_view_commands='{string.Join(' ', s_commands.Select(c => c.Name))}'\n");
        to.Append($"_bpffs_view_parts='{string.Join(' ', s_parts)}'\n");
        to.Append($"_bpffs_view_mount_options='{string.Join(' ', s_mountOptions.Select(row => row.Value is null ? row.MountName : row.MountName + "="))}'\n\n");
        to.Append("# what a command takes\n_bpffs_view_options() {\n    case $1 in\n");
        foreach (System.CommandLine.Command command in s_commands.Prepend(s_root))
        {
            to.Append($"    {(command == s_root ? "''" : command.Name)}) echo '{string.Join(' ', OptionsOf(command).SelectMany(NamesOf).Where(n => n.StartsWith('-')))}' ;;\n");
        }
        to.Append("    esac\n}\n\n# the kind of an option's value, or the values themselves\n_bpffs_view_kind() {\n    case $1 in\n");
        foreach (Option option in s_commands.Prepend(s_root).SelectMany(OptionsOf).Where(TakesValue).DistinctBy(o => o.Name))
        {
            if (option.Name != "-o") to.Append($"    {string.Join(" | ", NamesOf(option))}) echo '{Kind(option)}' ;;\n");
        }
        foreach (OptionRow row in s_mountOptions.Where(row => row.Value is not null)) to.Append($"    '-o {row.MountName}') echo '{Kind(row)}' ;;\n");
        return to.Append("    esac\n}\n").ToString();
    }

    public static string Zsh()
    {
        var to = new StringBuilder("_bpffs_view_commands() {\n    local -a commands=(\n");
        foreach (System.CommandLine.Command command in s_commands) to.Append($"        '{command.Name}:{Quoted(command.Description)}'\n");
        to.Append("    )\n    _describe -t commands command commands\n}\n\n_bpffs_view_parts() {\n");
        to.Append($"    _values -s : part {string.Join(' ', s_parts)}\n}}\n\n# what stands before the last comma may also be an option of mount(8)\n_bpffs_view_mount_options() {{\n    compset -P '*,'\n    _values -s , 'mount option'");
        foreach (OptionRow row in s_mountOptions)
        {
            to.Append($" \\\n        '{row.MountName}[{Bracketed(row.Help)}]{(row.Value is null ? "" : $":{row.Value}:{ZshAction(Kind(row))}")}'");
        }
        to.Append("\n}\n\n# sets specs: the options of a command\n_bpffs_view_specs() {\n    case $1 in\n");
        foreach (System.CommandLine.Command command in s_commands.Prepend(s_root))
        {
            to.Append($"    {(command == s_root ? "''" : command.Name)})\n        specs=(\n");
            foreach (Option option in OptionsOf(command))
            {
                string[] names = NamesOf(option);
                string all = string.Join(' ', names);
                foreach (string name in names)
                {
                    string value = !TakesValue(option) ? "" : $":{option.HelpName}:{(option.Name == "-o" ? "_bpffs_view_mount_options" : ZshAction(Kind(option)))}";
                    string equals = value.Length > 0 && name.StartsWith("--", StringComparison.Ordinal) ? "=" : "";
                    to.Append($"            '({all}){name}{equals}[{Bracketed(option.Description)}]{value}'\n");
                }
            }
            if (command != s_root && command.Arguments.Count > 0) to.Append("            '1:directory:_directories'\n");
            to.Append("        ) ;;\n");
        }
        return to.Append("    *) return 1 ;;\n    esac\n}\n").ToString();
    }

    public static string Fish()
    {
        string commands = string.Join(' ', s_commands.Select(c => c.Name));
        var to = new StringBuilder("function __bpffs_view_mount_options\n    __fish_append ,");
        foreach (OptionRow row in s_mountOptions)
        {
            if (row.Choices is { } choices)
            {
                foreach (string choice in choices) to.Append($" \\\n        {row.MountName}={choice}");
            }
            else if (row.Value == "GROUP")
            {
                to.Append($" \\\n        {row.MountName}=(__fish_complete_groups)");
            }
            else if (row.Value == "PARTS")
            {
                foreach (string part in s_parts) to.Append($" \\\n        {row.MountName}={part}");
            }
            else
            {
                to.Append($" \\\n        {row.MountName}{(row.Value is null ? "" : "=")}");
            }
        }
        to.Append("\nend\n\n");
        foreach (System.CommandLine.Command command in s_commands)
        {
            to.Append($"complete -c bpffs-view -n 'not __fish_seen_subcommand_from {commands}' -a {command.Name} -d '{Quoted(command.Description)}'\n");
        }
        foreach (System.CommandLine.Command command in s_commands.Prepend(s_root))
        {
            string when = command == s_root ? $"not __fish_seen_subcommand_from {commands}" : $"__fish_seen_subcommand_from {command.Name}";
            foreach (Option option in OptionsOf(command))
            {
                to.Append($"complete -c bpffs-view -n '{when}'");
                foreach (string name in NamesOf(option)) to.Append(name.StartsWith("--", StringComparison.Ordinal) ? $" -l {name[2..]}" : $" -s {name[1..]}");
                if (option.Name == "-o") to.Append(" -x -a '(__bpffs_view_mount_options)'");
                else if (TakesValue(option)) to.Append(FishAction(Kind(option)));
                to.Append($" -d '{Quoted(option.Description)}'\n");
            }
        }
        return to.ToString();
    }

    private static IEnumerable<Option> OptionsOf(System.CommandLine.Command command) =>
        (command == s_root ? command.Options : command.Options.Concat(s_root.Options.Where(option => option.Recursive))).Where(option => !option.Hidden);

    private static string[] NamesOf(Option option) => [option.Name, .. option.Aliases.Where(alias => alias != option.Name)];

    private static bool TakesValue(Option option) => option.HelpName is not null && option.Arity.MaximumNumberOfValues > 0;

    /// <summary>The name of the value; of one of several, these.</summary>
    private static string Kind(Option option) => OptionTable.Rows.FirstOrDefault(row => row.LongName == option.Name) is { } row ? Kind(row) : option.HelpName switch
    {
        "COLUMN" => string.Join(' ', Columns.Progs.Select(c => c.Name).Union(Columns.Maps.Select(c => c.Name))),
        _ => option.HelpName!,
    };

    private static string Kind(OptionRow row) => row.Choices is { } choices ? string.Join(' ', choices) : row.Value!;

    private static string ZshAction(string kind) => kind switch
    {
        "DIR" => "_directories",
        "FILE" => "_files",
        "GROUP" => "_groups",
        "PARTS" => "_bpffs_view_parts",
        _ when kind.Contains(' ', StringComparison.Ordinal) => $"({kind})",
        _ => " ",
    };

    private static string FishAction(string kind) => kind switch
    {
        "DIR" => " -x -a '(__fish_complete_directories)'",
        "FILE" => " -r -F",
        "GROUP" => " -x -a '(__fish_complete_groups)'",
        "PARTS" => $" -x -a '(__fish_append , {string.Join(' ', s_parts)})'",
        _ when kind.Contains(' ', StringComparison.Ordinal) => $" -x -a '{kind}'",
        _ => " -x",
    };

    private static string Quoted(string? text) => (text ?? "").Replace("'", "'\\''", StringComparison.Ordinal);

    /// <summary>Within [], where : and ] end things.</summary>
    private static string Bracketed(string? text) => Quoted(text).Replace("[", "\\[", StringComparison.Ordinal).Replace("]", "\\]", StringComparison.Ordinal);
}
