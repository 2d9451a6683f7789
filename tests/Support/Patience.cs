using System.Globalization;

namespace Support;

/// <summary>How much longer than usual all waits may take: environment variable BPFFS_PATIENCE, 1 if it is not set. An emulated processor is ten times slower and more.</summary>
public static class Patience
{
    public static double Factor { get; } = double.TryParse(Environment.GetEnvironmentVariable("BPFFS_PATIENCE"), CultureInfo.InvariantCulture, out double factor) && factor >= 1 ? factor : 1;

    /// <summary>A limit for a wait that ends earlier when all is well.</summary>
    public static TimeSpan Of(double seconds) => TimeSpan.FromSeconds(seconds * Factor);
}
