using System.Text.Json;

namespace BpfFs.Top;

/// <summary>A program as one reading of progs.json has it; the names are the fields'.</summary>
internal sealed record ProgSample(uint Id, string Name, string Type, ulong RunTimeNs, ulong RunCount, ulong RecursionMisses, ulong Memory);

/// <summary>A map as one reading of maps.json has it.</summary>
/// <param name="Id">Of the map.</param>
/// <param name="Name">Of the map.</param>
/// <param name="Type">Of the map.</param>
/// <param name="Entries">Elements in it, or bytes in a ring buffer; negative: the kernel does not count them.</param>
/// <param name="MaxEntries">How many fit.</param>
/// <param name="Memory">Bytes.</param>
internal sealed record MapSample(uint Id, string Name, string Type, long Entries, ulong MaxEntries, ulong Memory)
{
    /// <summary>Percent; negative: not known.</summary>
    public double Fill => Entries < 0 || MaxEntries == 0 ? -1 : 100.0 * Entries / MaxEntries;
}

/// <summary>Everything, at one moment.</summary>
/// <param name="Time">Nanoseconds of a clock that is not set.</param>
/// <param name="Progs">By ascending id.</param>
/// <param name="Maps">By ascending id.</param>
internal sealed record Sample(long Time, IReadOnlyList<ProgSample> Progs, IReadOnlyList<MapSample> Maps)
{
    public static List<ProgSample> ParseProgs(ReadOnlySpan<byte> json)
    {
        List<ProgSample> all = [];
        var reader = new ObjectReader(json);
        while (reader.MoveNext())
        {
            if (reader.Has("error")) continue;
            all.Add(new ProgSample((uint)reader.Number("id"), reader.Text("name"), reader.Text("type"), reader.Number("run_time_ns"), reader.Number("run_cnt"), reader.Number("recursion_misses"), reader.Number("bytes_memlock")));
        }
        return all;
    }

    public static List<MapSample> ParseMaps(ReadOnlySpan<byte> json)
    {
        List<MapSample> all = [];
        var reader = new ObjectReader(json);
        while (reader.MoveNext())
        {
            if (reader.Has("error")) continue;
            long entries = reader.Has("elem_count") ? (long)reader.Number("elem_count")
                : reader.Has("ring_producer_pos") ? (long)(reader.Number("ring_producer_pos") - reader.Number("ring_consumer_pos"))
                : -1;
            all.Add(new MapSample((uint)reader.Number("id"), reader.Text("name"), reader.Text("type"), entries, reader.Number("max_entries"), reader.Number("bytes_memlock")));
        }
        return all;
    }

    /// <summary>Goes over an array of objects, and has of each the numbers and texts that stand in it directly.</summary>
    private ref struct ObjectReader
    {
        private static readonly string[] s_wanted =
            ["id", "name", "type", "run_time_ns", "run_cnt", "recursion_misses", "bytes_memlock", "elem_count", "max_entries", "ring_producer_pos", "ring_consumer_pos", "error"];

        private readonly ulong[] _numbers = new ulong[s_wanted.Length];
        private readonly string?[] _texts = new string?[s_wanted.Length];
        private readonly bool[] _has = new bool[s_wanted.Length];
        private Utf8JsonReader _json;

        public ObjectReader(ReadOnlySpan<byte> json)
        {
            _json = new Utf8JsonReader(json);
            _json.Read(); // the array
        }

        /// <exception cref="JsonException">It is no such array.</exception>
        public bool MoveNext()
        {
            Array.Clear(_has);
            if (!_json.Read() || _json.TokenType != JsonTokenType.StartObject) return false;
            while (_json.Read() && _json.TokenType == JsonTokenType.PropertyName)
            {
                int i = s_wanted.Length - 1;
                while (i >= 0 && !_json.ValueTextEquals(s_wanted[i])) i--;
                _json.Read();
                if (i >= 0) Take(i);
                else _json.Skip();
            }
            return true;
        }

        public readonly bool Has(string name) => _has[Array.IndexOf(s_wanted, name)];

        public readonly ulong Number(string name) => Has(name) ? _numbers[Array.IndexOf(s_wanted, name)] : 0;

        public readonly string Text(string name) => Has(name) ? _texts[Array.IndexOf(s_wanted, name)] ?? "" : "";

        private void Take(int i)
        {
            _texts[i] = null;
            switch (_json.TokenType)
            {
                case JsonTokenType.Number:
                    // a count may be negative for a moment, as it is the sum of several
                    _numbers[i] = _json.TryGetUInt64(out ulong number) ? number : 0;
                    break;
                case JsonTokenType.String: _texts[i] = _json.GetString(); break;
                default: _json.Skip(); break;
            }
            _has[i] = true;
        }
    }
}
