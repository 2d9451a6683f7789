using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>What is read of one program.</summary>
internal ref struct Prog
{
    public ref readonly prog_record Record;

    /// <summary>Ids of the maps it uses.</summary>
    public ReadOnlySpan<uint> MapIds;

    /// <summary>Asked for names only when one is wanted.</summary>
    public IProgFunctions Functions;

    /// <summary>Of a listing; null: this program alone is read.</summary>
    public MapsOfProgs? Listed;

    /// <summary>Every field of a program; the order is that of <c>info</c> and JSON, which begins as bpftool's does.</summary>
    public static readonly Field<Prog>[] Fields =
    [
        new("id", "the program's id", (in p, in to) => to.Number(p.Record.id)) { Labels = Labels.All },
        new("type", "program type, as bpftool names it; of one that this version does not know, as the kernel does", (in p, in to) => Names.ProgTypes.Write(to, p.Record.type)) { Labels = Labels.All },
        new("name", "name given by the loader; the whole BTF function name where the kernel's 15 characters cut it", (in p, in to) => to.Text(p.Record.name.Text), (in p) => !p.Record.name.Text.IsEmpty) { Labels = Labels.All },
        new("tag", "SHA hash over the instructions", (in p, in to) => to.Hex(p.Record.tag), (in p) => Knows(p, prog_known_flags.PROG_HAS_TAG)) { Labels = Labels.Info },
        new("gpl_compatible", "whether its license lets it call GPL-only helpers", (in p, in to) => to.Bool(Has(p, prog_flags.PROG_GPL_COMPATIBLE)), (in p) => Knows(p, prog_known_flags.PROG_HAS_GPL_COMPATIBLE)),
        new("run_time_ns", "nanoseconds spent running, while statistics were enabled", (in p, in to) => to.Number(p.Record.run_time_ns), (in p) => p.Record.run_time_ns != 0) { Tier = Tier.Group, Metric = new("run_time_seconds_total", MetricType.Counter, "time spent running, while statistics were enabled") { Decimals = 9, IsNeverAbsent = true }, IsKnown = (in p) => Knows(p, prog_known_flags.PROG_HAS_RUNS) },
        new("run_cnt", "runs, while statistics were enabled", (in p, in to) => to.Number(p.Record.run_cnt), (in p) => p.Record.run_time_ns != 0) { Tier = Tier.Group, Metric = new("runs_total", MetricType.Counter) { IsNeverAbsent = true }, IsKnown = (in p) => Knows(p, prog_known_flags.PROG_HAS_RUNS) },
        new("recursion_misses", "runs left out because the program was already running on that CPU", (in p, in to) => to.Number(p.Record.recursion_misses), (in p) => p.Record.recursion_misses != 0) { Tier = Tier.Group, Metric = new("recursion_misses_total", MetricType.Counter) { IsNeverAbsent = true }, IsKnown = (in p) => Knows(p, prog_known_flags.PROG_HAS_MISSES) },
        new("loaded_at", "when it was loaded: UTC; in JSON seconds since 1970", (in p, in to) => to.Time(Clock.UnixSecondsOf(p.Record.load_time)), (in p) => p.Record.load_time != 0) { Metric = new("load_time_seconds", MetricType.Gauge, "when it was loaded, since 1970") },
        new("uid", "user id of the loader", (in p, in to) => to.Number(p.Record.uid), (in p) => Knows(p, prog_known_flags.PROG_HAS_UID)) { Labels = Labels.Info },
        new("bytes_xlated", "bytes of the translated instructions", (in p, in to) => to.Number(p.Record.bytes_xlated), (in p) => Knows(p, prog_known_flags.PROG_HAS_XLATED)) { Metric = new("xlated_bytes", MetricType.Gauge) },
        new("jited", "whether it runs as machine code", (in p, in to) => to.Bool(p.Record.bytes_jited != 0), (in p) => Knows(p, prog_known_flags.PROG_HAS_JITED)) { HasFile = false },
        new("bytes_jited", "bytes of machine code, subprograms included", (in p, in to) => to.Number(p.Record.bytes_jited), (in p) => p.Record.bytes_jited != 0) { Metric = new("jited_bytes", MetricType.Gauge) },
        new("bytes_memlock", "bytes of memory for the instructions", (in p, in to) => to.Number(p.Record.pages * (ulong)Environment.SystemPageSize), (in p) => Knows(p, prog_known_flags.PROG_HAS_PAGES)) { Metric = new("memlock_bytes", MetricType.Gauge) },
        new("map_ids", "ids of the maps it uses", (in p, in to) => to.Numbers(p.MapIds), (in p) => !p.MapIds.IsEmpty),
        new("map_names", "their names, in the same order; ? for one without", (in p, in to) => WriteMapNames(p, to), (in p) => !p.MapIds.IsEmpty),
        new("btf_id", "id of its BTF", (in p, in to) => to.Number(p.Record.btf_id), (in p) => p.Record.btf_id != 0),
        new("pages", "pages of memory for the instructions", (in p, in to) => to.Number(p.Record.pages), (in p) => Knows(p, prog_known_flags.PROG_HAS_PAGES)),
        new("verified_insns", "instructions the verifier went through", (in p, in to) => to.Number(p.Record.verified_insns), (in p) => p.Record.verified_insns != 0) { Metric = new("verified_instructions", MetricType.Gauge) },
        new("func_cnt", "functions, the main one included; absent: one", (in p, in to) => to.Number(p.Record.func_cnt), (in p) => p.Record.func_cnt != 0),
        new("subprogs", "names of its functions, the main one first; absent: one", (in p, in to) => WriteFunctions(p, to), (in p) => p.Record.func_info_cnt > 1),
        new("sleepable", "whether it may sleep", (in p, in to) => to.Bool(Has(p, prog_flags.PROG_SLEEPABLE)), (in p) => Knows(p, prog_known_flags.PROG_HAS_SLEEPABLE)),
        new("refcnt", "references: descriptors, links, pins, maps", (in p, in to) => to.Number(p.Record.refcnt), (in p) => Knows(p, prog_known_flags.PROG_HAS_REFCNT)) { Metric = new("references", MetricType.Gauge) },
        new("stack_depth", "bytes of stack of the main function; absent: the verifier did not keep it", (in p, in to) => to.Number(p.Record.stack_depth), (in p) => p.Record.stack_depth != 0),
        new("tail_call_reachable", "whether it may be left by a tail call", (in p, in to) => to.Bool(Has(p, prog_flags.PROG_TAIL_CALL_REACHABLE)), (in p) => Knows(p, prog_known_flags.PROG_HAS_TAIL_CALL_REACHABLE)),
        new("might_sleep", "whether it calls what may sleep", (in p, in to) => to.Bool(Has(p, prog_flags.PROG_MIGHT_SLEEP)), (in p) => Knows(p, prog_known_flags.PROG_HAS_MIGHT_SLEEP)),
        new("is_extended", "whether a freplace program replaces one of its functions", (in p, in to) => to.Bool(Has(p, prog_flags.PROG_IS_EXTENDED)), (in p) => Knows(p, prog_known_flags.PROG_HAS_IS_EXTENDED)),
        new("num_exentries", "loads that may fault and then give 0", (in p, in to) => to.Number(p.Record.num_exentries), (in p) => p.Record.num_exentries != 0),
        new("arena_id", "id of the arena it uses", (in p, in to) => to.Number(p.Record.arena_id), (in p) => p.Record.arena_id != 0),
        new("line_info_cnt", "source lines known of it", (in p, in to) => to.Number(p.Record.line_info_cnt), (in p) => p.Record.line_info_cnt != 0),
        new("attach_func", "function it was loaded to attach to", (in p, in to) => to.Text(p.Record.attach_func.Text), (in p) => !p.Record.attach_func.Text.IsEmpty),
        new("attach_btf_id", "BTF type id of that function", (in p, in to) => to.Number(p.Record.attach_btf_id), (in p) => p.Record.attach_btf_id != 0),
    ];

    /// <summary>Those that everybody may read.</summary>
    public static readonly Field<Prog>[] PublicFields = FieldFiles.PublicOf(Fields);

    private static void WriteFunctions(in Prog p, in ValueWriter to)
    {
        to.StartList();
        using Fd fd = p.Functions.OpenProg(p.Record.id);
        for (uint i = 0; i < p.Record.func_info_cnt; i++)
        {
            int errno = p.Functions.ReadFunction(fd, i, out one_prog_func_record r);
            if (errno != 0 && errno != ENOENT) break; // gone since
            to.ListText(errno == 0 ? r.name.Text : "?"u8, isFirst: i == 0); // the others keep their places
        }
        to.EndList();
    }

    private static void WriteMapNames(in Prog p, in ValueWriter to)
    {
        to.StartList();
        for (int i = 0; i < p.MapIds.Length; i++)
        {
            if (p.Listed is not null && p.Listed.TryName(p.MapIds[i], out ReadOnlySpan<byte> name))
            {
                to.ListText(name.IsEmpty ? "?"u8 : name, isFirst: i == 0);
                continue;
            }
            int errno = p.Functions.ReadMap(p.MapIds[i], out one_map_record r);
            to.ListText(errno == 0 && !r.map.name.Text.IsEmpty ? r.map.name.Text : "?"u8, isFirst: i == 0); // the others keep their places
        }
        to.EndList();
    }

    /// <summary>Whether this kernel tells it of the program.</summary>
    public static bool Knows(in Prog p, prog_known_flags what) => ((prog_known_flags)p.Record.known & what) != 0;

    private static bool Has(in Prog p, prog_flags flag) => ((prog_flags)p.Record.flags & flag) != 0;
}
