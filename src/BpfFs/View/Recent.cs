namespace BpfFs.View;

/// <summary>
/// What costs a pass over all processes or file systems, whatever it is wanted for. Opening a file always takes it anew; but stat and listings,
/// which want the sizes of such files for object after object, take what is not yet a second old: so old stat may be anyway (docs/view.md, "How fresh").
/// </summary>
/// <param name="take">Makes one; 0 or an errno.</param>
internal sealed class Recent<T>(Recent<T>.Taker take)
    where T : class
{
    public delegate int Taker(ViewContext context, out T? value);

    private const long Kept = 1000; // milliseconds
    private volatile Taking? _last;

    /// <summary>0 or an errno. The value is shared: nobody changes it.</summary>
    public int Get(ViewContext context, out T value)
    {
        long now = Environment.TickCount64;
        if (ObjectKind.IsHeld && _last is { } last && now - last.At < Kept)
        {
            value = last.Value;
            return 0;
        }
        int errno = take(context, out T? taken);
        value = taken!;
        if (errno == 0) _last = new Taking(taken!, now);
        return errno;
    }

    private sealed record Taking(T Value, long At);
}
