using System.Buffers;
using System.Text;
using System.Text.Json;

namespace BpfFs.Top;

/// <summary>
/// <c>top --once --json</c>: <c>interval_s</c>, <c>counting</c> (whether runs were counted), <c>progs</c> and <c>maps</c>, sorted and filtered as the tables are. What they share with progs.json and
/// maps.json has the same name.
/// </summary>
internal static class TopJson
{
    public static string Render(MountedFiles files, TopScreen screen)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            json.WriteNumber("interval_s", Math.Round(screen.Seconds, 3));
            json.WriteBoolean("counting", files.NotCounting is null || screen.AnyRuns);
            json.WriteStartArray("progs");
            foreach (ProgRow row in screen.Progs.Rows) Write(row, json);
            json.WriteEndArray();
            json.WriteStartArray("maps");
            foreach (MapSample map in screen.Maps.Rows) Write(map, json);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan) + "\n";
    }

    private static void Write(ProgRow row, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("id", row.Now.Id);
        json.WriteString("name", row.Now.Name);
        json.WriteString("type", row.Now.Type);
        json.WriteNumber("cpu_percent", Math.Round(row.Cpu, 6));
        json.WriteNumber("runs_per_s", Math.Round(row.Runs, 3));
        json.WriteNumber("ns_per_run", Math.Round(row.NsPerRun, 1));
        json.WriteNumber("recursion_misses_per_s", Math.Round(row.Misses, 3));
        json.WriteNumber("run_time_ns", row.Now.RunTimeNs);
        json.WriteNumber("run_cnt", row.Now.RunCount);
        json.WriteNumber("bytes_memlock", row.Now.Memory);
        json.WriteEndObject();
    }

    private static void Write(MapSample map, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("id", map.Id);
        json.WriteString("name", map.Name);
        json.WriteString("type", map.Type);
        if (map.Entries >= 0)
        {
            json.WriteNumber("elem_count", map.Entries);
            json.WriteNumber("fill_percent", Math.Round(map.Fill, 3));
        }
        json.WriteNumber("max_entries", map.MaxEntries);
        json.WriteNumber("bytes_memlock", map.Memory);
        json.WriteEndObject();
    }
}
