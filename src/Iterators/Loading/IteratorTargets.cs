namespace Iterators;

/// <summary>
/// The running kernel's iterators: type ids of its functions <c>bpf_iter_TARGET</c>, which BPF_PROG_LOAD wants; and its BTF in a form that libbpf can relocate against.
/// Thread-safe.
/// </summary>
internal sealed class IteratorTargets : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, uint> _ids = [];
    private int _form = -1;

    /// <summary>The file for libbpf instead of the kernel's own, where that has kinds which libbpf does not know; null: the kernel's own will do, or <see cref="Find"/> was not called yet.</summary>
    public string? KernelBtf => _form < 0 ? null : $"/proc/self/fd/{_form}";

    /// <summary>
    /// Whether the iterators task and task_file can be aimed at one thread (bpf_iter_attach_task, kernel/bpf/task_iter.c, f0d74c4da1f0, Linux 6.1). A kernel that cannot does not say so:
    /// it goes over all.
    /// </summary>
    /// <exception cref="IOException">The kernel has no BTF.</exception>
    public bool AimAtThreads => Find([AttachTask])[0] != 0;

    private const string AttachTask = "attach_task";

    /// <summary>The ids of some targets, in their order; 0: the kernel has no such iterator. One pass over the kernel's BTF for all that are not known yet.</summary>
    /// <exception cref="IOException">The kernel has no BTF.</exception>
    public uint[] Find(IReadOnlyList<string> targets)
    {
        lock (_lock)
        {
            if (targets.Any(target => !_ids.ContainsKey(target)))
            {
                string[] wanted = [.. targets.Concat(BpfPrograms.Rows.Select(row => row.Target.Name)).Append(AttachTask).Distinct().Where(target => !_ids.ContainsKey(target))];
                using RawBtf btf = RawBtf.Read(null) ?? throw new IOException("not BTF");
                if (_form < 0 && btf.ForLibBpf() is { Length: > 0 } form)
                {
                    using Fd file = MemoryFile.Of(form);
                    if (file.Errno != 0) throw new BpfException("write", "a copy of the kernel's BTF", file.Errno);
                    _form = file.Disown();
                    LastingDescriptors.Add(_form);
                }
                uint[] ids = btf.FindFunctions([.. wanted.Select(target => $"bpf_iter_{target}")]);
                for (int i = 0; i < ids.Length; i++) _ids[wanted[i]] = ids[i];
            }
            return [.. targets.Select(target => _ids[target])];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_form < 0) return;
        LastingDescriptors.Remove(_form);
        Tmds.Linux.LibC.close(_form);
        _form = -1;
    }
}
