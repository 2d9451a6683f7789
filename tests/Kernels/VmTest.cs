using System.Diagnostics;

namespace BpfFs.Kernels.Tests;

/// <summary>Runs tools/vm-test/run.</summary>
public static class VmTest
{
    // a fresh machine installs packages and downloads a kernel first; the guest has its own, shorter limit
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    public static string Root { get; } = FindRoot();

    /// <summary>The binary under test: environment variable BPFFS_VIEW, or out/bpffs-view.</summary>
    public static string Binary { get; } =
        Environment.GetEnvironmentVariable("BPFFS_VIEW") is { Length: > 0 } path ? path : Path.Combine(Root, "out", "bpffs-view");

    /// <param name="kernel">The series, e.g. "6.1".</param>
    /// <returns>Exit status, and standard output and error by line, in the order of arrival.</returns>
    public static async Task<(int Status, IReadOnlyList<string> Lines)> RunAsync(string kernel)
    {
        ProcessStartInfo start = new(Path.Combine(Root, "tools", "vm-test", "run"))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList = { "--kernel", kernel },
        };
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
            throw new TimeoutException($"tools/vm-test/run --kernel {kernel} did not end within {Limit}");
        }
        return (process.ExitCode, lines);
    }

    private static string FindRoot()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "BpfFs.sln")))
                return at.FullName;
        throw new DirectoryNotFoundException($"no BpfFs.sln above {AppContext.BaseDirectory}");
    }
}
