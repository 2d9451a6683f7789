namespace Iterators;

/// <summary>One way to walk over the elements of a map. Not thread-safe.</summary>
internal interface IElementSource : IDisposable
{
    /// <summary>Goes back to the first element; 0 or an errno.</summary>
    int Restart();

    /// <summary>The next element; 1, 0 at the end, or a negative errno. The span is valid until the next call.</summary>
    int ReadNext(out ReadOnlySpan<byte> element);
}
