namespace BpfFs.View;

/// <summary>
/// Sizes of files that cost much to render and do not change (<see cref="FileRow.Lasts"/>), so that a second listing of 10,000 programs does not disassemble
/// them all again. Bounded; if a size was wrong after all, opening the file puts it right.
/// </summary>
internal sealed class LastingSizes
{
    private const int MaxCount = 65536;
    private const int Absent = -1;
    private readonly Dictionary<ulong, int> _sizes = [];
    private readonly Lock _lock = new();

    /// <summary>Whether it is known. <paramref name="errno"/>: 0, or ENOENT if the object has no such file.</summary>
    public bool TryGet(ulong node, out int errno, out long size)
    {
        lock (_lock)
        {
            bool isKnown = _sizes.TryGetValue(node, out int known);
            errno = isKnown && known == Absent ? Tmds.Linux.LibC.ENOENT : 0;
            size = Math.Max(known, 0);
            return isKnown;
        }
    }

    /// <summary>Keeps what rendering it gave; errors other than ENOENT are not kept.</summary>
    public void Keep(ulong node, int errno, long size)
    {
        if (errno != 0 && errno != Tmds.Linux.LibC.ENOENT) return;
        lock (_lock)
        {
            if (_sizes.Count >= MaxCount) _sizes.Clear();
            _sizes[node] = errno == 0 ? (int)size : Absent;
        }
    }
}
