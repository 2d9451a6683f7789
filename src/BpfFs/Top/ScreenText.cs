using System.Globalization;
using System.Text;

namespace BpfFs.Top;

/// <summary>Text as it may go to a terminal, and figures as they fit into a column.</summary>
internal static class ScreenText
{
    private const string Bars = "▁▂▃▄▅▆▇█", AsciiBars = ".:-=+*%#";

    /// <summary>
    /// Whatever could move the cursor, turn the line's direction or take another width than one column is shown as <c>\u{N}</c>. Left are ASCII, and the letters
    /// and signs before U+0590, where the scripts from right to left begin.
    /// </summary>
    public static string Safe(string text)
    {
        if (text.All(c => c is >= ' ' and <= '~')) return text;
        var safe = new StringBuilder();
        foreach (Rune rune in text.EnumerateRunes())
        {
            bool isPlain = rune.Value is >= ' ' and <= '~' || (rune.Value is > 0xA0 and < 0x590 && !IsInvisible(Rune.GetUnicodeCategory(rune)));
            if (isPlain) safe.Append(rune.ToString());
            else safe.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:x}}}");
        }
        return safe.ToString();
    }

    /// <summary>Whether the environment's locale has UTF-8, as setlocale(3) would find it.</summary>
    public static bool IsUtf8()
    {
        string? locale = ((string[])["LC_ALL", "LC_CTYPE", "LANG"]).Select(Environment.GetEnvironmentVariable).FirstOrDefault(value => !string.IsNullOrEmpty(value));
        return locale is not null && locale.Replace("-", "", StringComparison.Ordinal).EndsWith("utf8", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Cut or filled to a width; text at the left, figures at the right.</summary>
    public static string Fit(string text, int width, bool isRight = false) =>
        text.Length > width ? text[..Math.Max(width, 0)] : isRight ? text.PadLeft(width) : text.PadRight(width);

    /// <summary>At most six characters: 0, 12.3, 1234, 12.3k, 5.1M.</summary>
    public static string Count(double value)
    {
        if (value <= 0) return "0";
        if (value < 100) return value.ToString("0.#", CultureInfo.InvariantCulture);
        if (value < 10_000) return value.ToString("0", CultureInfo.InvariantCulture);
        string[] units = ["k", "M", "G", "T", "P", "E"];
        int unit = -1;
        while (value >= 1000 && unit + 1 < units.Length)
        {
            value /= 1000;
            unit++;
        }
        return value.ToString(value < 100 ? "0.0" : "0", CultureInfo.InvariantCulture) + units[unit];
    }

    /// <summary>Bytes in units of 1024.</summary>
    public static string Bytes(ulong bytes)
    {
        string[] units = ["", "K", "M", "G", "T", "P", "E"];
        double value = bytes;
        int unit = 0;
        while (value >= 1024)
        {
            value /= 1024;
            unit++;
        }
        return value.ToString(unit > 0 && value < 10 ? "0.0" : "0", CultureInfo.InvariantCulture) + units[unit];
    }

    public static string Percent(double value) => value < 0 ? "-" : value.ToString(value < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture);

    /// <summary>The last values as bars, the largest of them as the highest bar.</summary>
    public static string Sparkline(IReadOnlyList<double> values, int width, bool isUtf8)
    {
        double[] shown = [.. values.Skip(Math.Max(values.Count - width, 0))];
        double top = shown.DefaultIfEmpty(0).Max();
        string bars = isUtf8 ? Bars : AsciiBars;
        return string.Concat(shown.Select(value => value <= 0 ? ' ' : bars[Math.Clamp((int)Math.Ceiling(value / top * bars.Length) - 1, 0, bars.Length - 1)])).PadLeft(width);
    }

    private static bool IsInvisible(UnicodeCategory category) => category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate
        or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned or UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.SpacingCombiningMark
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}
