using Support.Fuzz;

namespace BpfFs.Tests.Fuzz;

/// <summary>BTF that somebody made to hurt, into the renderers of values and of C.</summary>
public sealed class BtfFuzzTests
{
    [Fact]
    public void Corpus()
    {
        int before = BtfTarget.Parsed;
        byte[][] corpus = BtfTarget.Target.Corpus();
        Assert.Equal(corpus.Length, Fuzzing.Run(corpus.Length, i => corpus[i], BtfTarget.Target.FailureOf));
        Assert.True(BtfTarget.Parsed > before);
    }

    [Fact]
    public void Values_of_any_types()
    {
        int rounds = Fuzzing.Rounds(10_000), before = BtfTarget.Parsed;
        Assert.Equal(rounds, Fuzzing.Run(rounds, Make, BtfTarget.ValueFailureOf));
        Assert.True(BtfTarget.Parsed - before > rounds / 100); // the others libbpf refuses
    }

    [RootFact]
    public void Declarations_of_what_the_kernel_takes()
    {
        int rounds = Fuzzing.Rounds(3000), before = BtfTarget.Loaded;
        using (Support.Descriptor? good = BtfTarget.TryLoad(BtfTarget.ForKernel(BtfTarget.Good), out string log)) Assert.True(good is not null, log);
        Assert.Equal(rounds, Fuzzing.Run(rounds, Make, BtfTarget.DumpFailureOf));
        Assert.True(BtfTarget.Loaded - before > rounds / 100);
    }

    /// <summary>Every kind of type, with a few bytes, whole words or nothing of it changed.</summary>
    private static byte[] Make(int number)
    {
        Random random = new((Fuzzing.Seed * 1_000_003) + number);
        byte[] bad = [.. BtfTarget.Good];
        for (int i = random.Next(5); i > 0; i--)
        {
            int at = random.Next(24, bad.Length - 3);
            if (random.Next(2) == 0) bad[at] = (byte)random.Next(256);
            else BitConverter.TryWriteBytes(bad.AsSpan(at & ~3, 4), random.Next(3) switch { 0 => random.Next(20), 1 => random.Next(), _ => -1 });
        }
        return bad;
    }
}
