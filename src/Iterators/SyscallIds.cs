using Iterators.Native;

namespace Iterators;

/// <summary>
/// What bpf(2) says exists, to compare with what the iterators find in the kernel's structures: whoever hides an object from one does not hide it
/// from the other. Each method gives 0 or a positive errno; CAP_SYS_ADMIN is needed.
/// </summary>
public abstract unsafe class SyscallIds
{
    /// <summary>BPF_PROG_GET_NEXT_ID.</summary>
    public static readonly SyscallIds Progs = new OfProgs();

    /// <summary>BPF_MAP_GET_NEXT_ID.</summary>
    public static readonly SyscallIds Maps = new OfMaps();

    /// <summary>BPF_LINK_GET_NEXT_ID.</summary>
    public static readonly SyscallIds Links = new OfLinks();

    /// <summary>The least id above <paramref name="id"/>; ENOENT: there is none.</summary>
    public int Next(ref uint id)
    {
        uint next;
        int errno = -GetNext(id, &next);
        if (errno == 0) id = next;
        return errno;
    }

    /// <summary>The object with this id; ENOENT: there is none, or it is just being freed.</summary>
    public abstract Fd Open(uint id);

    private protected abstract int GetNext(uint start, uint* next);

    private sealed class OfProgs : SyscallIds
    {
        public override Fd Open(uint id) => new(LibBpf.bpf_prog_get_fd_by_id(id));

        private protected override int GetNext(uint start, uint* next) => LibBpf.bpf_prog_get_next_id(start, next);
    }

    private sealed class OfMaps : SyscallIds
    {
        public override Fd Open(uint id) => new(LibBpf.bpf_map_get_fd_by_id(id));

        private protected override int GetNext(uint start, uint* next) => LibBpf.bpf_map_get_next_id(start, next);
    }

    private sealed class OfLinks : SyscallIds
    {
        public override Fd Open(uint id) => new(LibBpf.bpf_link_get_fd_by_id(id));

        private protected override int GetNext(uint start, uint* next) => LibBpf.bpf_link_get_next_id(start, next);
    }
}
