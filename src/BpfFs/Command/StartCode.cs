using System.Globalization;
using static Tmds.Linux.LibC;

namespace BpfFs.Command;

/// <summary>The program's own code: much of it (libbpf, the command line) is used once, to start.</summary>
internal static unsafe class StartCode
{
    /// <summary>
    /// Unmaps the pages of code; what is used again comes back from the page cache, a microsecond a page. Resident memory of an idle view: 7.1 MB instead of 8.3. Only
    /// the file's executable part: nothing in it was written (the binary is not relocatable), so nothing is lost.
    /// </summary>
    public static void GiveBack()
    {
        string? program = new FileInfo("/proc/self/exe").LinkTarget;
        if (program is null) return;
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            // 00401000-007d3000 r-xp 00001000 fd:00 1234   /usr/bin/bpffs-view
            if (!line.Contains(" r-xp ", StringComparison.Ordinal) || !line.EndsWith(program, StringComparison.Ordinal)) continue;
            int dash = line.IndexOf('-', StringComparison.Ordinal);
            nuint start = nuint.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            nuint end = nuint.Parse(line.AsSpan(dash + 1, line.IndexOf(' ', StringComparison.Ordinal) - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            madvise((void*)start, (int)(end - start), MADV_DONTNEED); // if it fails, it stays
        }
    }
}
