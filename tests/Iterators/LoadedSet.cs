using Microsoft.Extensions.Logging.Abstractions;

namespace Iterators.Tests;

/// <summary>The iterators, loaded once for a class of tests, when the first asks.</summary>
public sealed class LoadedSet : IDisposable
{
    private IteratorSet? _set;

    public IteratorSet Set => _set ??= IteratorSet.Load(new IteratorSetOptions(), NullLogger.Instance);

    public void Dispose() => _set?.Dispose();
}
