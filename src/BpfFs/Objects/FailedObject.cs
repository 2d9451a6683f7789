using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using BpfFs.Rendering;

namespace BpfFs.Objects;

/// <summary>
/// An object in a list that cannot be read, though it is there: its row tells why, and the others are listed all the same. One that is gone since (ENOENT)
/// has no row.
/// </summary>
internal static class FailedObject
{
    /// <summary><c>{"id":12,"error":"Too many open files"}</c>.</summary>
    public static void WriteJson(uint id, int errno, Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteNumber("id"u8, id);
        json.WriteString("error"u8, Marshal.GetPInvokeErrorMessage(errno));
        json.WriteEndObject();
    }

    /// <summary><c>12 error: Too many open files</c>, a line.</summary>
    public static void AppendLine(uint id, int errno, TextBuffer to)
    {
        to.Append((ulong)id);
        to.Append((byte)' ');
        AppendError(errno, to);
    }

    /// <summary>The rest of a line that has begun.</summary>
    public static void AppendError(int errno, TextBuffer to)
    {
        to.Append("error: "u8);
        to.AppendText(Encoding.UTF8.GetBytes(Marshal.GetPInvokeErrorMessage(errno)));
        to.Append((byte)'\n');
    }
}
