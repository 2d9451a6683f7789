using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Benchmarks;

/// <summary>The rows of the table; each loads what it reads, so that one alone can be run.</summary>
internal static class Rows
{
    private const int Programs = 10_000;
    private const int Elements = 1_000_000;
    private const int Opens = 20_000;

    public static readonly (string Name, Func<Bench, IEnumerable<Result>> Run)[] All =
    [
        ("progs.debug", Table),
        ("progs.json", Json),
        ("info", Info),
        ("info growth", InfoGrowth),
        ("readers", Readers),
        ("ls", Listing),
        ("entries", Entries),
        ("start", Start),
    ];

    private static IEnumerable<Result> Table(Bench bench)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", Programs);
        foreach (Placement where in Placement.Both)
        {
            using var view = new MountedView(new ViewOptions { Prefix = where.Prefix });
            string ours = view.At("progs.debug"), pin = $"{view.PinDirectory}/progs";
            Bench.RequireEqual("progs.debug", () => File.ReadAllBytes(ours), () => File.ReadAllBytes(pin));
            yield return Result.Of("cat progs.debug, 10,000 programs", "cat of the pinned iterator", where, bench.Processes(where, ["cat", ours], ["cat", pin]), Goal.AtMost(1));

            int shown = Tool.Run("bpftool", "prog", "show").Output.Split('\n').Count(line => line.Length > 0 && char.IsAsciiDigit(line[0]));
            Bench.RequireCount("progs.debug and bpftool", File.ReadAllLines(ours).Length - 1, shown, Programs);
            yield return Result.Of("the same", "bpftool prog show", where, bench.Processes(where, ["cat", ours], ["bpftool", "prog", "show"]), Goal.Faster(25));
        }
    }

    private static IEnumerable<Result> Json(Bench bench)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", Programs);
        foreach (Placement where in Placement.Both)
        {
            using var view = new MountedView(new ViewOptions { Prefix = where.Prefix });
            string ours = view.At("progs.json");
            Bench.RequireCount("progs.json and bpftool", Count(File.ReadAllText(ours)), Count(Tool.Run("bpftool", "-j", "prog", "show").Output), Programs);
            yield return Result.Of("cat progs.json, 10,000 programs", "bpftool -j prog show", where, bench.Processes(where, ["cat", ours], ["bpftool", "-j", "prog", "show"]), Goal.Faster(10));
        }

        static int Count(string json)
        {
            using var document = JsonDocument.Parse(json);
            return document.RootElement.GetArrayLength();
        }
    }

    private static IEnumerable<Result> Info(Bench bench)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", Programs);
        foreach (Placement where in Placement.Both)
        {
            using var view = new MountedView(new ViewOptions { Prefix = where.Prefix });
            string ours = view.Of(programs[0], "info");
            using var peer = new FusePeer(bench, where, File.ReadAllText(ours), 0, isThreaded: where != Placement.One);
            Bench.RequireEqual("info", () => File.ReadAllBytes(ours), () => File.ReadAllBytes(peer.Info));
            Pair pair = bench.InTurn(
                () => bench.Open(where, Opens, 1, ours),
                () => bench.Open(where, Opens, 1, peer.Info) + One(bench, where, programs[0].Id, Opens));
            yield return Result.Of("open+read+close of progs/ID/info", "libfuse file of that size + one_prog from C", where, pair, Goal.AtMost(1.15), Opens);
        }
    }

    /// <summary>The record of one program from C: its descriptor by id, one_prog, close.</summary>
    private static double One(Bench bench, Placement where, uint id, int count) =>
        Bench.Nanoseconds(where, bench.Peer("bpf-peer"), "one", Bench.BpfObject, $"{id}", count.ToString(CultureInfo.InvariantCulture));

    private static IEnumerable<Result> InfoGrowth(Bench bench)
    {
        Placement where = Placement.One;
        using var view = new MountedView(new ViewOptions { Prefix = where.Prefix });
        using Herd<BpfProgram> few = BpfProgram.LoadMany("bench", 100);
        string file = view.Of(few[0], "info");
        double Few() => bench.Open(where, Opens, 1, file);
        double Many()
        {
            using Herd<BpfProgram> more = BpfProgram.LoadMany("more", Programs - few.Count);
            return Few();
        }

        yield return Result.Of("the same at 10,000 programs", "ourselves at 100", where, bench.InTurn(Many, Few), new Goal("within 10 %", 1.1), Opens);
    }

    private static IEnumerable<Result> Readers(Bench bench)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", 100);
        bool hasUring = IsUringOffered();
        foreach (int readers in (int[])[2, 8])
        {
            foreach (string transport in hasUring ? (string[])["on", "off"] : ["off"])
            {
                // an older view knows no such option, and has /dev/fuse alone
                using var view = new MountedView(new ViewOptions { Arguments = hasUring ? ["-o", $"io_uring={transport}"] : [] });
                string[] ours = [.. programs.Select(p => view.Of(p, "info"))];
                using var peer = new FusePeer(bench, Placement.Any, File.ReadAllText(ours[0]), 0, isThreaded: true);
                Pair pair = bench.InTurn(
                    () => bench.Open(Placement.Any, Opens * readers, readers, ours),
                    () => bench.Open(Placement.Any, Opens * readers, readers, peer.Info));
                Goal goal = transport == "on" ? new Goal(">= 2x its rate", 0.5) : new Goal(">= 1x its rate", 1);
                yield return Result.Of(
                    $"{readers} parallel readers of info files, {(transport == "on" ? "io_uring" : "/dev/fuse")}", "libfuse, fuse_session_loop_mt", Placement.Any, pair, goal, Opens * readers);
            }
        }
    }

    private static bool IsUringOffered()
    {
        const string parameter = "/sys/module/fuse/parameters/enable_uring";
        return File.Exists(parameter) && File.ReadAllText(parameter).StartsWith('Y');
    }

    private static IEnumerable<Result> Listing(Bench bench)
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("bench", Programs);
        foreach (Placement where in Placement.Both)
        {
            using var view = new MountedView(new ViewOptions { Prefix = where.Prefix });
            int count = Directory.GetFileSystemEntries(view.At("progs")).Length;
            using var peer = new FusePeer(bench, where, "x", count, isThreaded: where != Placement.One);
            Bench.RequireCount("ls", count, Directory.GetFileSystemEntries(peer.List).Length, Programs);
            yield return Result.Of(
                "ls -l progs/, 10,000 programs", "libfuse directory of that size", where, bench.Processes(where, ["ls", "-l", view.At("progs")], ["ls", "-l", peer.List]), Goal.AtMost(1.1));
        }
    }

    /// <summary>By iter/bpf_map_elem, or where the kernel refuses it in batches. One machine has one of the two; the table says which it has not.</summary>
    private static IEnumerable<Result> Entries(Bench bench)
    {
        const string iterated = "cat maps/ID/entries, 1,000,000-entry hash", batched = "the same, iter/bpf_map_elem refused";
        string? refused = KernelRefuses.Iterator("bpf_map_elem");
        using BpfMap map = FilledHash(Elements);
        (string peer, string[] command) = bench.EntriesPeer(map);
        if (refused is not null) yield return Result.None(iterated, "the same iterator and text from C", refused);
        string work = refused is null ? iterated : batched;
        foreach (Placement where in Placement.Both)
        {
            using var view = new MountedView(new ViewOptions { Prefix = where.Prefix });
            string ours = view.Of(map, "entries");
            Bench.RequireEqual("entries", () => Tool.Run("cat", ours).Succeeded().Bytes, () => Tool.Run(command[0], command[1..]).Succeeded().Bytes);
            yield return Result.Of(work, peer, where, bench.Processes(where, ["cat", ours], command), Goal.AtMost(1.5));
            double before = Memory.Resident(view.ProcessId);
            yield return Result.Of("the same", "bpftool map dump", where, bench.Processes(where, ["cat", ours], ["bpftool", "map", "dump", "id", $"{map.Id}"]), Goal.Faster(refused is null ? 15 : 4));
            yield return Memory.Growth("the same, resident memory, and after as many readings again", where, before, Memory.Resident(view.ProcessId));
        }
        if (refused is null) yield return Result.None(batched, "bpftool map dump", "the kernel has the iterator");
    }

    /// <summary>A hash with this many elements: keys of 4 bytes, values of 8.</summary>
    public static BpfMap FilledHash(int count)
    {
        BpfMap map = BpfMap.Create("bench", MapType.Hash, 4, 8, count);
        int[] keys = [.. Enumerable.Range(0, count)];
        ulong[] values = [.. keys.Select(key => (ulong)key * 0x9E3779B97F4A7C15)];
        map.UpdateMany(MemoryMarshal.AsBytes<int>(keys), MemoryMarshal.AsBytes<ulong>(values));
        return map;
    }

    private static IEnumerable<Result> Start(Bench bench)
    {
        foreach (Placement where in Placement.Both)
        {
            using var directory = new TemporaryDirectory();
            string mount = Directory.CreateDirectory(directory.At("mnt")).FullName, pins = ViewBinary.NewPinDirectory();
            try
            {
                Pair pair = bench.InTurn(
                    () =>
                    {
                        double took = bench.RunProcess(where, "sh", "-c", $"{ViewBinary.Path} {mount} --pin-dir {pins} && head -c 1 {mount}/progs.debug");
                        ViewBinary.End(mount, pins);
                        return took;
                    },
                    () => bench.RunProcess(where, "sh", "-c", $"{bench.Peer("bpf-peer")} start {Bench.BpfObject}"));
                yield return Result.Of("start until the first byte of progs.debug", "C, libbpf, the same objects", where, pair, Goal.AtMost(1.3));
            }
            finally
            {
                ViewBinary.End(mount, pins);
            }
        }
    }
}
