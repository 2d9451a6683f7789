using System.Diagnostics;

namespace Support;

/// <summary>A network namespace that <c>ip netns</c> knows, its loopback up; deleted with its owner.</summary>
public sealed class NetNamespace : IDisposable
{
    private static int s_count;

    public NetNamespace()
    {
        Name = $"bpffs-view-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
        Tool.Run("ip", "netns", "add", Name).Succeeded();
        Run("ip", "link", "set", "lo", "up").Succeeded();
    }

    public string Name { get; }

    /// <summary>Runs a program in it.</summary>
    public ToolResult Run(string program, params IEnumerable<string> arguments) => Tool.Run("ip", ["netns", "exec", Name, program, .. arguments]);

    /// <summary>Runs a line of shell in it; $1, $2 ... are the arguments.</summary>
    public ToolResult Shell(string line, params string[] arguments) => Run("bash", ["-c", line, "bash", .. arguments]);

    /// <summary>Runs Python in it to its end; sys.argv[1] and on are the arguments.</summary>
    public ToolResult Python(string script, params string[] arguments) => Run("/usr/bin/python3", ["-c", script, .. arguments]);

    public void Dispose() => Tool.Run("ip", "netns", "del", Name);
}

/// <summary>A Python script that has made something, said so with one line, and keeps it until it is disposed.</summary>
public sealed class PythonHolder : IDisposable
{
    private readonly Process _process;

    /// <param name="script">Prints one line when it is ready. When its standard input ends, so does it.</param>
    /// <param name="within">Where it runs; null: beside us.</param>
    /// <param name="arguments">sys.argv[1] and on.</param>
    public PythonHolder(string script, NetNamespace? within = null, params string[] arguments)
    {
        string[] prefix = within is null ? [] : ["ip", "netns", "exec", within.Name];
        string[] command = [.. prefix, "/usr/bin/python3", "-c", script + "\nimport sys as _sys\n_sys.stdin.read()\n", .. arguments];
        _process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Line = _process.StandardOutput.ReadLine() ?? "";
        if (Line.Length > 0) return;
        Dispose();
        throw new InvalidOperationException("the script failed");
    }

    /// <summary>What it said.</summary>
    public string Line { get; }

    /// <summary>`ip netns exec` becomes the program, so it is Python's.</summary>
    public int ProcessId => _process.Id;

    public void Dispose()
    {
        _process.StandardInput.Close();
        if (!_process.WaitForExit(5000)) _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
