using System.Runtime.CompilerServices;

namespace BpfFs.Tests;

/// <summary>Compares with NAME.verified.txt beside the test; UPDATE_GOLDEN=1 writes it.</summary>
internal static class Golden
{
    public static void Verify(string actual, string name, [CallerFilePath] string test = "")
    {
        string path = Path.Combine(Path.GetDirectoryName(test)!, $"{name}.verified.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(path, actual);
        Assert.True(File.Exists(path), $"no {path}: run with UPDATE_GOLDEN=1");
        Assert.Equal(File.ReadAllText(path), actual);
    }
}
