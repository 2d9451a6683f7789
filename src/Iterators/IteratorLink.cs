using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>An iterator program attached to its target: a bpf_link of type iter, from which each reader makes a fresh iterator.</summary>
public sealed unsafe class IteratorLink : SafeHandle, IRecordSource
{
    private const uint BPF_CGROUP_ITER_DESCENDANTS_PRE = 2; // enum bpf_cgroup_iter_order

    private IteratorLink(string program, int fd)
        : base(-1, ownsHandle: true)
    {
        Program = program;
        SetHandle(fd);
        LastingDescriptors.Add(fd);
    }

    /// <summary>The C function.</summary>
    public string Program { get; }

    /// <inheritdoc/>
    public override bool IsInvalid => (int)handle < 0;

    /// <summary>The link's descriptor; this object keeps owning it.</summary>
    public int Descriptor => (int)handle;

    /// <inheritdoc/>
    public Fd Create() => new(LibBpf.bpf_iter_create((int)handle));

    internal static IteratorLink Attach(string program, int programFd)
    {
        int fd = LibBpf.bpf_link_create(programFd, 0, LibBpf.BPF_TRACE_ITER, null);
        return fd < 0 ? throw new BpfException("attach", program, -fd) : new IteratorLink(program, fd);
    }

    /// <summary>Over the cgroup2 hierarchy, parents before children.</summary>
    internal static unsafe IteratorLink AttachToCgroups(string program, int programFd)
    {
        // union bpf_iter_link_info: { order; cgroup_fd; cgroup_id }. No cgroup: from the root on.
        Span<uint> info = [BPF_CGROUP_ITER_DESCENDANTS_PRE, 0, 0, 0];
        fixed (uint* p = info)
        {
            var opts = new LibBpf.bpf_link_create_opts { sz = (nuint)sizeof(LibBpf.bpf_link_create_opts), iter_info = p, iter_info_len = sizeof(uint) * 4 };
            int fd = LibBpf.bpf_link_create(programFd, 0, LibBpf.BPF_TRACE_ITER, &opts);
            return fd < 0 ? throw new BpfException("attach", program, -fd) : new IteratorLink(program, fd);
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        LastingDescriptors.Remove((int)handle);
        return LibC.close((int)handle) == 0;
    }
}
