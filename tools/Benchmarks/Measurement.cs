using System.Globalization;

namespace Benchmarks;

/// <summary>Several runs of the same work, in nanoseconds of wall time.</summary>
internal sealed record Sample(double[] Nanoseconds)
{
    public double Minimum => Nanoseconds.Min();

    public double Median => MedianOf(Nanoseconds);

    public static double MedianOf(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}

/// <summary>Two that were run in turn.</summary>
internal sealed record Pair(Sample Ours, Sample Peer)
{
    /// <summary>Median of the ratios ours/peer, round by round: what slows the machine for a while slows both.</summary>
    public double Ratio => Sample.MedianOf(Ours.Nanoseconds.Zip(Peer.Nanoseconds, (ours, peer) => ours / peer));
}

/// <summary>What is to be reached.</summary>
/// <param name="Text">For the table.</param>
/// <param name="Factor">The largest ratio ours/peer that reaches it.</param>
internal sealed record Goal(string Text, double Factor)
{
    public static Goal AtMost(double factor) => new(string.Create(CultureInfo.InvariantCulture, $"<= {factor:0.00}x its time"), factor);

    public static Goal Faster(double times) => new(string.Create(CultureInfo.InvariantCulture, $">= {times:0}x faster"), 1 / times);
}

/// <summary>One line of the table.</summary>
internal sealed record Result(string Work, string Peer, string Where, string Ours, string Theirs, string Ratio, string Goal, bool? IsReached)
{
    /// <summary>Of a pair whose work is <paramref name="operations"/> equal steps.</summary>
    public static Result Of(string work, string peer, Placement where, Pair pair, Goal goal, int operations = 1) => new(
        work, peer, where.Name, Time(pair.Ours, operations), Time(pair.Peer, operations),
        pair.Ratio.ToString(pair.Ratio < 0.1 ? "0.000" : "0.00", CultureInfo.InvariantCulture), goal.Text, pair.Ratio <= goal.Factor);

    /// <summary>What this machine cannot measure, and why.</summary>
    public static Result None(string work, string peer, string reason) => new(work, peer, "", $"not measured: {reason}", "", "", "", null);

    /// <summary><c>minimum / median</c>, with a unit that leaves two or three digits before the point.</summary>
    private static string Time(Sample sample, int operations)
    {
        double scale = sample.Median / operations;
        (double divisor, string unit) = scale >= 1e9 ? (1e9, "s") : scale >= 1e6 ? (1e6, "ms") : (1e3, "us");
        return string.Create(CultureInfo.InvariantCulture, $"{sample.Minimum / operations / divisor:0.0} / {sample.Median / operations / divisor:0.0} {unit}");
    }
}

/// <summary>Which processors the readers, the view and the peers may use. Waking another processor costs more than most requests, so both ways are measured.</summary>
internal sealed record Placement(string Name, string[] Prefix)
{
    public static readonly Placement One = new("one CPU", ["taskset", "-c", "0"]);

    public static readonly Placement Any = new("any CPU", []);

    public static readonly Placement[] Both = [One, Any];
}
