using System.Globalization;
using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>
/// Programs and maps come and go while eight readers walk everything. A map's name tells its type and sizes and a program's its length and which map it uses, so what is mixed up shows.
/// BPFFS_CHURN is how many of each (default: some seconds' worth).
/// </summary>
public sealed class ChurnTests(PlainView view) : IClassFixture<PlainView>
{
    private const int Readers = 8, More = 30, Living = 200;
    private const int Enough = 100; // objects seen whole: on a quick machine most are gone before a reader comes to them, so it goes on until then
    private static readonly int s_rounds = int.TryParse(Environment.GetEnvironmentVariable("BPFFS_CHURN"), NumberStyles.None, CultureInfo.InvariantCulture, out int n) ? n : 3000;
    private readonly string _map = $"m{Environment.ProcessId % 10_000}_", _program = $"p{Environment.ProcessId % 10_000}_";
    private long _seen, _gone;

    [Fact]
    public async Task No_record_is_torn_or_mixed_up()
    {
        using CancellationTokenSource stop = new();
        Task[] readers = [.. Enumerable.Range(0, Readers).Select(i => Task.Factory.StartNew(() => Read(i, stop.Token), stop.Token, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        Queue<(BpfMap Map, BpfProgram Program)> living = new();
        HashSet<string> ids = [];
        using Herd<BpfMap> shared = [.. Enumerable.Range(0, More).Select(i => BpfMap.Create("churn_shared", MapType.Array, 4, 8, 1))];
        BpfMap[] many = [.. shared];
        try
        {
            long end = Environment.TickCount64 + 60_000;
            for (int i = 0; (i < s_rounds || (Interlocked.Read(ref _seen) <= Enough && Environment.TickCount64 < end)) && !readers.Any(r => r.IsFaulted); i++)
            {
                BpfMap map = BpfMap.Create($"{_map}{i}", TypeOf(i), 4, ValueSizeOf(i), EntriesOf(i));
                BpfProgram program = BpfProgram.Load($"{_program}{i}", i % 2 == 0 ? ProgramType.Xdp : ProgramType.SchedCls, Long(i, i % 10 == 0 ? [map, .. many] : [map]));
                living.Enqueue((map, program));
                if (i % 100 == 0) ids.UnionWith([$"Map {map.Id}", $"Program {program.Id}"]);
                if (living.Count > Living) End(living.Dequeue());
            }
        }
        finally
        {
            while (living.TryDequeue(out (BpfMap, BpfProgram) last)) End(last);
            await stop.CancelAsync();
        }
        await Task.WhenAll(readers);
        Assert.True(_seen > Enough, $"{_seen} objects were seen, {_gone} were gone");
        Assert.Empty(Ids.Remaining(ids));
        Assert.True(Poll.Until(() => view.Read("status").Contains("open_files:\t0\n", StringComparison.Ordinal)));
    }

    /// <summary>A handle may keep an object; once it is closed nothing does.</summary>
    [Theory]
    [InlineData("entries", 60_000)] // streamed: a descriptor of the map is open
    [InlineData("entries", 10)]
    [InlineData("json", 10)]
    public void A_closed_handle_holds_nothing(string file, int entries)
    {
        BpfMap map = BpfMap.Create("churn_held", MapType.Array, 4, 8, entries);
        uint id = map.Id;
        using (FileStream open = File.OpenRead(view.Of(map, file)))
        {
            open.ReadByte();
            map.Dispose();
        }
        Assert.Empty(Ids.Remaining([$"Map {id}"]));
        Assert.ThrowsAny<IOException>(() => File.ReadAllText(view.At($"maps/{id}/json")));
    }

    private static MapType TypeOf(int i) => (i % 3) switch { 0 => MapType.Array, 1 => MapType.Hash, _ => MapType.LruHash };

    private static int ValueSizeOf(int i) => 8 * (1 + (i % 7));

    private static int EntriesOf(int i) => 1 + (i % 1000);

    private static ulong[] Long(int number, BpfMap[] maps) => [.. Enumerable.Range(0, number % 20).Select(i => Set(6, i)), .. Use(maps)];

    private static void End((BpfMap Map, BpfProgram Program) pair)
    {
        pair.Program.Dispose();
        pair.Map.Dispose();
    }

    private void Read(int reader, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using JsonDocument maps = JsonDocument.Parse(view.Read("maps.json")), progs = JsonDocument.Parse(view.Read("progs.json"));
            foreach (JsonElement map in maps.RootElement.EnumerateArray()) CheckMap(map, null);
            foreach (JsonElement program in progs.RootElement.EnumerateArray()) CheckProgram(program, null);
            foreach (string table in (string[])["progs.debug", "maps.debug", "links.debug"]) Assert.All(view.Read(table).TrimEnd('\n').Split('\n'), line => Assert.True(line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length >= 2, line));
            Each(maps, _map, reader, "maps", CheckMap, "info", "entries");
            Each(progs, _program, reader, "progs", CheckProgram, "info", "memory", "xlated", "attached");
        }
    }

    /// <summary>The files of an object that was listed: whole and its own, or ENOENT.</summary>
    private void Each(JsonDocument all, string prefix, int reader, string kind, Action<JsonElement, string?> check, params string[] files)
    {
        foreach (JsonElement element in all.RootElement.EnumerateArray())
        {
            if (!element.TryGetProperty("name", out JsonElement name) || !name.GetString()!.StartsWith(prefix, StringComparison.Ordinal)) continue;
            string id = $"{element.GetProperty("id").GetUInt32()}", at = $"{kind}/{id}";
            if (element.GetProperty("id").GetUInt32() % 3 != reader % 3) continue;
            try
            {
                using JsonDocument json = JsonDocument.Parse(view.Read($"{at}/json"));
                check(json.RootElement, id);
                Assert.Equal(name.GetString(), json.RootElement.GetProperty("name").GetString()); // an id is never used again
                foreach (string file in files) Assert.EndsWith("\n", view.Read($"{at}/{file}") + (file is "attached" or "entries" ? "\n" : ""), StringComparison.Ordinal);
                Interlocked.Increment(ref _seen);
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                Interlocked.Increment(ref _gone);
            }
        }
    }

    private void CheckMap(JsonElement map, string? id)
    {
        if (id is not null) Assert.Equal(id, $"{map.GetProperty("id").GetUInt32()}");
        if (!map.TryGetProperty("name", out JsonElement name) || !name.GetString()!.StartsWith(_map, StringComparison.Ordinal)) return;
        if (map.TryGetProperty("error", out JsonElement error)) Assert.Fail($"{map}: {error}");
        int i = int.Parse(name.GetString()![_map.Length..], CultureInfo.InvariantCulture);
        Assert.Equal(EntriesOf(i), map.GetProperty("max_entries").GetInt32());
        Assert.Equal(4, map.GetProperty("bytes_key").GetInt32());
        Assert.Equal(TypeOf(i) switch { MapType.Array => "array", MapType.Hash => "hash", _ => "lru_hash" }, map.GetProperty("type").GetString());
        Assert.Equal(ValueSizeOf(i), map.GetProperty("bytes_value").GetInt32());
    }

    private void CheckProgram(JsonElement program, string? id)
    {
        if (id is not null) Assert.Equal(id, $"{program.GetProperty("id").GetUInt32()}");
        if (!program.TryGetProperty("name", out JsonElement name) || !name.GetString()!.StartsWith(_program, StringComparison.Ordinal)) return;
        int i = int.Parse(name.GetString()![_program.Length..], CultureInfo.InvariantCulture);
        Assert.Equal(i % 2 == 0 ? "xdp" : "sched_cls", program.GetProperty("type").GetString());
        int more = i % 10 == 0 ? More : 0; // more maps than the first record has room for
        Assert.Equal(1 + more, program.GetProperty("map_ids").GetArrayLength());
        Assert.Equal(s_shortest + (16 * more) + (8 * (i % 20)), program.GetProperty("bytes_xlated").GetInt32());
    }

    private static readonly int s_shortest = Shortest();

    private static int Shortest()
    {
        using BpfMap map = BpfMap.Create("churn_base", MapType.Array, 4, 8, 1);
        return 8 * Use(map).Length;
    }
}
