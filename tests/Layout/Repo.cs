using System.Diagnostics;

namespace Layout.Tests;

/// <summary>The checkout that the tests run in, and programs run there.</summary>
internal static class Repo
{
    public static string Root { get; } = FindRoot();

    public static string RecordGen { get; } = System.IO.Path.Combine(AppContext.BaseDirectory, "RecordGen.dll");

    public static string Path(string relative) => System.IO.Path.Combine(Root, relative);

    public static Outcome Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            WorkingDirectory = Root,
        };

        // building RecordGen once more would race with the build of the other test projects
        start.Environment["RECORDGEN"] = RecordGen;
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, error.Result);
    }

    /// <summary>Runs a program that has to succeed and returns what it printed.</summary>
    public static string Succeed(string program, params string[] arguments)
    {
        Outcome outcome = Run(program, arguments);
        Assert.True(outcome.ExitCode == 0, $"{program} {string.Join(' ', arguments)}: exit {outcome.ExitCode}\n{outcome.Output}{outcome.Error}");
        return outcome.Output;
    }

    private static string FindRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(System.IO.Path.Combine(directory.FullName, "BpfFs.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new InvalidOperationException("no BpfFs.sln above the tests");
    }
}

internal sealed record Outcome(int ExitCode, string Output, string Error);

/// <summary>A directory that is gone after the test.</summary>
internal sealed class TemporaryDirectory : IDisposable
{
    public string FullName { get; } = Directory.CreateTempSubdirectory("layout-tests-").FullName;

    public string Path(string name) => System.IO.Path.Combine(FullName, name);

    public void Dispose() => Directory.Delete(FullName, recursive: true);
}
