namespace Layout.Tests;

/// <summary>What is committed is what Debian's clang makes of bpf/ today, wherever the checkout lies.</summary>
public class CommittedObjectsTests
{
    [Fact]
    public void RebuildEqualsWhatIsCommitted() => Repo.Succeed(Repo.Path("tools/build-bpf"), "--check");

    [Fact]
    public void AnotherDirectoryGivesTheSameBytes()
    {
        using var temporary = new TemporaryDirectory();
        string copy = temporary.Path("a/copy of the sources");
        Copy(Repo.Path("bpf"), Path.Combine(copy, "bpf"));
        Directory.CreateDirectory(Path.Combine(copy, "tools"));
        File.Copy(Repo.Path("tools/build-bpf"), Path.Combine(copy, "tools/build-bpf"));
        string here = temporary.Path("here");
        string there = temporary.Path("there");

        Repo.Succeed(Repo.Path("tools/build-bpf"), "-o", here);
        Repo.Succeed(Path.Combine(copy, "tools/build-bpf"), "-o", there);

        string[] names = [.. Directory.GetFiles(here).Select(f => Path.GetFileName(f)).Order()];
        Assert.Contains(names, n => n.EndsWith(".bpf.o", StringComparison.Ordinal));
        Assert.Equal(names, Directory.GetFiles(there).Select(f => Path.GetFileName(f)).Order());
        Assert.All(names, n => Assert.Equal(File.ReadAllBytes(Path.Combine(here, n)), File.ReadAllBytes(Path.Combine(there, n))));
    }

    [Fact]
    public void CheckNamesWhatDiffers()
    {
        using var temporary = new TemporaryDirectory();
        string copy = temporary.FullName;
        Copy(Repo.Path("bpf"), Path.Combine(copy, "bpf"));
        Directory.CreateDirectory(Path.Combine(copy, "tools"));
        string tool = Path.Combine(copy, "tools/build-bpf");
        File.Copy(Repo.Path("tools/build-bpf"), tool);
        Repo.Succeed(tool);
        Repo.Succeed(tool, "--check");
        string objects = Path.Combine(copy, "bpf/objects");
        string name = Path.GetFileName(Directory.GetFiles(objects, "*.bpf.o").Order().First());
        File.AppendAllText(Path.Combine(objects, name), "x");
        File.WriteAllText(Path.Combine(objects, "gone.bpf.o"), "");
        File.AppendAllText(Path.Combine(copy, "src/Iterators/Generated/Records.g.cs"), "// edited by hand\n");

        Outcome outcome = Repo.Run(tool, "--check");

        Assert.Equal(1, outcome.ExitCode);
        Assert.Contains($"bpf/objects/{name}: differs", outcome.Output);
        Assert.Contains("bpf/objects/gone.bpf.o: has no source", outcome.Output);
        Assert.Contains("-// edited by hand", outcome.Output);
        Assert.Contains("run tools/build-bpf", outcome.Error);
    }

    private static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
