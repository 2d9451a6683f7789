using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>Maps: one, or all in one pass.</summary>
internal sealed class Maps : ObjectKind
{
    public static readonly Maps Kind = new();

    [ThreadStatic]
    private static Reading<(one_map_record Map, MapFdInfo FdInfo)>? t_reading;

    public override string Plural => "maps";

    public override EnumNames Types => Names.MapTypes;

    /// <summary>The kernel does not keep when a map was made.</summary>
    public override int Stat(ViewContext context, uint id, out ulong loadTime)
    {
        loadTime = 0;
        if (IsHeld) return Read(context, id, out _);
        using Fd fd = OneObject.OpenMap(id);
        return fd.Errno;
    }

    public override int Walk<TVisitor>(ViewContext context, ref TVisitor visitor)
    {
        using var walk = new RecordWalk<map_record>(context, context.Iterators.Maps!);
        while (walk.MoveNext())
        {
            ref readonly map_record r = ref walk.Current;
            visitor.Visit(r.id, 0, r.type, r.name.Text, default);
        }
        return walk.Errno;
    }

    public override int VisitOne<TVisitor>(ViewContext context, uint id, ref TVisitor visitor)
    {
        int errno = Read(context, id, out Map map);
        if (errno == 0) visitor.Visit(id, 0, map.Record.type, map.Record.name.Text, default);
        return errno;
    }

    /// <summary>One map; valid until this thread reads the next.</summary>
    public static int Read(ViewContext context, uint id, out Map map)
    {
        var reading = t_reading ??= new();
        map = default;
        if (!reading.Has(id))
        {
            using Fd fd = OneObject.OpenMap(id);
            int errno = context.Iterators.One.ReadMap(fd, out reading.Value.Map);
            if (errno == 0) errno = MapFdInfo.Read(fd, out reading.Value.FdInfo);
            if (reading.Took(id, errno) != 0) return errno;
        }
        map.Record = ref reading.Value.Map.map;
        map.FdInfo = ref reading.Value.FdInfo;
        return 0;
    }

    /// <summary><c>maps.json</c>: every map. What only fdinfo tells costs a descriptor each.</summary>
    public static int AllJson(ViewContext context, ulong key, TextBuffer to) => AllJson(context, Map.PublicFields, to);

    /// <summary><c>maps.stats.json</c>: the same, with what is the group's.</summary>
    public static int AllStatsJson(ViewContext context, ulong key, TextBuffer to) => AllJson(context, Map.Fields, to);

    private static int AllJson(ViewContext context, Field<Map>[] fields, TextBuffer to)
    {
        using var walk = new RecordWalk<map_record>(context, context.Iterators.Maps!);
        System.Text.Json.Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        while (walk.MoveNext())
        {
            int errno = ReadFdInfo(walk.Current.id, out MapFdInfo fdInfo);
            if (errno == ENOENT) continue; // gone since
            if (errno != 0)
            {
                FailedObject.WriteJson(walk.Current.id, errno, json);
                continue;
            }
            var map = new Map { Record = ref walk.Current, FdInfo = ref fdInfo };
            FieldFiles.WriteJson(fields, map, json);
        }
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return walk.Errno;
    }

    /// <summary><c>maps.debug</c>: <c>id name pages max_entries</c>. Pages are the memory the kernel counts, rounded up.</summary>
    public static int Debug(ViewContext context, ulong key, TextBuffer to)
    {
        using var walk = new RecordWalk<map_record>(context, context.Iterators.Maps!);
        to.Append("  id name             pages max_entries\n"u8);
        while (walk.MoveNext())
        {
            ref readonly map_record r = ref walk.Current;
            int errno = ReadFdInfo(r.id, out MapFdInfo fdInfo);
            if (errno == ENOENT) continue;
            to.AppendRight(r.id, 4);
            to.Append((byte)' ');
            int name = to.Length;
            to.AppendText(r.name.Text);
            to.PadTo(name, 16);
            to.Append((byte)' ');
            if (errno != 0)
            {
                FailedObject.AppendError(errno, to);
                continue;
            }
            to.AppendRight((ulong)(fdInfo.memlock + Environment.SystemPageSize - 1) / (ulong)Environment.SystemPageSize, 5);
            to.Append((byte)' ');
            if (((map_known_flags)r.known & map_known_flags.MAP_HAS_MAX_ENTRIES) != 0) to.AppendRight(r.max_entries, 11);
            else to.Append("          -"u8);
            to.Append((byte)'\n');
        }
        return walk.Errno;
    }

    /// <summary><c>maps/&lt;id&gt;/progs</c>: <c>id name</c> of every program that uses the map.</summary>
    public static int UsedBy(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Kind.Stat(context, (uint)key, out _);
        if (errno != 0) return errno;
        using var walk = new RecordWalk<prog_map_record>(context, context.Iterators.ProgMaps!);
        while (walk.MoveNext())
        {
            if (walk.Current.map_id == key) Relations.AppendProgLine(context, walk.Current.prog_id, to);
        }
        return walk.Errno;
    }

    /// <summary>What only fdinfo tells; 0 or an errno.</summary>
    internal static int ReadFdInfo(uint id, out MapFdInfo fdInfo)
    {
        fdInfo = default;
        using Fd fd = OneObject.OpenMap(id);
        return fd.Errno != 0 ? fd.Errno : MapFdInfo.Read(fd, out fdInfo);
    }
}
