using System.Diagnostics;

namespace BpfFs.Kernels.Tests;

/// <summary>Runs tools/vm-test/run.</summary>
public static class VmTest
{
    // a fresh machine installs packages and downloads kernels first; a guest has its own, shorter limit
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(45);

    public static string Root { get; } = FindRoot();

    /// <summary>The binary under test: environment variable BPFFS_VIEW, or out/bpffs-view.</summary>
    public static string Binary { get; } =
        Environment.GetEnvironmentVariable("BPFFS_VIEW") is { Length: > 0 } path ? path : Path.Combine(Root, "out", "bpffs-view");

    /// <summary>Runs every case on some kernels.</summary>
    /// <param name="kernels">Series, e.g. "6.1", or "newest".</param>
    /// <returns>Standard output and error by line, in the order of arrival, and a last line "# exit status N".</returns>
    public static async Task<IReadOnlyList<string>> RunAsync(IEnumerable<string> kernels)
    {
        ProcessStartInfo start = new(Path.Combine(Root, "tools", "vm-test", "run"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (string kernel in kernels)
        {
            start.ArgumentList.Add("--kernel");
            start.ArgumentList.Add(kernel);
        }
        if (File.Exists(Binary))
        {
            start.ArgumentList.Add("--binary");
            start.ArgumentList.Add(Binary);
        }
        else
        {
            start.Environment.Remove("BPFFS_VIEW");
        }

        List<string> lines = [];
        using Process process = new() { StartInfo = start };
        void Collect(object sender, DataReceivedEventArgs e)
        {
            if (e.Data is not null)
                lock (lines)
                    lines.Add(e.Data);
        }
        process.OutputDataReceived += Collect;
        process.ErrorDataReceived += Collect;
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();

        using CancellationTokenSource limit = new(Limit);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"tools/vm-test/run did not end within {Limit}:\n{string.Join('\n', lines.TakeLast(40))}");
        }
        lines.Add($"# exit status {process.ExitCode}");
        return lines;
    }

    /// <summary>The lines of one kernel's guests, each of which begins with "# kernel SERIES: RELEASE ...".</summary>
    public static IReadOnlyList<string> LinesOf(string kernel, IEnumerable<string> all)
    {
        List<string> lines = [];
        bool isIt = false;
        foreach (string line in all)
        {
            if (line.StartsWith("# kernel ", StringComparison.Ordinal))
                isIt = line.StartsWith($"# kernel {kernel}: ", StringComparison.Ordinal);
            if (isIt)
                lines.Add(line);
        }
        return lines;
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "BpfFs.sln")))
                return at.FullName;
        throw new DirectoryNotFoundException($"no BpfFs.sln above {AppContext.BaseDirectory}");
    }
}
