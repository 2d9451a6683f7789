using System.Collections.Concurrent;
using Iterators.Native;

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

    /// <summary>The programs, maps and BTF of a loaded object.</summary>
    internal static void AddAll(nint bpfObject) => ForEach(bpfObject, Add);

    /// <summary>Before it is closed.</summary>
    internal static void RemoveAll(nint bpfObject) => ForEach(bpfObject, Remove);

    private static void ForEach(nint bpfObject, Action<int> action)
    {
        action(LibBpf.bpf_object__btf_fd(bpfObject));
        for (nint p = LibBpf.bpf_object__next_program(bpfObject, 0); p != 0; p = LibBpf.bpf_object__next_program(bpfObject, p)) action(LibBpf.bpf_program__fd(p));
        for (nint m = LibBpf.bpf_object__next_map(bpfObject, 0); m != 0; m = LibBpf.bpf_object__next_map(bpfObject, m)) action(LibBpf.bpf_map__fd(m));
    }
}
