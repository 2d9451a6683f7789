namespace Iterators;

/// <summary>The running kernel's iterators: type ids of its functions <c>bpf_iter_TARGET</c>, which BPF_PROG_LOAD wants. Thread-safe.</summary>
internal sealed class IteratorTargets
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, uint> _ids = [];

    /// <summary>The ids of some targets, in their order; 0: the kernel has no such iterator. One pass over the kernel's BTF for all that are not known yet.</summary>
    /// <exception cref="IOException">The kernel has no BTF.</exception>
    public uint[] Find(IReadOnlyList<string> targets)
    {
        lock (_lock)
        {
            if (targets.Any(target => !_ids.ContainsKey(target)))
            {
                string[] wanted = [.. targets.Concat(BpfPrograms.Rows.Select(row => row.Target.Name)).Distinct().Where(target => !_ids.ContainsKey(target))];
                RawBtf btf = RawBtf.Read(null) ?? throw new IOException("not BTF");
                uint[] ids = btf.FindFunctions([.. wanted.Select(target => $"bpf_iter_{target}")]);
                for (int i = 0; i < ids.Length; i++) _ids[wanted[i]] = ids[i];
            }
            return [.. targets.Select(target => _ids[target])];
        }
    }
}
