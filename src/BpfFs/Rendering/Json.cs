using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace BpfFs.Rendering;

/// <summary>What System.Text.Json needs help with.</summary>
internal static class Json
{
    /// <summary>A string of bytes that may be no UTF-8: each wrong sequence becomes U+FFFD, so that the file stays valid.</summary>
    public static void WriteText(Utf8JsonWriter json, ReadOnlySpan<byte> value)
    {
        if (Utf8.IsValid(value)) json.WriteStringValue(value);
        else json.WriteStringValue(Encoding.UTF8.GetString(value)); // rare enough to allocate
    }
}
