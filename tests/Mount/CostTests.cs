using System.Diagnostics;
using System.Globalization;

namespace Mount.Tests;

/// <summary>
/// What work costs, in counts that are the same on every machine: FUSE round trips, system calls of the server, bytes allocated. tools/bench has the
/// times. A view of our own, that no other test reads.
/// </summary>
public sealed class CostTests : IDisposable
{
    private const int Opens = 500;
    private readonly MountedView _view = new();
    private readonly BpfProgram _program = BpfProgram.Load("cost");

    [Fact]
    public void A_file_of_an_object_is_three_round_trips()
    {
        string path = _view.Of(_program, "info");
        Read(path, 10);
        Dictionary<string, long> requests = Spent(() => Read(path, Opens));
        Assert.Equal(Opens, requests["OPEN"]);
        Assert.Equal(Opens, requests["READ"]);
        Assert.InRange(requests["RELEASE"], Opens - 10, Opens + 10); // nobody waits for them
        // entries are believed for a second, so few are looked up again
        Assert.InRange(requests.Where(r => r.Key is not ("OPEN" or "READ" or "RELEASE")).Sum(r => r.Value), 0, Opens / 2);
    }

    [Fact]
    public void A_file_of_an_object_allocates_nothing()
    {
        string path = _view.Of(_program, "info");
        for (int i = 0; i < 20; i++) Read(path, 100); // every worker has its buffers
        long status = Allocated();
        long before = Allocated();
        status = before - status; // what reading it once costs
        Read(path, 5000);
        // 8 KiB: what the runtime hands a thread at once is counted when it does. The smallest object once a read were 117 KiB.
        Assert.InRange(Allocated() - before - status, -8192 * 8, 8192 * 8);
    }

    [Fact]
    public void A_file_of_an_object_is_nine_system_calls()
    {
        string path = _view.Of(_program, "info");
        Read(path, 10);
        Stopwatch watch = Stopwatch.StartNew();
        Dictionary<string, long> calls = Traced(() => Read(path, Opens));
        watch.Stop();
        // its descriptor, the record, close; for each of three requests a read and a write, or over io_uring one call
        Assert.InRange(calls["bpf"], Opens * 2, (Opens * 2) + (Opens / 5));
        Assert.InRange(calls["close"], Opens, Opens + (Opens / 5));
        string[] transport = Everywhere.IsOverIoUring ? ["io_uring_enter"] : ["read", "write"];
        foreach (string call in transport) Assert.InRange(calls[call], (Opens * 3) - 20, (Opens * 3) + (Opens / 2)); // what had begun when strace came is not counted
        // nothing else: a lookup or a permission check a second, workers that wake, and every 20 ms at most a supervisor. The clock is a call where the vDSO has none (QEMU).
        calls = calls.Where(c => c.Key is not ("bpf" or "close" or "clock_gettime") && !transport.Contains(c.Key)).ToDictionary();
        long most = (Opens / 5) + (8 * watch.ElapsedMilliseconds / 20);
        Assert.True(calls.Values.Sum() <= most, $"{string.Join(", ", calls)} in {watch.ElapsedMilliseconds} ms");
    }

    [Fact]
    public void A_listing_is_one_pass_and_few_round_trips()
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("cost", 2000);
        Dictionary<string, long> requests = Spent(() => Assert.InRange(Directory.GetFileSystemEntries(_view.At("progs")).Length, 2000, int.MaxValue));
        long listing = requests.Where(r => r.Key.StartsWith("READDIR", StringComparison.Ordinal)).Sum(r => r.Value);
        Assert.InRange(listing, 1, 40);
        Assert.Equal(1, requests["OPENDIR"]);

        Dictionary<string, long> calls = Traced(() => Directory.GetFileSystemEntries(_view.At("progs")));
        Assert.InRange(calls["bpf"], 1, 20); // one iterator, and not one call per program
    }

    [Fact]
    public void A_table_is_read_in_pieces_of_128_KiB()
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("cost", 2000);
        Dictionary<string, long> requests = Spent(() => Tool.Run("cat", _view.At("progs.debug")).Succeeded());
        long size = new FileInfo(_view.At("progs.debug")).Length;
        Assert.InRange(requests["READ"], 1, (size / (128 * 1024)) + 3);
    }

    public void Dispose()
    {
        _program.Dispose();
        _view.Dispose();
    }

    private static void Read(string path, int times)
    {
        byte[] buffer = new byte[4096];
        for (int i = 0; i < times; i++)
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            Assert.NotEqual(0, file.Read(buffer));
        }
    }

    /// <summary>Requests by opcode that the work made, without those of reading the counters.</summary>
    private Dictionary<string, long> Spent(Action work)
    {
        Requests(); // so that both readings that count come after a lookup
        Dictionary<string, long> before = Requests();
        Dictionary<string, long> status = Difference(before, Requests());
        before = Requests();
        work();
        return Difference(Difference(before, Requests()), status, sign: -1);
    }

    private static Dictionary<string, long> Difference(Dictionary<string, long> first, Dictionary<string, long> second, int sign = 1) =>
        sign > 0
            ? second.ToDictionary(r => r.Key, r => r.Value - first.GetValueOrDefault(r.Key))
            : first.ToDictionary(r => r.Key, r => r.Value - second.GetValueOrDefault(r.Key));

    private Dictionary<string, long> Requests() => _view.Read("status").Split('\n')
        .Where(l => l.StartsWith("requests:\t", StringComparison.Ordinal)).Select(l => l.Split('\t')[1].Split(' '))
        .ToDictionary(w => w[0], w => long.Parse(w[1], CultureInfo.InvariantCulture));

    private long Allocated() =>
        long.Parse(_view.Read("status").Split('\n').Single(l => l.StartsWith("allocated_bytes:\t", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);

    /// <summary>System calls of the server's threads meanwhile, by name: what strace -c counts.</summary>
    private Dictionary<string, long> Traced(Action work)
    {
        using var directory = new TemporaryDirectory();
        string counts = directory.At("counts");
        using var strace = Process.Start(new ProcessStartInfo("strace", ["-f", "-c", "-qq", "-o", counts, "-p", $"{_view.ProcessId}"]))!;
        try
        {
            Assert.True(Poll.Until(IsTraced), "strace does not attach");
            work();
        }
        finally
        {
            Tool.Run("kill", "-INT", $"{strace.Id}");
            Assert.True(strace.WaitForExit(Patience.Of(10)));
        }
        // % time, seconds, usecs/call, calls, [errors,] syscall
        return File.ReadLines(counts).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(w => w.Length >= 5 && long.TryParse(w[3], CultureInfo.InvariantCulture, out _) && w[^1] != "total")
            .ToDictionary(w => w[^1], w => long.Parse(w[3], CultureInfo.InvariantCulture));
    }

    private bool IsTraced() => Directory.EnumerateDirectories($"/proc/{_view.ProcessId}/task")
        .All(task => File.ReadLines($"{task}/status").Any(l => l.StartsWith("TracerPid:", StringComparison.Ordinal) && !l.EndsWith("\t0", StringComparison.Ordinal)));
}
