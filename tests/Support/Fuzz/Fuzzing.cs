using System.Diagnostics;
using System.Globalization;

namespace Support.Fuzz;

/// <summary>
/// Seeded inputs, a property of each, and the smallest input that breaks it. BPFFS_FUZZ is how many inputs (default: some seconds' worth), BPFFS_FUZZ_SEED where to begin.
/// </summary>
public static class Fuzzing
{
    private static readonly TimeSpan s_patience = Patience.Of(20);

    /// <summary>How many inputs there are to be.</summary>
    public static int Rounds(int few) => Number("BPFFS_FUZZ") ?? few;

    public static int Seed { get; } = Number("BPFFS_FUZZ_SEED") ?? 1;

    /// <summary>
    /// Runs a property over inputs. A failure is shrunk and thrown with the input in hex, to be put into a corpus; so is an input over which it hangs.
    /// </summary>
    /// <param name="rounds">How many.</param>
    /// <param name="make">Input number n.</param>
    /// <param name="failureOf">Null, or what is wrong. An exception is a failure.</param>
    /// <returns>Inputs run.</returns>
    public static int Run(int rounds, Func<int, byte[]> make, Func<byte[], string?> failureOf)
    {
        byte[] current = [];
        int done = 0;
        string? failure = null;
        Thread runner = new(() =>
        {
            for (int i = 0; i < rounds && failure is null; i++)
            {
                failure = Try(_ =>
                {
                    Volatile.Write(ref current, make(i));
                    return failureOf(current);
                }, current);
                Volatile.Write(ref done, i + 1);
            }
            if (failure is not null) failure = Shrunk(current, failure, failureOf);
        })
        {
            IsBackground = true,
        };
        runner.Start();
        int seen = -1;
        for (Stopwatch since = Stopwatch.StartNew(); !runner.Join(100);)
        {
            int now = Volatile.Read(ref done);
            if (now != seen || failure is not null) since.Restart();
            seen = now;
            if (since.Elapsed > s_patience) throw new TimeoutException($"it hangs over {Convert.ToHexStringLower(Volatile.Read(ref current))}");
        }
        return failure is null ? done : throw new InvalidOperationException($"input {done}, seed {Seed}: {failure}");
    }

    /// <summary>The inputs of a corpus: hex, one a line; '#' begins a remark.</summary>
    public static byte[][] Corpus(string path) =>
        [.. File.ReadLines(path).Select(line => line.Split('#')[0].Trim()).Where(line => line.Length > 0).Select(Convert.FromHexString)];

    private static string? Try(Func<byte[], string?> failureOf, byte[] input)
    {
        try
        {
            return failureOf(input);
        }
        catch (Exception e)
        {
            return $"{e.GetType().Name}: {e.Message}\n{e.StackTrace}";
        }
    }

    /// <summary>Leaves out ever smaller pieces, then makes bytes 0, as long as it still fails.</summary>
    private static string Shrunk(byte[] input, string first, Func<byte[], string?> failureOf)
    {
        string failure = Try(failureOf, input) ?? $"{first}\n(once, and not again: it depends on what came before)";
        for (int size = input.Length / 2; size > 0; size /= 2)
        {
            for (int at = 0; at + size <= input.Length;)
            {
                byte[] less = [.. input[..at], .. input[(at + size)..]];
                if (Try(failureOf, less) is { } still) (input, failure) = (less, still);
                else at += size;
            }
        }
        for (int i = 0; i < input.Length; i++)
        {
            byte[] less = [.. input];
            less[i] = 0;
            if (input[i] != 0 && Try(failureOf, less) is { } still) (input, failure) = (less, still);
        }
        return $"{failure}\ninput: {Convert.ToHexStringLower(input)}";
    }

    private static int? Number(string variable) => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : null;
}
