using System.Globalization;

namespace Benchmarks;

/// <summary>Prints the rows as they come; the same as Markdown, if wanted.</summary>
internal sealed class Report : IDisposable
{
    private readonly StreamWriter? _file;

    public Report(string? file, int rounds)
    {
        string head = $"{Cpu()}, {Environment.ProcessorCount} processors; Linux {Read("/proc/sys/kernel/osrelease")}; {Version("bpftool", "version")}; libfuse {Version("fusermount3", "--version").Split(' ')[^1]}; "
            + $".NET {Environment.Version}; {rounds} rounds in turn; minimum / median of wall time, ratio: median over the rounds of ours / peer.";
        Console.WriteLine(head);
        _file = file is null ? null : new StreamWriter(file);
        _file?.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{DateTime.UtcNow:yyyy-MM-dd}, {head}\n"));
        _file?.WriteLine("| work | peer | where | ours | peer's | ratio | to reach | |\n|---|---|---|---|---|---|---|---|");
    }

    public void Add(Result r)
    {
        string reached = r.IsReached switch { true => "reached", false => "not reached", null => "" };
        Console.WriteLine($"{r.Work,-52} {r.Where,-8} {r.Ours,-20} {r.Peer,-44} {r.Theirs,-20} {r.Ratio,6}  {r.Goal,-18} {reached}");
        _file?.WriteLine($"| {r.Work} | {r.Peer} | {r.Where} | {r.Ours} | {r.Theirs} | {r.Ratio} | {r.Goal} | {reached} |");
        _file?.Flush();
    }

    public void Dispose() => _file?.Dispose();

    private static string Cpu() => File.ReadLines("/proc/cpuinfo").FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal))?.Split(':')[1].Trim() ?? "unknown processor";

    private static string Read(string path) => File.ReadAllText(path).Trim();

    private static string Version(string program, string argument) => Tool.Run(program, argument).Output.Split('\n')[0].Trim();
}
