using System.Globalization;
using System.Text;
using BpfFs.Objects.Code;
using BpfFs.Rendering;
using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.UserFiles;

/// <summary><c>iter/OBJECT.error</c>: why an object is not loaded, in libbpf's and the verifier's words.</summary>
internal static class UserErrorFile
{
    public static int Render(ViewContext context, ulong key, TextBuffer to)
    {
        if (context.UserIterators?.Current.FindError((ushort)key) is not { } error) return ENOENT;
        foreach (string line in error.Words)
        {
            to.AppendText(Encoding.UTF8.GetBytes(WithoutAddresses(line)));
            to.Append((byte)'\n');
        }
        return 0;
    }

    /// <summary>The verifier prints programs with the addresses that it put into them.</summary>
    internal static string WithoutAddresses(string line)
    {
        const string prefix = "0x";
        var result = new StringBuilder();
        int done = 0;
        for (int at = line.IndexOf(prefix, StringComparison.Ordinal); at >= 0; at = line.IndexOf(prefix, at + prefix.Length, StringComparison.Ordinal))
        {
            int end = at + prefix.Length;
            while (end < line.Length && char.IsAsciiHexDigit(line[end])) end++;
            bool isNumber = ulong.TryParse(line.AsSpan(at + prefix.Length, end - at - prefix.Length), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value);
            if (!isNumber || !KernelAddress.IsPossible(value)) continue;
            result.Append(line, done, at - done).Append("<kernel>");
            done = end;
        }
        return done == 0 ? line : result.Append(line, done, line.Length - done).ToString();
    }
}
