using System.Diagnostics;

namespace BpfFs.View;

/// <summary>
/// What costs a pass over all processes or file systems, whatever it is wanted for. Opening a file always takes it anew; but stat and listings,
/// which want the sizes of such files for object after object, take the last one for ten times as long as it took, at most a second: so a walk of
/// the whole view spends a tenth of its time on it, and stat is as fresh as that allows.
/// </summary>
/// <param name="take">Makes one; 0 or an errno.</param>
internal sealed class Recent<T>(Recent<T>.Taker take)
    where T : class
{
    public delegate int Taker(ViewContext context, out T? value);

    private volatile Taking? _last;

    /// <summary>0 or an errno. The value is shared: nobody changes it.</summary>
    public int Get(ViewContext context, out T value)
    {
        long start = Stopwatch.GetTimestamp();
        if (ObjectKind.IsHeld && _last is { } last && start < last.Until)
        {
            value = last.Value;
            return 0;
        }
        int errno = take(context, out T? taken);
        value = taken!;
        if (errno != 0) return errno;
        long end = Stopwatch.GetTimestamp();
        _last = new Taking(taken!, start + Math.Min((end - start) * 11, Stopwatch.Frequency));
        return 0;
    }

    private sealed record Taking(T Value, long Until);
}
