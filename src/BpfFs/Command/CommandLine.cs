using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>The command line: turns it into settings and runs what they ask for.</summary>
internal sealed class CommandLine
{
    private readonly Argument<string[]> _paths = new("DIR")
    {
        Arity = new ArgumentArity(0, 2),
        HelpName = "[SOURCE] DIR",
        Description = "the empty directory to mount on; SOURCE is shown in /proc/mounts",
    };

    private readonly Argument<string?> _pinDirectory = new("DIR")
    {
        Arity = ArgumentArity.ZeroOrOne,
        Description = $"a directory on a bpffs; default: {MountSettings.DefaultPinDirectory}",
    };

    private readonly Option<string[]> _mountOptions = new("-o")
    {
        HelpName = "OPTIONS",
        Description = "mount options, separated by commas; see below",
    };

    private readonly Option<bool> _foreground = new("--foreground", "-f") { Description = "stay in the foreground" };
    private readonly Option<bool> _sloppy = new("-s") { Description = "ignore unknown mount options, as mount -s" };
    private readonly Option<bool> _noTable = new("-n") { Description = "does nothing, as mount -n on this system", Hidden = true };
    private readonly Option<bool> _verbose = new("--verbose", "-v") { Description = "the same as --log-level debug" };
    private readonly Dictionary<OptionRow, Option> _options = [];
    private readonly bool _isMountHelper;

    private CommandLine(bool isMountHelper) => _isMountHelper = isMountHelper;

    /// <summary>Runs a command line to its end.</summary>
    /// <returns>An <see cref="ExitCode"/>, or that of the server that was started.</returns>
    public static int Run(string[] arguments)
    {
        // mount(8) runs /sbin/mount.fuse.bpffs-view, a link to this program, in which -f means "fake".
        string name = Path.GetFileName(Environment.GetCommandLineArgs()[0]);
        return new CommandLine(name.StartsWith("mount.", StringComparison.Ordinal)).RunCore(arguments);
    }

    /// <summary>All commands and options, for those who write them down: shells' completions, the manual.</summary>
    internal static RootCommand Describe() => new CommandLine(false).Root();

