using System.Globalization;

namespace Fuse;

/// <summary>Which processors there may be, and on which a thread runs.</summary>
internal static unsafe class Processors
{
    private const int MaskWords = 1024; // 65,536 processors
    private const string PossiblePath = "/sys/devices/system/cpu/possible";

    /// <summary>For <see cref="Pin"/>: wherever the kernel lets us.</summary>
    internal static readonly ulong[] All = [.. Enumerable.Repeat(ulong.MaxValue, MaskWords)];

    /// <summary>How many the kernel counts, those that may be plugged in later included: num_possible_cpus(). 0 if it does not say.</summary>
    internal static int Possible()
    {
        try
        {
            return Count(File.ReadAllText(PossiblePath));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>How many numbers a list such as <c>0-3,8</c> holds; 0 if it is none.</summary>
    internal static int Count(ReadOnlySpan<char> list)
    {
        list = list.Trim();
        int count = 0;
        foreach (Range part in list.Split(','))
        {
            ReadOnlySpan<char> range = list[part];
            int hyphen = range.IndexOf('-');
            bool isNumber = int.TryParse(hyphen < 0 ? range : range[..hyphen], NumberStyles.None, CultureInfo.InvariantCulture, out int first);
            if (!isNumber || !int.TryParse(range[(hyphen + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out int last)) return 0;
            count += Math.Max(last - first + 1, 0);
        }
        return count;
    }

    /// <summary>The processors on which this thread may run, for <see cref="Pin"/>.</summary>
    internal static ulong[] Allowed()
    {
        ulong[] mask = new ulong[MaskWords];
        fixed (ulong* m = mask)
        {
            if (MissingLibC.sched_getaffinity(0, MaskWords * sizeof(ulong), m) < 0) Array.Fill(mask, ulong.MaxValue);
        }
        return mask;
    }

    /// <summary>
    /// Binds this thread to a processor, if it is among those <paramref name="allowed"/>: whoever started the server under taskset(1) meant all of
    /// it. False: it is not, or there is no such processor now.
    /// </summary>
    internal static bool Pin(int processor, ulong[] allowed)
    {
        int word = processor / 64;
        ulong bit = 1UL << (processor % 64);
        if (word >= allowed.Length || (allowed[word] & bit) == 0) return false;
        ulong* mask = stackalloc ulong[word + 1];
        new Span<ulong>(mask, word + 1).Clear();
        mask[word] = bit;
        return MissingLibC.sched_setaffinity(0, (nuint)(word + 1) * sizeof(ulong), mask) == 0;
    }

    /// <summary>Ends the binding.</summary>
    internal static void Restore(ulong[] allowed)
    {
        fixed (ulong* m = allowed) MissingLibC.sched_setaffinity(0, (nuint)allowed.Length * sizeof(ulong), m);
    }
}
