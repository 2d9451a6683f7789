using RecordGen;

namespace Layout.Tests;

public sealed class RecordGenTests : IDisposable
{
    private readonly TemporaryDirectory _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void EveryShapeIsWrittenAsTheGoldenSays()
    {
        string golden = Repo.Path("tests/Layout/Generated/Scratch.g.cs");
        string scratch = Compile("scratch", File.ReadAllText(Repo.Path("tests/Layout/Scratch/scratch.h")) + "struct other_record other;");

        Outcome outcome = Generate(scratch, "-o", _temporary.FullName, "--namespace", "Layout.Tests.Scratch");

        Assert.Equal(new Outcome(0, "", ""), outcome);
        string written = File.ReadAllText(_temporary.Path("Records.g.cs"));
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllText(golden, written);
        }

        Assert.Equal(File.ReadAllText(golden), written);
    }

    [Fact]
    public void TheOrderOfObjectsDoesNotMatter()
    {
        string a = Compile("a", "struct a_record { int x; }; struct a_record a;");
        string b = Compile("b", "struct b_record { char y[4]; }; struct b_record b; struct a_record { int x; }; struct a_record a;");

        string first = CSharpWriter.Write(RecordSet.Read([a, b]).Declarations, [a, b], "N");
        string second = CSharpWriter.Write(RecordSet.Read([b, a]).Declarations, [b, a], "N");

        Assert.Equal(first, second);
        Assert.Contains("//   a.bpf.o\n//   b.bpf.o\n", first, StringComparison.Ordinal);
        Assert.Equal(1, first.Split("public struct a_record").Length - 1);
    }

    [Fact]
    public void TwoObjectsThatDisagreeAreBothNamed()
    {
        string a = Compile("a", "struct in { char c; }; struct x_record { int id; struct in n[2]; char name[8]; }; struct x_record x;");
        string b = Compile("b", "struct in { char c; }; struct x_record { int id; struct in n[2]; char name[9]; }; struct x_record x;");

        Fails(1, $"RecordGen: x_record differs: {a} has char name[8] at 6, {b} has char name[9] at 6\n", b, a, "-o", _temporary.Path("out.cs"));
        Assert.False(File.Exists(_temporary.Path("out.cs")));
    }

    [Fact]
    public void ADifferenceInAHeldStructIsReported()
    {
        string a = Compile("a", "struct in { char c; }; struct x_record { struct in n; }; struct x_record x;");
        string b = Compile("b", "struct in { unsigned char c; }; struct x_record { struct in n; }; struct x_record x;");

        Fails(1, $"RecordGen: in differs: {a} has char c at 0, {b} has __u8 c at 0\n", a, b, "-o", _temporary.FullName);
    }

    [Theory]
    [InlineData("struct x_record { int a : 3; }; struct x_record x;", "struct x_record, member a: a bitfield has no C# counterpart")]
    [InlineData("struct x_record { void *p; }; struct x_record x;", "struct x_record, member p: a Ptr cannot be in a record")]
    [InlineData("struct x_record { union u { int i; } u; }; struct x_record x;", "struct x_record, member u: a Union cannot be in a record")]
    [InlineData("union x_record { int i; }; union x_record x;", "union x_record: a record must be a struct")]
    [InlineData("struct x_record { struct { int i; }; }; struct x_record x;", "struct x_record: member 1 has no name")]
    [InlineData("struct x_record { struct { int i; } s; }; struct x_record x;", "struct x_record, member s: its struct or enum needs a name")]
    [InlineData("struct x_record { int n; int rest[]; }; struct x_record x;", "struct x_record, member rest: an array without a length")]
    [InlineData("struct x_record { __int128 i; }; struct x_record x;", "struct x_record, member i: __int128 has 16 bytes")]
    [InlineData(
        "struct x_record; struct holder { struct x_record *x; }; struct holder h;",
        "struct x_record is without members in BTF: give a global variable that type")]
    public void WhatCSharpCannotHaveIsOneClearLine(string source, string error)
    {
        string path = Compile("x", source);
        Fails(1, $"RecordGen: {path}: {error}\n", path, "-o", _temporary.FullName);
    }

    [Fact]
    public void AnObjectThatCannotBeReadIsNamed()
    {
        string missing = _temporary.Path("missing.bpf.o");
        Fails(1, $"RecordGen: {missing}: no such file\n", missing, "-o", _temporary.FullName);

        string text = _temporary.Path("text.bpf.o");
        File.WriteAllText(text, "not an object");
        Fails(1, $"RecordGen: {text}: not an ELF object\n", text, "-o", _temporary.FullName);

        string bare = Compile("bare", "int x;", "-g0");
        Fails(1, $"RecordGen: {bare}: has no BTF (compile it with -g)\n", bare, "-o", _temporary.FullName);

        Fails(1, $"RecordGen: {_temporary.FullName}: is a directory\n", _temporary.FullName, "-o", _temporary.FullName);
    }

    [Fact]
    public void AWrongCommandLineIsTwo()
    {
        Fails(2, "RecordGen: unknown option --bogus\n", "--bogus", "-o", _temporary.FullName);
        Assert.Equal(2, Generate("x.bpf.o").ExitCode);
        Assert.Equal(2, Generate("-o", _temporary.FullName).ExitCode);
        Outcome help = Generate("--help");
        Assert.Equal(0, help.ExitCode);
        Assert.Contains("Exit status:", help.Output, StringComparison.Ordinal);
    }

    private static Outcome Generate(params string[] arguments) => Repo.Run("dotnet", [Repo.RecordGen, .. arguments]);

    private static void Fails(int exitCode, string error, params string[] arguments) =>
        Assert.Equal(new Outcome(exitCode, "", error), Generate(arguments));

    private string Compile(string name, string source, string debug = "-g")
    {
        string path = _temporary.Path($"{name}.bpf.c");
        File.WriteAllText(path, source);
        string compiled = _temporary.Path($"{name}.bpf.o");
        string machine = Repo.Succeed("uname", "-m").Trim();
        Repo.Succeed("clang", "-O2", debug, "-target", "bpf", "-idirafter", $"/usr/include/{machine}-linux-gnu", "-c", path, "-o", compiled);
        return compiled;
    }
}
