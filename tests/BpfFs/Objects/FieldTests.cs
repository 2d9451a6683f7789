using System.Text;
using System.Text.Json;
using BpfFs.Objects;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.Objects;

public sealed class FieldTests
{
    [Fact]
    public void Program_with_everything() =>
        Golden.Verify(Samples.Files(Progs.Kind, Prog.Fields, Samples.Reading(Samples.FullProg(), Samples.MapIds)), "Prog.full");

    [Fact]
    public void Program_with_the_least() =>
        Golden.Verify(Samples.Files(Progs.Kind, Prog.Fields, Samples.Reading(Samples.LeastProg(), [])), "Prog.least");

    [Fact]
    public void Map_with_everything() =>
        Golden.Verify(Samples.Files(Maps.Kind, Map.Fields, Samples.Reading(Samples.FullMap(), Samples.FullFdInfo())), "Map.full");

    [Fact]
    public void Map_with_the_least() =>
        Golden.Verify(Samples.Files(Maps.Kind, Map.Fields, Samples.Reading(Samples.LeastMap(), Samples.LeastFdInfo())), "Map.least");

    [Fact]
    public void An_error_is_every_files_error()
    {
        foreach (FileRow row in FieldFiles.Rows<Prog>(Progs.Kind, Prog.Fields, Read).Cast<FileRow>())
        {
            using Text.Holder text = new();
            Assert.Equal(EMFILE, row.Render(null!, 1, text.Buffer));
            Assert.Equal(0, text.Buffer.Length);
        }

        static int Read(ViewContext context, uint id, out Prog prog)
        {
            prog = default;
            return EMFILE;
        }
    }

    [Fact]
    public void A_value_is_the_same_in_its_file_in_info_and_in_json()
    {
        prog_record prog = Samples.FullProg();
        map_record map = Samples.FullMap();
        MapFdInfo fdInfo = Samples.FullFdInfo();
        string progs = Samples.Files(Progs.Kind, Prog.Fields, Samples.Reading(prog, Samples.MapIds));
        string maps = Samples.Files(Maps.Kind, Map.Fields, Samples.Reading(map, fdInfo));
        AssertAgree(progs, "progs", [.. Prog.Fields.Select(f => (f.Name, f.HasFile))], Samples.Info(prog, Samples.MapIds), Samples.Json(prog, Samples.MapIds));
        AssertAgree(maps, "maps", [.. Map.Fields.Select(f => (f.Name, f.HasFile))], Samples.Info(map, fdInfo), Samples.Json(map, fdInfo));
    }

    [Fact]
    public void What_counts_events_is_not_in_what_everybody_reads()
    {
        string progs = Samples.Files(Progs.Kind, Prog.Fields, Samples.Reading(Samples.FullProg(), Samples.MapIds));
        string maps = Samples.Files(Maps.Kind, Map.Fields, Samples.Reading(Samples.FullMap(), Samples.FullFdInfo()));
        foreach ((string files, string name) in (IEnumerable<(string, string)>)[(progs, "run_cnt"), (progs, "run_time_ns"), (progs, "recursion_misses"), (maps, "ring_producer_pos"), (maps, "ring_consumer_pos")])
        {
            Assert.Contains($"/{name}\n", files, StringComparison.Ordinal); // a file of its own
            Assert.DoesNotContain($"{name}:", files, StringComparison.Ordinal);
            Assert.DoesNotContain($"\"{name}\"", files, StringComparison.Ordinal);
        }
        FileRow[] rows = [.. FieldFiles.Rows(Progs.Kind, Prog.Fields, Samples.Reading(Samples.FullProg(), Samples.MapIds)).Cast<FileRow>()];
        Assert.Equal(Tier.Group, rows.Single(r => r.Path.EndsWith("/run_cnt", StringComparison.Ordinal)).Tier);
    }

    [Fact]
    public void Names_are_one_word_each_and_said_once()
    {
        IEnumerable<string>[] kinds =
        [
            Prog.Fields.Select(f => f.Name), Map.Fields.Select(f => f.Name), Link.Fields.Select(f => f.Name), BtfObject.Fields.Select(f => f.Name),
        ];
        foreach (string[] names in kinds.Select(k => k.ToArray()))
        {
            Assert.Equal(names.Distinct(), names);
            Assert.All(names, name => Assert.Matches("^[a-z][a-z0-9_]*$", name));
        }
    }

