using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>Programs: one, or all in one pass.</summary>
internal sealed class Progs : ObjectKind
{
    public static readonly Progs Kind = new();

    [ThreadStatic]
    private static Reading<(one_prog_record Prog, one_prog_maps_record Maps)>? t_reading;

    public override string Plural => "progs";

    public override EnumNames Types => Names.ProgTypes;

    public override int Stat(ViewContext context, uint id, out ulong loadTime)
    {
        int errno = Read(context, id, out Prog prog);
        loadTime = errno == 0 ? prog.Record.load_time : 0;
        return errno;
    }

    public override int Walk<TVisitor>(ViewContext context, ref TVisitor visitor)
    {
        using var walk = new RecordWalk<prog_row_record>(context, context.Iterators.ProgRows!);
        while (walk.MoveNext())
        {
            ref readonly prog_row_record r = ref walk.Current;
            visitor.Visit(r.id, r.load_time, r.type, r.name.Text, ((prog_known_flags)r.known & prog_known_flags.PROG_HAS_TAG) != 0 ? r.tag : default(ReadOnlySpan<byte>));
        }
        return walk.Errno;
    }

    public override int VisitOne<TVisitor>(ViewContext context, uint id, ref TVisitor visitor)
    {
        int errno = Read(context, id, out Prog prog);
        if (errno == 0) visitor.Visit(id, prog.Record.load_time, prog.Record.type, prog.Record.name.Text, Prog.Knows(prog, prog_known_flags.PROG_HAS_TAG) ? prog.Record.tag : default(ReadOnlySpan<byte>));
        return errno;
    }

    /// <summary>One program; valid until this thread reads the next.</summary>
    public static int Read(ViewContext context, uint id, out Prog prog)
    {
        var reading = t_reading ??= new();
        prog = default;
        if (!reading.Has(id))
        {
            int errno = context.Iterators.One.ReadProg(id, out reading.Value.Prog, out reading.Value.Maps);
            if (reading.Took(id, errno) != 0) return errno;
        }
        prog.Record = ref reading.Value.Prog.prog;
        prog.Functions = context.Iterators.One;
        ReadOnlySpan<uint> ids = reading.Value.Maps.map_ids;
        prog.MapIds = ids[..(int)Math.Min(reading.Value.Maps.cnt, (uint)ids.Length)];
        return 0;
    }

    /// <summary><c>progs/&lt;id&gt;/stats</c>: runs as they are counted while the file is open.</summary>
    public static int Stats(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Read(context, (uint)key, out Prog prog);
        if (errno != 0) return errno;
        if (Prog.Knows(prog, prog_known_flags.PROG_HAS_RUNS))
        {
            AppendCount("run_time_ns:\t"u8, prog.Record.run_time_ns, to);
            AppendCount("run_cnt:\t"u8, prog.Record.run_cnt, to);
            AppendCount("avg_run_ns:\t"u8, prog.Record.run_cnt == 0 ? 0 : prog.Record.run_time_ns / prog.Record.run_cnt, to);
        }
        if (Prog.Knows(prog, prog_known_flags.PROG_HAS_MISSES)) AppendCount("recursion_misses:\t"u8, prog.Record.recursion_misses, to);
        return to.Length == 0 ? ENOENT : 0;
    }

    private static void AppendCount(ReadOnlySpan<byte> name, ulong value, TextBuffer to)
    {
        to.Append(name);
        to.Append(value);
        to.Append((byte)'\n');
    }

    /// <summary><c>progs.json</c>: every program.</summary>
    public static int AllJson(ViewContext context, ulong key, TextBuffer to) => AllJson(context, Prog.PublicFields, to);

    /// <summary><c>progs.stats.json</c>: the same, with what is the group's.</summary>
    public static int AllStatsJson(ViewContext context, ulong key, TextBuffer to) => AllJson(context, Prog.Fields, to);

    private static int AllJson(ViewContext context, Field<Prog>[] fields, TextBuffer to)
    {
        using var walk = new RecordWalk<prog_record>(context, context.Iterators.Progs!);
        System.Text.Json.Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        MapsOfProgs listed = MapsOfProgs.Rent(context);
        one_prog_maps_record more = default;
        while (walk.MoveNext())
        {
            ref readonly prog_record record = ref walk.Current;
            int errno = listed.MapsOf(record, ref more, out ReadOnlySpan<uint> maps);
            if (errno == ENOENT) continue; // gone since
            if (errno != 0)
            {
                FailedObject.WriteJson(record.id, errno, json);
                continue;
            }
            var prog = new Prog { Record = ref record, MapIds = maps, Functions = context.Iterators.One, Listed = listed };
            FieldFiles.WriteJson(fields, prog, json);
        }
        listed.Return();
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return walk.Errno;
    }
}
