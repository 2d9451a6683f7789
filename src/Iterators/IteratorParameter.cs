using System.Runtime.InteropServices;
using Iterators.Native;

namespace Iterators;

/// <summary>What an iterator goes over: <c>union bpf_iter_link_info</c>, 16 bytes since Linux 6.1.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct IteratorParameter
{
    private const uint SelfOnly = 1; // enum bpf_cgroup_iter_order
    private const uint DescendantsPre = 2;
    private readonly uint _first;
    private readonly uint _second;
    private readonly ulong _third;

    private IteratorParameter(uint first, ulong third = 0)
    {
        _first = first;
        _third = third;
    }

    /// <summary>Everything that the target has; not for targets that need a map or a cgroup.</summary>
    public static IteratorParameter None => default;

    /// <summary>Every cgroup of the cgroup2 hierarchy, parents before children.</summary>
    public static IteratorParameter AllCgroups => new(DescendantsPre);

    /// <summary>The elements of a map.</summary>
    public static IteratorParameter Map(in Fd map) => new((uint)map.Value);

    /// <summary>One thread, by its id in the caller's pid namespace.</summary>
    public static IteratorParameter Thread(uint tid) => new(tid);

    /// <summary>One cgroup, without those in it.</summary>
    public static IteratorParameter Cgroup(ulong id) => new(SelfOnly, id);

    /// <summary>A link for one iterator: the iterator keeps what it needs of it.</summary>
    internal static unsafe Fd Attach(int program, IteratorParameter parameter)
    {
        bool isNone = parameter._first == 0 && parameter._second == 0 && parameter._third == 0;
        var opts = new LibBpf.bpf_link_create_opts
        {
            sz = (nuint)sizeof(LibBpf.bpf_link_create_opts),
            iter_info = isNone ? null : &parameter,
            iter_info_len = isNone ? 0 : (uint)sizeof(IteratorParameter),
        };
        using Fd link = new(LibBpf.bpf_link_create(program, 0, LibBpf.BPF_TRACE_ITER, &opts));
        return new Fd(link.Errno != 0 ? -link.Errno : LibBpf.bpf_iter_create(link.Value));
    }
}
