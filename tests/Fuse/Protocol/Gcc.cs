using System.Diagnostics;

namespace Fuse.Tests;

/// <summary>Compiles and runs a small C program.</summary>
internal static class Gcc
{
    internal static string Compile(string source, string directory, string name)
    {
        string file = Path.Combine(directory, name + ".c");
        string program = Path.Combine(directory, name);
        File.WriteAllText(file, source);
        (int code, string output) = Run("gcc", "-O1", "-Wall", "-D_GNU_SOURCE", "-o", program, file);
        Assert.True(code == 0, output);
        return program;
    }

    internal static (int Code, string Output) Run(string program, params string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }
}
