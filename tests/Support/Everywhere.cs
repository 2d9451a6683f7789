namespace Support;

/// <summary>
/// What is asked of all views of a run by the environment, to run tests/Mount in another way: BPFFS_ONE_PROCESSOR=1, BPFFS_IO_URING=1. Tests that choose for themselves are
/// left alone.
/// </summary>
public static class Everywhere
{
    /// <summary>What goes before the binary.</summary>
    public static string[] Prefix => Is("BPFFS_ONE_PROCESSOR") ? ["env", "DOTNET_PROCESSOR_COUNT=1", "taskset", "-c", "0"] : [];

    public static bool IsOverIoUring => Is("BPFFS_IO_URING");

    private static bool Is(string variable) => Environment.GetEnvironmentVariable(variable) == "1";
}
