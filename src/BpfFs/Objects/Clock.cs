using static BpfFs.Native.LibC;

namespace BpfFs.Objects;

/// <summary>The kernel's load times (nanoseconds since boot) as wall-clock time.</summary>
internal static unsafe class Clock
{
    private const long NanosecondsPerSecond = 1_000_000_000;

    /// <summary>Nanoseconds since 1970 of a moment since boot, by the clocks as they stand now.</summary>
    public static long UnixNanosecondsOf(ulong sinceBoot) => BootTime() + (long)sinceBoot;

    /// <summary>Whole seconds since 1970 of a moment since boot.</summary>
    public static long UnixSecondsOf(ulong sinceBoot) => UnixNanosecondsOf(sinceBoot) / NanosecondsPerSecond;

    /// <summary>When the machine booted, by the clocks as they stand now: nanoseconds since 1970.</summary>
    public static long BootTime() => Now(CLOCK_REALTIME) - Now(CLOCK_BOOTTIME);

    /// <summary>Nanoseconds since 1970.</summary>
    public static long Now() => Now(CLOCK_REALTIME);

    private static long Now(int clock)
    {
        timespec t;
        clock_gettime(clock, &t);
        return (t.tv_sec * NanosecondsPerSecond) + t.tv_nsec;
    }
}
