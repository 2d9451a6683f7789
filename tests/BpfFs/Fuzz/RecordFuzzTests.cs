using Support.Fuzz;

namespace BpfFs.Tests.Fuzz;

/// <summary>Any bytes as a record: what comes out of them is clean text and JSON all the same, and nothing is thrown.</summary>
public sealed class RecordFuzzTests
{
    private const int Size = 1024; // more than any record and the texts beside it

    [Fact]
    public void Corpus()
    {
        byte[][] corpus = RecordTarget.Target.Corpus();
        Assert.Equal(corpus.Length, Fuzzing.Run(corpus.Length, i => corpus[i], RecordTarget.Target.FailureOf));
        Assert.Equal(RecordTarget.Kinds, corpus.Select(input => input[0] % RecordTarget.Kinds).Distinct().Count());
    }

    [Fact]
    public void Any_bytes_as_a_record()
    {
        int rounds = Fuzzing.Rounds(20_000);
        Assert.Equal(rounds, Fuzzing.Run(rounds, Make, RecordTarget.Target.FailureOf));
    }

    /// <summary>Bytes are noise, or a few values over and over, so that texts end and do not.</summary>
    private static byte[] Make(int number)
    {
        Random random = new((Fuzzing.Seed * 1_000_003) + number);
        byte[] input = new byte[Size];
        random.NextBytes(input);
        if (random.Next(3) == 0) input.AsSpan().Fill((byte)random.Next(256));
        for (int i = random.Next(60); i > 0; i--) input.AsSpan(random.Next(Size - 16), random.Next(16)).Fill((byte)(random.Next(3) == 0 ? 0 : random.Next(40)));
        input[0] = (byte)random.Next(RecordTarget.Kinds);
        return input;
    }
}
