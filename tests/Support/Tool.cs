using System.Diagnostics;
using System.Text;

namespace Support;

/// <summary>How a program ended and what it printed.</summary>
public sealed record ToolResult(string Command, int Code, byte[] Bytes, string Errors)
{
    /// <summary>Standard output as text.</summary>
    public string Output => Encoding.UTF8.GetString(Bytes);

    /// <summary>Itself, if the program succeeded.</summary>
    public ToolResult Succeeded() => Code == 0 ? this : throw new InvalidOperationException($"{Command}: exit status {Code}\n{Output}{Errors}");
}

/// <summary>Runs programs, each with a limit: a test must fail, not hang.</summary>
public static class Tool
{
    private static readonly TimeSpan s_limit = Patience.Of(60);

    /// <summary>Runs a program to its end.</summary>
    public static ToolResult Run(string program, params IEnumerable<string> arguments) => RunWith(null, program, arguments);

    /// <summary>The same, with a limit of its own.</summary>
    public static ToolResult RunFor(TimeSpan limit, string program, params IEnumerable<string> arguments) => Run(limit, null, program, arguments);

    /// <summary>Runs a line of shell; $1, $2 ... are the arguments.</summary>
    public static ToolResult Shell(string line, params string[] arguments) => Run("bash", ["-c", line, "bash", .. arguments]);

    /// <summary>Runs a line of shell as uid and gid 65534, without groups and capabilities.</summary>
    public static ToolResult AsNobody(string line, params string[] arguments) =>
        Run("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "bash", "-c", line, "bash", .. arguments]);

    /// <summary>Runs Python; sys.argv[1] and on are the arguments.</summary>
    public static ToolResult Python(string script, params string[] arguments) => Run("/usr/bin/python3", ["-c", script, .. arguments]);

    /// <summary>Runs a program with more in its environment.</summary>
    public static ToolResult RunWith(IReadOnlyDictionary<string, string>? environment, string program, params IEnumerable<string> arguments) =>
        Run(s_limit, environment, program, arguments);

    private static ToolResult Run(TimeSpan limit, IReadOnlyDictionary<string, string>? environment, string program, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment["LC_ALL"] = "C";
        foreach ((string name, string value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        string command = $"{program} {string.Join(' ', start.ArgumentList)}";
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using MemoryStream output = new();
        Task reading = process.StandardOutput.BaseStream.CopyToAsync(output);
        Task<string> errors = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(limit))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{command}: no end after {limit}");
        }
        // A daemon that the program left behind must not keep these: whoever holds them open is waited for, but not long.
        if (!Task.WaitAll([reading, errors], Patience.Of(10))) throw new TimeoutException($"{command} ended, but someone holds its output open");
        return new ToolResult(command, process.ExitCode, output.ToArray(), errors.Result);
    }
}

/// <summary>A directory that is deleted with its owner, but never through a mount that was left in it.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public TemporaryDirectory()
    {
        Path = Directory.CreateTempSubdirectory("bpffs-view-test-").FullName;
        File.SetUnixFileMode(Path, (UnixFileMode)0x1ED); // 0755, for nobody
    }

    public string Path { get; }

    public string At(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        Tool.Run("rm", "-rf", "--one-file-system", Path);
    }
}
