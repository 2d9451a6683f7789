using System.Text.Json;

namespace BpfFs.Rendering;

/// <summary>
/// Writes the value of one field: as text (its own file, its line in <c>info</c>) or as JSON. A field says once what it is; this knows how each format
/// shows it.
/// </summary>
internal readonly ref struct ValueWriter
{
    private readonly TextBuffer _text;
    private readonly Utf8JsonWriter? _json;
    private readonly bool _isSample;
    private readonly int _decimals;

    /// <summary>A writer of plain text.</summary>
    public ValueWriter(TextBuffer text) => _text = text;

    /// <summary>A writer of JSON values; the property's name is already written.</summary>
    public ValueWriter(Utf8JsonWriter json)
    {
        _text = null!;
        _json = json;
    }

    /// <summary>A writer of the sample of a metric: numbers only, a truth as 1 or 0, a moment in seconds.</summary>
    /// <param name="sample">Where it goes.</param>
    /// <param name="decimals">How many of a number's digits stand behind the point.</param>
    public ValueWriter(TextBuffer sample, int decimals)
        : this(sample)
    {
        _isSample = true;
        _decimals = decimals;
    }

    /// <summary>For values with a shape of their own: where JSON goes; null: the value is text, and goes to <see cref="Buffer"/>.</summary>
    public Utf8JsonWriter? Json => _json;

    /// <summary>Where text goes.</summary>
    public TextBuffer Buffer => _text;

    /// <summary>An IP address: 4 or 16 bytes in network order.</summary>
    public void Address(ReadOnlySpan<byte> address)
    {
        Span<byte> text = stackalloc byte[IpText.Longest];
        int length = IpText.Format(address, text);
        if (_json is null) _text.Append(text[..length]);
        else _json.WriteStringValue(text[..length]);
    }

    /// <summary>The names of the bits that are set: separated by commas as text, an array in JSON.</summary>
    public void Bits(uint bits, ReadOnlySpan<byte[]> names)
    {
        _json?.WriteStartArray();
        bool isFirst = true;
        for (int i = 0; i < names.Length; i++)
        {
            if (((bits >> i) & 1) == 0) continue;
            if (_json is null && !isFirst) _text.Append((byte)',');
            Text(names[i]);
            isFirst = false;
        }
        _json?.WriteEndArray();
    }

    public void Number(ulong value)
    {
        if (_decimals > 0) _text.AppendDecimal(value, _decimals);
        else if (_json is null) _text.Append(value);
        else _json.WriteNumberValue(value);
    }

    public void Number(long value)
    {
        if (_json is null) _text.Append(value);
        else _json.WriteNumberValue(value);
    }

    /// <summary>A flags word: 0x1 as text, a number in JSON.</summary>
    public void Flags(ulong value)
    {
        if (_json is null)
        {
            _text.Append("0x"u8);
            _text.AppendHex(value);
        }
        else
        {
            _json.WriteNumberValue(value);
        }
    }

    public void Bool(bool value)
    {
        if (_isSample) _text.Append(value ? (byte)'1' : (byte)'0');
        else if (_json is null) _text.Append(value ? "true"u8 : "false"u8);
        else _json.WriteBooleanValue(value);
    }

    /// <summary>Foreign text: escaped for its format; bytes that are no UTF-8 become U+FFFD in JSON.</summary>
    public void Text(ReadOnlySpan<byte> value)
    {
        if (_json is null) _text.AppendText(value);
        else Rendering.Json.WriteText(_json, value);
    }

    /// <summary>Begins a list whose length is not known: separated by spaces as text, an array in JSON.</summary>
    public void StartList() => _json?.WriteStartArray();

    /// <summary>One of its values: text from outside.</summary>
    public void ListText(ReadOnlySpan<byte> value, bool isFirst)
    {
        if (_json is null && !isFirst) _text.Append((byte)' ');
        Text(value);
    }

    /// <summary>Ends it.</summary>
    public void EndList() => _json?.WriteEndArray();

    /// <summary>Bytes as hex digits without separators.</summary>
    public void Hex(ReadOnlySpan<byte> value)
    {
        if (_json is null)
        {
            _text.AppendHex(value);
            return;
        }
        Span<byte> digits = stackalloc byte[value.Length * 2];
        Convert.TryToHexStringLower(value, digits, out _);
        _json.WriteStringValue(digits);
    }

    /// <summary>A moment: UTC to the second as text, seconds since 1970 in JSON.</summary>
    public void Time(long unixSeconds)
    {
        if (_isSample)
        {
            _text.Append(unixSeconds);
        }
        else if (_json is null)
        {
            DateTime.UnixEpoch.AddSeconds(unixSeconds).TryFormat(_text.Room(32), out int written, "yyyy-MM-ddTHH:mm:ssZ");
            _text.Advance(written);
        }
        else
        {
            _json.WriteNumberValue(unixSeconds);
        }
    }

    /// <summary>A list: separated by spaces as text, an array in JSON.</summary>
    public void Numbers(ReadOnlySpan<uint> values)
    {
        _json?.WriteStartArray();
        for (int i = 0; i < values.Length; i++)
        {
            if (_json is null && i > 0) _text.Append((byte)' ');
            Number(values[i]);
        }
        _json?.WriteEndArray();
    }
}
