using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using BpfFs.Objects;
using BpfFs.View;
using Iterators;

namespace BpfFs.Tests.Objects;

/// <summary>Objects as the kernel might give them, filled by hand.</summary>
internal static class Samples
{
    /// <summary>2020-07-15 07:06:40.5 UTC: half a second, so that the clocks' jitter does not show.</summary>
    private const long LoadedAt = 1594796800_500_000_000;

    public static readonly uint[] MapIds = [3, 14, 159];

    public static IProgFunctions Functions { get; } = new SampleFunctions();

    /// <summary>Every field has something to say.</summary>
    public static prog_record FullProg()
    {
        // fields that are not named here are 1 in every byte
        prog_record prog = Ones<prog_record>() with
        {
            load_time = (ulong)(LoadedAt - Clock.BootTime()),
            run_time_ns = 123_456_789_012,
            run_cnt = 7_654_321,
            recursion_misses = 2,
            id = 42,
            type = 26,
            flags = uint.MaxValue,
            known = uint.MaxValue,
            uid = 1000,
            btf_id = 9,
            bytes_xlated = 528,
            bytes_jited = 305,
            pages = 2,
            used_map_cnt = 3,
            func_cnt = 4,
            verified_insns = 777,
            attach_btf_id = 31415,
            target_prog_id = 41,
            stack_depth = 64,
            func_info_cnt = 3,
            arena_id = 77,
        };
        Fill(prog.tag, [0xde, 0xad, 0xbe, 0xef, 0x00, 0x01, 0x02, 0x03]);
        Fill(prog.name, "a_function_with_a_very_long_name"u8);
        Fill(prog.attach_func, "bpf_fentry_test1"u8);
        return prog;
    }

    /// <summary>What every program has.</summary>
    public static prog_record LeastProg() => new() { id = 1, known = uint.MaxValue };

    public static map_record FullMap()
    {
        map_record map = Ones<map_record>() with
        {
            known = uint.MaxValue,
            struct_ops_state = 3,
            map_extra = 5,
            refcnt = 3,
            usercnt = 2,
            id = 17,
            type = 3,
            key_size = 4,
            value_size = 40,
            max_entries = 100_000,
            map_flags = 0x401,
            btf_id = 9,
            btf_key_type_id = 1,
            btf_value_type_id = 2,
            btf_vmlinux_value_type_id = 3,
            frozen = 1,
            numa_node = 0,
        };
        Fill(map.name, "fifteen_letters"u8);
        return map;
    }

    public static MapFdInfo FullFdInfo() => new() { memlock = 8_400_192, owner_prog_type = 6, owner_jited = 1 };

    public static map_record LeastMap() => new() { id = 1, numa_node = -1, known = (uint)~(map_known_flags.MAP_HAS_ELEM_COUNT | map_known_flags.MAP_HAS_RING | map_known_flags.MAP_HAS_INNER | map_known_flags.MAP_HAS_STRUCT_OPS) };

    public static MapFdInfo LeastFdInfo() => new() { owner_prog_type = -1, owner_jited = -1 };

    /// <summary>Text into its room, as much as there is.</summary>
    public static void Fill(Span<byte> room, ReadOnlySpan<byte> text)
    {
        room.Clear();
        text[..Math.Min(text.Length, room.Length)].CopyTo(room);
    }

    private static T Ones<T>()
        where T : unmanaged
    {
        T value = default;
        MemoryMarshal.AsBytes(new Span<T>(ref value)).Fill(1);
        return value;
    }

    /// <summary>Text that tries to break out.</summary>
    public static byte[] Hostile { get; } = [.. "evil\n42:\tx\x1b[2J\"\\,</"u8, 0xff, 0xc0, 0x80, .. "\u009b31m"u8];

    public static string Info(in prog_record record, uint[] mapIds)
    {
        var prog = new Prog { Record = ref record, MapIds = mapIds, Functions = Functions };
        using Text.Holder text = new();
        FieldFiles.WriteInfo(Prog.Fields, prog, text.Buffer);
        return Text.Of(text.Buffer);
    }

    public static string Info(in map_record record, in MapFdInfo fdInfo)
    {
        var map = new Map { Record = ref record, FdInfo = ref fdInfo };
        using Text.Holder text = new();
        FieldFiles.WriteInfo(Map.Fields, map, text.Buffer);
        return Text.Of(text.Buffer);
    }

    public static string Json(in prog_record record, uint[] mapIds)
    {
        var prog = new Prog { Record = ref record, MapIds = mapIds, Functions = Functions };
        using Text.Holder text = new();
        System.Text.Json.Utf8JsonWriter json = text.Buffer.StartJson();
        FieldFiles.WriteJson(Prog.Fields, prog, json);
        json.Flush();
        return Text.Of(text.Buffer);
    }

    public static string Json(in map_record record, in MapFdInfo fdInfo)
    {
        var map = new Map { Record = ref record, FdInfo = ref fdInfo };
        using Text.Holder text = new();
        System.Text.Json.Utf8JsonWriter json = text.Buffer.StartJson();
        FieldFiles.WriteJson(Map.Fields, map, json);
        json.Flush();
        return Text.Of(text.Buffer);
    }

    /// <summary>Reads this program, whichever is asked for.</summary>
    public static ReadObject<Prog> Reading(prog_record record, uint[] mapIds)
    {
        StrongBox<prog_record> box = new(record);
        return (ViewContext _, uint _, out Prog prog) =>
        {
            prog = new Prog { Record = ref box.Value, MapIds = mapIds, Functions = Functions };
            return 0;
        };
    }

    /// <summary>Reads this map, whichever is asked for.</summary>
    public static ReadObject<Map> Reading(map_record record, MapFdInfo fdInfo)
    {
        StrongBox<(map_record Record, MapFdInfo FdInfo)> box = new((record, fdInfo));
        return (ViewContext _, uint _, out Map map) =>
        {
            map = new Map { Record = ref box.Value.Record, FdInfo = ref box.Value.FdInfo };
            return 0;
        };
    }

    /// <summary>Every file of an object's directory that there is, as "== name" and its contents.</summary>
    public static string Files<T>(ObjectKind kind, Field<T>[] fields, ReadObject<T> read)
        where T : allows ref struct
    {
        var all = new StringBuilder();
        using Text.Holder text = new();
        foreach (FileRow row in FieldFiles.Rows(kind, fields, read).Cast<FileRow>())
        {
            text.Buffer.Clear();
            int errno = row.Render(null!, 1, text.Buffer);
            if (errno == Tmds.Linux.LibC.ENOENT)
            {
                Assert.Equal(0, text.Buffer.Length);
                continue;
            }
            Assert.Equal(0, errno);
            all.Append($"== {row.Path}\n{Text.Of(text.Buffer)}");
        }
        return all.ToString();
    }
}