    private int RunCore(string[] arguments)
    {
        ParseResult result = Root().Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        try
        {
            if (result.Action is not HelpText and not VersionText) RequireNoErrors(result);
            return result.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (CommandException e)
        {
            StderrLogger.Fail(e.Code == ExitCode.Usage ? e.Message + " (see bpffs-view --help)" : e.Message);
            foreach (string line in e.Detail.Split('\n', StringSplitOptions.RemoveEmptyEntries)) StderrLogger.Fail("  " + line);
            return (int)e.Code;
        }
        catch (Exception e)
        {
            // A mistake of ours. Caught, so that on its way here it unmounted and unpinned; uncaught, it would not.
            StderrLogger.Fail($"failed: {e.GetType().Name}: {e.Message}");
            foreach (string line in (e.StackTrace ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries)) StderrLogger.Fail(line);
            return (int)ExitCode.Failed;
        }
    }

    private RootCommand Root()
    {
        var root = new RootCommand("Shows the kernel's BPF objects as files, the way /proc shows processes.")
        {
            HelpName = "bpffs-view",
        };
        root.Directives.Clear();
        root.Options.Clear();
        root.Add(new HelpOption("--help", "-h") { Action = new HelpText(), Recursive = true, Description = "show this text" });
        root.Add(new Option<bool>("--version", "-V") { Action = new VersionText(), Arity = ArgumentArity.Zero, Description = "show the version" });
        root.Add(_paths);
        foreach (Option option in (ReadOnlySpan<Option>)[_mountOptions, _foreground, _sloppy, _noTable, _verbose]) root.Add(option);
        foreach (OptionRow row in OptionTable.Rows)
        {
            if (row.LongName is null) continue;
            Option option = row.Value is null
                ? new Option<bool>(row.LongName) { Arity = ArgumentArity.Zero }
                : new Option<string[]>(row.LongName) { HelpName = row.Value, Arity = new ArgumentArity(1, 64) };
            option.Description = row.Help;
            option.Hidden = row.Help.Length == 0;
            option.Recursive = row.MountName is "log_level" or "kernel_btf";
            _options.Add(row, option);
            root.Add(option);
        }
        root.SetAction(Mount);

        root.Add(Sub("pin", "pin iterators that print progs, maps and links without this program, and exit", PinCommands.Pin));
        root.Add(Sub("unpin", "remove what pin made", PinCommands.Unpin));
        var viewed = new Argument<string>("DIR") { Description = "where the view is mounted" };
        var reload = new System.CommandLine.Command("reload", "replace a view's server by this program, readers unharmed") { viewed };
        reload.SetAction(result =>
        {
            ReloadCommand.Run(result.GetValue(viewed)!);
            return (int)ExitCode.Ok;
        });
        root.Add(reload);
        var check = new System.CommandLine.Command("check", "show what this kernel and these privileges allow");
        check.SetAction(result => (int)new CheckCommand(Settings(result)).Run(result.InvocationConfiguration.Output));
        root.Add(check);
        root.Add(Top.TopCommand.Make());
        return root;
    }

    private System.CommandLine.Command Sub(string name, string description, Action<MountSettings, TextWriter, ILogger> action)
    {
        var command = new System.CommandLine.Command(name, description) { _pinDirectory };
        command.SetAction(result =>
        {
            MountSettings settings = Settings(result);
            if (result.GetValue(_pinDirectory) is { } path) settings.PinDirectory = Path.GetFullPath(path);
            action(settings, result.InvocationConfiguration.Output, Logger(result));
            return (int)ExitCode.Ok;
        });
        return command;
    }

    private int Mount(ParseResult result)
    {
        string[] paths = result.GetValue(_paths) ?? [];
        if (paths.Length == 0) throw new CommandException(ExitCode.Usage, "mount: no directory given");
        MountSettings settings = Settings(result);
        if (paths.Length == 2 && !settings.HasSource) settings.Source = paths[0]; // fsname= goes before: mount(8) always gives a source
        settings.Directory = paths[^1];
        settings.Foreground = result.GetValue(_foreground);
        if (settings.Foreground && _isMountHelper) return (int)ExitCode.Ok;
        return MountCommand.Run(settings, Logger(result));
    }

    /// <summary>-o first, then the long options, which come from the one who types.</summary>
    private MountSettings Settings(ParseResult result)
    {
        var settings = new MountSettings();
        foreach (string text in result.GetValue(_mountOptions) ?? [])
        {
            OptionTable.ApplyMountOptions(settings, text, result.GetValue(_sloppy));
        }
        foreach ((OptionRow row, Option option) in _options)
        {
            if (result.GetResult(option) is not { Implicit: false } given) continue;
            if (row.Value is null) OptionTable.Apply(settings, row, row.LongName!, null);
            foreach (Token token in given.Tokens) OptionTable.Apply(settings, row, row.LongName!, token.Value);
        }
        if (result.GetValue(_verbose)) settings.LogLevel = LogLevel.Debug;
        return settings;
    }

    private ILogger Logger(ParseResult result)
    {
        LogLevel least = Settings(result).LogLevel ?? (result.GetValue(_foreground) ? LogLevel.Information : LogLevel.Warning);
        return new LoggerFactory([new StderrLoggerProvider(least)], new LoggerFilterOptions { MinLevel = least }).CreateLogger("bpffs-view");
    }

    /// <summary>The parser takes an option that it does not know for a path.</summary>
    private static void RequireNoErrors(ParseResult result)
    {
        bool areAllPaths = false;
        foreach (Token token in result.Tokens)
        {
            areAllPaths |= token.Type == TokenType.DoubleDash;
            if (token.Type == TokenType.Argument && !areAllPaths && token.Value.Length > 1 && token.Value[0] == '-')
            {
                throw new CommandException(ExitCode.Usage, $"{token.Value}: unknown option");
            }
        }
        if (result.UnmatchedTokens.Count > 0) throw new CommandException(ExitCode.Usage, $"{result.UnmatchedTokens[0]}: unknown argument");
        if (result.Errors.Count > 0) throw new CommandException(ExitCode.Usage, result.Errors[0].Message);
    }
}
