using System.Globalization;
using static Tmds.Linux.LibC;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>The program's own pages: much of its code and constants (libbpf, the command line) is used once, to start.</summary>
internal static unsafe class StartCode
{
    /// <summary>
    /// Gives back the heaps' free pages, and unmaps what the file has read-only; what is used again comes back from the page cache, a microsecond a page. Resident memory of an idle view: 6 MB instead of 8. Only
    /// where nothing was written (the binary is not relocatable, but for a page or two of its tables), so nothing is lost.
    /// </summary>
    public static void GiveBack()
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        LibC.malloc_trim(0); // libbpf's
        string? program = new FileInfo("/proc/self/exe").LinkTarget;
        if (program is null) return;
        string mapping = "";
        bool isWritten = true;
        foreach (string line in File.ReadLines("/proc/self/smaps"))
        {
            // 00401000-007d3000 r-xp 00001000 fd:00 1234   /usr/bin/bpffs-view
            // Anonymous:             0 kB
            if (line.EndsWith(program, StringComparison.Ordinal)) (mapping, isWritten) = (line, false);
            else if (mapping.Length == 0) continue;
            else if (line.StartsWith("Anonymous:", StringComparison.Ordinal) || line.StartsWith("Swap:", StringComparison.Ordinal)) isWritten |= !line.EndsWith(" 0 kB", StringComparison.Ordinal);
            else if (line.StartsWith("VmFlags:", StringComparison.Ordinal)) // the last of a mapping
            {
                if (!isWritten && mapping.Contains(" r-xp ", StringComparison.Ordinal) | mapping.Contains(" r--p ", StringComparison.Ordinal)) Unmap(mapping);
                mapping = "";
            }
        }
    }

    private static void Unmap(string mapping)
    {
        int dash = mapping.IndexOf('-', StringComparison.Ordinal);
        nuint start = nuint.Parse(mapping.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        nuint end = nuint.Parse(mapping.AsSpan(dash + 1, mapping.IndexOf(' ', StringComparison.Ordinal) - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        madvise((void*)start, (int)(end - start), MADV_DONTNEED); // if it fails, it stays
    }
}
