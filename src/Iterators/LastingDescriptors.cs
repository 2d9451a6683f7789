using System.Collections.Concurrent;

namespace Iterators;

/// <summary>
/// Which of our own descriptors stay open: those of what was loaded and attached. All others are opened for a moment to read something, and are nobody's
/// business who asks what holds an object. Thread-safe.
/// </summary>
public static class LastingDescriptors
{
    private static readonly ConcurrentDictionary<int, bool> s_open = new();

    /// <summary>Whether the descriptor is one of them.</summary>
    public static bool Contains(uint fd) => s_open.ContainsKey((int)fd);

    internal static void Add(int fd)
    {
        if (fd >= 0) s_open[fd] = true;
    }

    internal static void Remove(int fd) => s_open.TryRemove(fd, out _);
}
