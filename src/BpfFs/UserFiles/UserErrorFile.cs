using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using BpfFs.Objects.Code;
using BpfFs.Rendering;
using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.UserFiles;

/// <summary><c>iter/OBJECT.error</c>: why an object is not loaded, in libbpf's and the verifier's words.</summary>
internal static partial class UserErrorFile
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
    internal static string WithoutAddresses(string line) => Hexadecimal().Replace(line, found =>
        ulong.TryParse(found.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong value) && KernelAddress.IsPossible(value) ? "<kernel>" : found.Value);

    [GeneratedRegex("0x([0-9a-fA-F]{9,16})")]
    private static partial Regex Hexadecimal();
}
