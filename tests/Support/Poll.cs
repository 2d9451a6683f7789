using System.Diagnostics;

namespace Support;

/// <summary>Waits for what the kernel does in its own time: it frees objects after an RCU grace period.</summary>
public static class Poll
{
    /// <summary>Whether the condition came true within 10 seconds, or as long as given, times <see cref="Patience.Factor"/>.</summary>
    public static bool Until(Func<bool> condition, double seconds = 10)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!condition())
        {
            if (watch.Elapsed.TotalSeconds > seconds * Patience.Factor) return false;
            Thread.Sleep(20);
        }
        return true;
    }
}
