using System.Text;
using BpfFs.Rendering;

namespace BpfFs.Objects;

/// <summary>The names of perf events (enum perf_type_id and what follows it in <c>&lt;linux/perf_event.h&gt;</c>), as perf and bpftool spell them.</summary>
internal static class PerfEventNames
{
    private const uint Hardware = 0, Software = 1, HardwareCache = 3;

    private static readonly byte[][] s_types = Split("hardware software tracepoint hw-cache raw breakpoint");

    private static readonly byte[][] s_hardware = Split(
        """
        cpu-cycles instructions cache-references cache-misses branch-instructions branch-misses bus-cycles stalled-cycles-frontend
        stalled-cycles-backend ref-cycles
        """);

    private static readonly byte[][] s_software = Split(
        """
        cpu-clock task-clock page-faults context-switches cpu-migrations minor-faults major-faults alignment-faults emulation-faults dummy
        bpf-output cgroup-switches
        """);

    private static readonly byte[][] s_caches = Split("L1-dcache L1-icache LLC dTLB iTLB branch node");
    private static readonly byte[][] s_operations = Split("load store prefetch");
    private static readonly byte[][] s_results = Split("refs misses");

    /// <summary>The type's name, or its number.</summary>
    public static void WriteType(uint type, in ValueWriter to) => Names.Write(to, s_types, type);

    /// <summary>The event's name, or its number.</summary>
    public static void WriteConfig(uint type, ulong config, in ValueWriter to)
    {
        byte[][] names = type switch { Hardware => s_hardware, Software => s_software, _ => [] };
        if (type == HardwareCache) WriteCache(config, to);
        else if (config < (ulong)names.Length) to.Text(names[config]);
        else to.Number(config);
    }

    /// <summary><c>L1-dcache-load-misses</c>: a byte each; what has no name is a number.</summary>
    private static void WriteCache(ulong config, in ValueWriter to)
    {
        Span<byte> text = stackalloc byte[64], digits = stackalloc byte[10];
        int length = 0;
        ReadOnlySpan<uint> parts = [(uint)(config & 0xff), (uint)((config >> 8) & 0xff), (uint)(config >> 16)];
        for (int i = 0; i < parts.Length; i++)
        {
            if (i > 0) text[length++] = (byte)'-';
            ReadOnlySpan<byte> name = Names.Of(i switch { 0 => s_caches, 1 => s_operations, _ => s_results }, parts[i], digits);
            name.CopyTo(text[length..]);
            length += name.Length;
        }
        to.Text(text[..length]);
    }

    private static byte[][] Split(string names) =>
        [.. names.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];
}
