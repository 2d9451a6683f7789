using System.Globalization;

namespace Benchmarks;

/// <summary>What every row needs: the peers' directory, how often to run, how to time.</summary>
internal sealed class Bench(string peers, int rounds)
{
    public int Rounds => rounds;

    /// <summary>The view's BPF programs, for peers that load the same.</summary>
    public static string BpfObject { get; } = Path.Combine(ViewBinary.Repository(), "bpf", "objects", "view.bpf.o");

    public string Peer(string name) => Path.Combine(peers, name);

    /// <summary>A C program that prints a map's elements in the way that the view reads them on this kernel, and what that way is.</summary>
    public (string Name, string[] Command) EntriesPeer(BpfMap map) => KernelRefuses.Iterator("bpf_map_elem") is null
        ? ("the same iterator and text from C", [Peer("bpf-peer"), "entries", BpfObject, $"{map.Id}"])
        : ("the same batches and text from C", [Peer("bpf-peer"), "batches", $"{map.Id}"]);

    /// <summary>Runs two pieces of work in turn, after one round that does not count.</summary>
    public Pair InTurn(Func<double> ours, Func<double> peer)
    {
        double[] first = new double[rounds], second = new double[rounds];
        ours();
        peer();
        for (int i = 0; i < rounds; i++)
        {
            first[i] = ours();
            second[i] = peer();
        }
        return new Pair(new Sample(first), new Sample(second));
    }

    /// <summary>Whole processes in turn, output to /dev/null.</summary>
    public Pair Processes(Placement where, string[] ours, string[] peer) => InTurn(() => RunProcess(where, ours), () => RunProcess(where, peer));

    /// <summary>Nanoseconds of a whole process.</summary>
    public double RunProcess(Placement where, params string[] command) => Measure(where, ["run", .. command]);

    /// <summary>Nanoseconds for opening, reading and closing files, <paramref name="count"/> in all.</summary>
    public double Open(Placement where, int count, int readers, params string[] files) =>
        Measure(where, ["open", count.ToString(CultureInfo.InvariantCulture), readers.ToString(CultureInfo.InvariantCulture), .. files]);

    /// <summary>What a program of ours prints: nanoseconds.</summary>
    public static double Nanoseconds(Placement where, params string[] command)
    {
        string[] all = [.. where.Prefix, .. command];
        return double.Parse(Tool.Run(all[0], all[1..]).Succeeded().Output, CultureInfo.InvariantCulture);
    }

    /// <summary>Both must say the same, or the times mean nothing. What others load or unload meanwhile may tell them apart for a moment.</summary>
    public static void RequireEqual(string what, Func<byte[]> ours, Func<byte[]> peer)
    {
        if (!Poll.Until(() => ours().AsSpan().SequenceEqual(peer()), 5)) throw new InvalidOperationException($"{what}: the peer's output differs");
    }

    /// <summary>Both must be of the same objects.</summary>
    public static void RequireCount(string what, int ours, int peer, int least)
    {
        if (ours != peer || ours < least) throw new InvalidOperationException($"{what}: {ours} of ours, {peer} of the peer's, at least {least} expected");
    }

    private double Measure(Placement where, string[] arguments) => Nanoseconds(where, [Peer("measure"), .. arguments]);
}
