using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Support;

/// <summary>A server that runs until it is disposed; nothing of it stays.</summary>
public sealed class Daemon : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();

    public Daemon(string program, params IEnumerable<string> arguments)
        : this(null, program, arguments)
    {
    }

    /// <param name="home">Its working directory and $HOME; null: / and ours.</param>
    /// <param name="program">Name or path.</param>
    /// <param name="arguments">Its arguments.</param>
    public Daemon(TemporaryDirectory? home, string program, params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = home?.Path ?? "/" };
        if (home is not null) start.Environment["HOME"] = home.Path;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += Collect;
        _process.ErrorDataReceived += Collect;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public string Log
    {
        get { lock (_log) return _log.ToString(); }
    }

    /// <summary>A port of 127.0.0.1 that nobody listens at.</summary>
    public static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public void Signal(string name) => Tool.Run("kill", $"-{name}", $"{Id}").Succeeded();

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        _process.WaitForExit();
        _process.Dispose();
    }

    private void Collect(object sender, DataReceivedEventArgs line)
    {
        lock (_log) _log.AppendLine(line.Data);
    }
}

/// <summary>Programs that tools/test unpacks instead of installing them, because their packages start a server.</summary>
public static class Unpacked
{
    public static string Caddy => Find("caddy", "caddy");

    public static string Prometheus => Find("prometheus", "prometheus");

    public static string Promtool => Find("prometheus", "promtool");

    public static string NodeExporter => Find("prometheus", "prometheus-node-exporter");

    private static string Find(string folder, string name)
    {
        string path = Path.Combine(ViewBinary.Repository(), "out", folder, "usr/bin", name);
        return File.Exists(path) ? path : name;
    }
}
