using System.Globalization;

namespace Benchmarks;

/// <summary>Resident memory, idle and after many requests, and what the requests allocated.</summary>
internal static class Memory
{
    private const double Goal = 8;

    public static IEnumerable<Result> Run(Bench bench, int requests)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", 100);
        using var view = new MountedView();
        string[] files = [.. programs.Select(p => view.Of(p, "info"))];
        double idle = Resident(view);
        yield return Row("resident memory, idle", $"{idle:0.0} MiB", $"<= {Goal} MiB", idle <= Goal);

        const int requestsPerOpen = 3; // OPEN, READ, RELEASE
        bench.Open(Placement.Any, 10_000, 2, files);
        double before = Resident(view);
        long allocated = Allocated(view);
        bench.Open(Placement.Any, requests / requestsPerOpen, 2, files);
        // `status` itself allocates: what it costs, two readings of it without work between them tell
        long middle = Allocated(view), status = Allocated(view) - middle;
        double after = Resident(view), perRequest = (double)Math.Max(0, middle - allocated - status) / requests;
        yield return Row($"resident memory after {requests:N0} requests", $"{after:0.0} MiB", $"<= {Goal} MiB, no growth", after <= Goal && after - before < 0.5);
        yield return Row("managed allocation per request", $"{perRequest:0.00} bytes", "0 bytes", perRequest < 0.01);
    }

    private static Result Row(FormattableString work, FormattableString figure, FormattableString goal, bool isReached) =>
        Row(FormattableString.Invariant(work), figure, FormattableString.Invariant(goal), isReached);

    private static Result Row(string work, FormattableString figure, FormattableString goal, bool isReached) => Row(work, figure, FormattableString.Invariant(goal), isReached);

    private static Result Row(string work, FormattableString figure, string goal, bool isReached) =>
        new(work, "", Placement.Any.Name, FormattableString.Invariant(figure), "", "", goal, isReached);

    /// <summary>MiB.</summary>
    private static double Resident(MountedView view) =>
        double.Parse(File.ReadLines($"/proc/{view.ProcessId}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal)).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024;

    private static long Allocated(MountedView view) =>
        long.Parse(view.Read("status").Split('\n').First(l => l.StartsWith("allocated_bytes:", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);
}
