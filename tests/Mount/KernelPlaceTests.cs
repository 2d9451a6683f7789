using System.Globalization;

namespace Mount.Tests;

/// <summary>Where the kernel lies: a program's author writes numbers into it, and looks whether the view treats one that hits another way than one that misses.</summary>
public sealed class KernelPlaceTests(PlainView view) : IClassFixture<PlainView>
{
    /// <summary>A symbol, a byte behind it, its section's start, places where nothing is, and memory; the last is what a program of nobody's could try.</summary>
    private static ulong[] Guesses()
    {
        ulong symbol = SymbolOf("_printk");
        return [symbol, symbol + 1, symbol & ~0xFFFUL, SymbolOf("_stext"), 0xFFFF_FFFF_9234_5678, 0xFFFF_FFFF_C012_3457, 0xFFFF_8881_0012_3458, 0xFFFF_C900_0001_2340];
    }

    [Fact]
    public void A_number_that_hits_is_shown_as_one_that_misses()
    {
        HashSet<string> xlated = [], jited = [];
        foreach (ulong guess in Guesses())
        {
            using BpfProgram program = Load(guess);
            xlated.Add(File.ReadAllText(view.Of(program, "xlated")));
            if (File.Exists(view.Of(program, "jited"))) jited.Add(WithoutSymbol(File.ReadAllText(view.Of(program, "jited"))));
        }
        Assert.Equal("   0: (18) r1 = <kernel>\n   2: (b7) r0 = 0\n   3: (95) exit\n", Assert.Single(xlated));
        Assert.True(jited.Count <= 2, string.Join('\n', jited)); // the compiler takes 7 bytes for what 32 bits can hold, 10 for others, whatever is there
        Assert.All(jited, text => Assert.Contains("<kernel>", text, StringComparison.Ordinal));
    }

    [Fact]
    public void Its_files_have_one_length_to_who_may_not_read_them()
    {
        HashSet<string> sizes = [];
        foreach (ulong guess in (ulong[])[.. Guesses(), 1, 0xDEAD_BEEF_CAFE_F00D])
        {
            using BpfProgram program = Load(guess);
            sizes.Add(Tool.AsNobody("cd \"$1\" && stat -c '%n %s' xlated $(ls jited 2> /dev/null)", view.Of(program)).Succeeded().Output);
        }
        Assert.Single(sizes);
    }

    [Fact]
    public void Numbers_in_jited_are_not_compared_with_those_in_xlated()
    {
        using BpfProgram one = Load(0x0000_607F_9F00_1230), other = Load(0x0000_607F_9F00_1238); // as per-CPU pointers look
        if (!File.Exists(view.Of(one, "jited"))) return;
        string text = File.ReadAllText(view.Of(one, "jited"));
        Assert.Equal(WithoutSymbol(text), WithoutSymbol(File.ReadAllText(view.Of(other, "jited"))));
        Assert.Contains("movabs $<kernel>,", text, StringComparison.Ordinal);
        Assert.Contains("r1 = 0x607f9f001230\n", File.ReadAllText(view.Of(one, "xlated")), StringComparison.Ordinal);
    }

    private static BpfProgram Load(ulong number) => BpfProgram.Load(
        "place", ProgramType.SocketFilter, [Instructions.Raw(0x18, 1, immediate: (int)number), Instructions.Raw(0, immediate: (int)(number >> 32)), .. Instructions.Return()]);

    /// <summary>The program's tag is a hash over its instructions.</summary>
    private static string WithoutSymbol(string jited) => jited[(jited.IndexOf('\n', StringComparison.Ordinal) + 1)..];

    private static ulong SymbolOf(string name)
    {
        string? line = File.ReadLines("/proc/kallsyms").FirstOrDefault(l => l.EndsWith($" {name}", StringComparison.Ordinal));
        ulong address = line is null ? 0 : ulong.Parse(line.Split(' ')[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return address != 0 ? address : 0xFFFF_FFFF_8100_0000; // hidden
    }
}
