using System.Globalization;

namespace Benchmarks;

/// <summary>Resident memory, idle and after many requests, and what the requests allocated.</summary>
internal static class Memory
{
    private const double Goal = 8;
    private static int s_server;
    private const int Piece = 300_000; // requests; a few seconds

    public static IEnumerable<Result> Run(Bench bench, int requests)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", 100);
        using var view = new KeptView(); // in the background, as it is started without options; nobody has read anything yet
        string[] files = [.. programs.Select(p => view.At($"progs/{p.Id}/info"))];
        s_server = int.Parse(Tool.Run("pgrep", "-n", "-f", view.Root).Succeeded().Output, CultureInfo.InvariantCulture);
        Thread.Sleep(1000); // it gives back what the start needed once it has said that it is ready
        double idle = Resident(s_server);
        yield return Row("resident memory, idle", $"{idle:0.0} MiB", $"<= {Goal} MiB", idle <= Goal);

        const int requestsPerOpen = 3; // OPEN, READ, RELEASE
        bench.Open(Placement.Any, 10_000, 2, files);
        double before = Resident(s_server);
        for (int done = 0; done < requests; done += Piece) bench.Open(Placement.Any, Piece / requestsPerOpen, 2, files);
        double after = Resident(s_server);
        yield return Row($"resident memory after {requests:N0} requests", $"{after:0.0} MiB", $"<= {Goal} MiB, no growth", after <= Goal && after - before < 0.5);

        // `status` itself allocates: what it costs, two readings of it without work between them tell
        Allocated(view);
        long allocated = Allocated(view);
        bench.Open(Placement.Any, Piece / requestsPerOpen, 2, files);
        long middle = Allocated(view), status = Allocated(view) - middle;
        double perRequest = (double)Math.Max(0, middle - allocated - status) / Piece;
        yield return Row("managed allocation per request", $"{perRequest:0.00} bytes", "0 bytes", perRequest < 0.01);
    }

    /// <summary>MiB of a server before and after.</summary>
    public static Result Growth(string work, Placement where, double before, double after) =>
        Row(work, $"{before:0.0} -> {after:0.0} MiB", "no growth", after - before < 0.5) with { Where = where.Name };

    /// <summary>MiB of a process.</summary>
    public static double Resident(int process) =>
        double.Parse(File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    private static Result Row(FormattableString work, FormattableString figure, FormattableString goal, bool isReached) =>
        Row(FormattableString.Invariant(work), figure, FormattableString.Invariant(goal), isReached);

    private static Result Row(string work, FormattableString figure, FormattableString goal, bool isReached) => Row(work, figure, FormattableString.Invariant(goal), isReached);

    private static Result Row(string work, FormattableString figure, string goal, bool isReached) =>
        new(work, "", Placement.Any.Name, FormattableString.Invariant(figure), "", "", goal, isReached);

    private static long Allocated(KeptView view) =>
        long.Parse(File.ReadAllText(view.At("status")).Split('\n').First(l => l.StartsWith("allocated_bytes:", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);
}
