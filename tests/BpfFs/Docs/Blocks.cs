using System.Text;
using Support;

namespace BpfFs.Tests.Docs;

/// <summary>
/// Parts of written files that come from the code: what stands between a line that ends in <c>BEGIN name</c> and one that ends in <c>END name</c>. UPDATE_GOLDEN=1 writes
/// them.
/// </summary>
internal static class Blocks
{
    /// <summary>A file of the repository.</summary>
    public static string At(string path) => Path.Combine(ViewBinary.Repository(), path);

    public static void Verify(string path, IReadOnlyDictionary<string, string> blocks)
    {
        string file = At(path);
        string is_ = File.ReadAllText(file);
        string want = Fill(is_, blocks);
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1") File.WriteAllText(file, is_ = want);
        Assert.Equal(want, is_);
    }

    /// <summary>Replaces the blocks of a text. Each must be there once, and no others.</summary>
    internal static string Fill(string text, IReadOnlyDictionary<string, string> blocks)
    {
        var filled = new StringBuilder();
        HashSet<string> missing = [.. blocks.Keys];
        string? inside = null;
        foreach (string line in text.TrimEnd('\n').Split('\n'))
        {
            string[] words = line.Split(' ');
            string? mark = words.Length > 1 ? words[^2] : null;
            if (mark == "END")
            {
                Assert.Equal(inside, words[^1]);
                inside = null;
            }
            if (inside is null) filled.Append(line).Append('\n');
            if (mark != "BEGIN") continue;
            inside = words[^1];
            Assert.True(missing.Remove(inside), $"block {inside}: there is none to write, or it is there twice");
            filled.Append(blocks[inside]);
        }
        Assert.Null(inside);
        Assert.Empty(missing);
        return filled.ToString();
    }
}
