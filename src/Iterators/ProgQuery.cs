using System.Text;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>BPF_PROG_QUERY: which programs are attached to something, in the order in which they run.</summary>
public static unsafe class ProgQuery
{
    private const uint BPF_F_QUERY_EFFECTIVE = 1;

    /// <summary>A descriptor of a directory, e.g. a cgroup's.</summary>
    public static Fd OpenDirectory(string path)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        {
            int fd = LibC.open(p, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC, default);
            return new Fd(fd < 0 ? -LibC.errno : fd);
        }
    }

    /// <summary>Asks; 0 or an errno: EINVAL for an attach type this kernel does not have, ENOSPC if there are more than fit.</summary>
    /// <param name="target">Descriptor of a cgroup, network namespace or map.</param>
    /// <param name="attachType">enum bpf_attach_type.</param>
    /// <param name="ids">Takes the programs' ids.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="flags">BPF_F_ALLOW_* they were attached with.</param>
    /// <param name="isEffective">Of a cgroup: those that run in it, inherited ones too.</param>
    public static int Query(in Fd target, uint attachType, Span<uint> ids, out int count, out uint flags, bool isEffective = false) =>
        Query(target.Value, attachType, ids, out count, out flags, isEffective);

    /// <summary>Asks of a network device of the thread's network namespace; as <see cref="Query(in Fd, uint, Span{uint}, out int, out uint, bool)"/>.</summary>
    public static int QueryDevice(uint ifindex, uint attachType, Span<uint> ids, out int count) => Query((int)ifindex, attachType, ids, out count, out _, isEffective: false);

    private static int Query(int target, uint attachType, Span<uint> ids, out int count, out uint flags, bool isEffective)
    {
        fixed (uint* to = ids)
        {
            var opts = new LibBpf.bpf_prog_query_opts { sz = (nuint)sizeof(LibBpf.bpf_prog_query_opts), prog_ids = to, prog_cnt = (uint)ids.Length, query_flags = isEffective ? BPF_F_QUERY_EFFECTIVE : 0 };
            int errno = -LibBpf.bpf_prog_query_opts_call(target, (int)attachType, &opts);
            count = (int)Math.Min(opts.prog_cnt, (uint)ids.Length);
            flags = opts.attach_flags;
            return errno;
        }
    }
}
