namespace Support.Fuzz;

/// <summary>What is fuzzed: by the tests with inputs out of a generator and a corpus, by tools/fuzz with AFL++'s.</summary>
/// <param name="Name">For the command line.</param>
/// <param name="CorpusFile">Inputs in hex, below the root of the repository.</param>
/// <param name="FailureOf">Null, or what is wrong. The same for the same input, whatever came before.</param>
public sealed record FuzzTarget(string Name, string CorpusFile, Func<byte[], string?> FailureOf)
{
    /// <summary>The committed inputs.</summary>
    public byte[][] Corpus() => Fuzzing.Corpus(Path.Combine(ViewBinary.Repository(), CorpusFile));
}
