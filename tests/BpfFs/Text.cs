using System.Text;
using System.Text.Json;
using BpfFs.Rendering;

namespace BpfFs.Tests;

/// <summary>What every rendered byte has to keep to.</summary>
internal static class Text
{
    public static string Of(TextBuffer buffer) => Encoding.UTF8.GetString(buffer.Written);

    /// <summary>What an action appends to an empty buffer.</summary>
    public static string Of(Action<TextBuffer> append)
    {
        using Holder holder = new();
        append(holder.Buffer);
        return Of(holder.Buffer);
    }

    public static byte[] Bytes(Action<TextBuffer> append)
    {
        using Holder holder = new();
        append(holder.Buffer);
        return holder.Buffer.Written.ToArray();
    }

    /// <summary>Valid UTF-8 without control characters, but for the newlines and tabs that are given.</summary>
    public static void AssertSafe(ReadOnlySpan<byte> text, string allowed = "")
    {
        string decoded = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
        foreach (char c in decoded)
        {
            if (char.IsControl(c) && !allowed.Contains(c)) Assert.Fail($"U+{(int)c:X4} in {decoded}");
        }
    }

    /// <summary>Printable ASCII that parses as JSON.</summary>
    public static JsonElement AssertJson(ReadOnlySpan<byte> text)
    {
        Assert.True(text.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7e) < 0, Encoding.Latin1.GetString(text));
        var reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = 256 });
        using var document = JsonDocument.ParseValue(ref reader);
        Assert.Equal(text.Length, reader.BytesConsumed);
        return document.RootElement.Clone();
    }

    /// <summary>A buffer for `using`: MemoryManager hides its Dispose.</summary>
    public sealed class Holder : IDisposable
    {
        public TextBuffer Buffer { get; } = new();

        public void Dispose() => ((IDisposable)Buffer).Dispose();
    }
}