    [Fact]
    public void Hostile_text_stays_in_its_line()
    {
        prog_record prog = Samples.FullProg();
        Samples.Fill(prog.name, Samples.Hostile);
        Samples.Fill(prog.attach_func, Samples.Hostile);
        map_record map = Samples.FullMap();
        Samples.Fill(map.name, Samples.Hostile);
        MapFdInfo fdInfo = Samples.FullFdInfo();
        Golden.Verify(
            $"{Samples.Info(prog, Samples.MapIds)}{Samples.Json(prog, Samples.MapIds)}\n{Samples.Info(map, fdInfo)}{Samples.Json(map, fdInfo)}\n", "Hostile");
    }

    [Fact]
    public void A_name_may_fill_its_room()
    {
        map_record map = Samples.FullMap();
        Samples.Fill(map.name, "sixteen_letters!"u8);
        Assert.Contains("name:\tsixteen_letters!\n", Samples.Info(map, Samples.FullFdInfo()), StringComparison.Ordinal);
    }

    [Fact]
    public void Types_that_are_not_yet_known_are_numbers()
    {
        prog_record prog = Samples.FullProg();
        prog.type = 4_000_000_000;
        Assert.Contains("type:\t4000000000\n", Samples.Info(prog, []), StringComparison.Ordinal);
        Assert.Contains("\"type\":4000000000", Samples.Json(prog, []), StringComparison.Ordinal);
        map_record map = Samples.FullMap();
        map.type = 3_000_000_000;
        MapFdInfo fdInfo = Samples.FullFdInfo();
        fdInfo.owner_prog_type = 1000;
        Assert.Contains("type:\t3000000000\n", Samples.Info(map, fdInfo), StringComparison.Ordinal);
        Assert.Contains("owner_prog_type:\t1000\n", Samples.Info(map, fdInfo), StringComparison.Ordinal);
    }

    [Fact]
    public void Random_records_come_out_safe()
    {
        Random random = new(6);
        Span<prog_record> prog = stackalloc prog_record[1];
        Span<map_record> map = stackalloc map_record[1];
        Span<MapFdInfo> fdInfo = stackalloc MapFdInfo[1];
        for (int round = 0; round < 500; round++)
        {
            random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(prog));
            random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(map));
            random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(fdInfo));
            prog[0].load_time >>= 8; // two years since boot
            string progInfo = Samples.Info(prog[0], Samples.MapIds), mapInfo = Samples.Info(map[0], fdInfo[0]);
            foreach (string info in (string[])[progInfo, mapInfo])
            {
                Text.AssertSafe(Encoding.UTF8.GetBytes(info), "\n\t");
                foreach (string line in info.TrimEnd('\n').Split('\n')) Assert.Matches("^[a-z0-9_]+:\t[^\t]*$", line);
            }
            Assert.Equal(Lines(progInfo).Keys, Keys(Samples.Json(prog[0], Samples.MapIds)));
            Assert.Equal(Lines(mapInfo).Keys, Keys(Samples.Json(map[0], fdInfo[0])));
        }
    }

    private static void AssertAgree(string files, string directory, (string Name, bool HasFile)[] fields, string info, string json)
    {
        Dictionary<string, string> lines = Lines(info);
        JsonElement document = Text.AssertJson(Encoding.UTF8.GetBytes(json));
        Assert.Equal(fields.Select(f => f.Name), lines.Keys); // all of them are in a full record
        Assert.Equal(fields.Select(f => f.Name), document.EnumerateObject().Select(p => p.Name));
        foreach (JsonProperty property in document.EnumerateObject())
        {
            string value = lines[property.Name];
            bool isThere = files.Contains($"== {directory}/<id>/{property.Name}\n{value}\n", StringComparison.Ordinal);
            Assert.Equal(fields.Single(f => f.Name == property.Name).HasFile, isThere);
            string expected = property.Value.ValueKind switch
            {
                _ when property.Name == "loaded_at" => DateTime.UnixEpoch.AddSeconds(property.Value.GetInt64()).ToString("yyyy-MM-ddTHH:mm:ssZ", null),
                _ when property.Name == "flags" => $"0x{property.Value.GetUInt64():x}",
                JsonValueKind.String => property.Value.GetString()!,
                JsonValueKind.Array => string.Join(' ', property.Value.EnumerateArray()),
                _ => property.Value.GetRawText(),
            };
            Assert.Equal(expected, value);
        }
    }

    private static IEnumerable<string> Keys(string json) => Text.AssertJson(Encoding.UTF8.GetBytes(json)).EnumerateObject().Select(p => p.Name);

    private static Dictionary<string, string> Lines(string info) =>
        info.TrimEnd('\n').Split('\n').Select(line => line.Split(":\t", 2)).ToDictionary(parts => parts[0], parts => parts[1]);
}
