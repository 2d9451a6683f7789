using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary><c>struct bpf_btf_info</c>, <c>&lt;linux/bpf.h&gt;</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct bpf_btf_info
{
    /// <summary>Not asked for.</summary>
    public ulong btf;

    /// <summary>Bytes.</summary>
    public uint btf_size;

    /// <summary>The id.</summary>
    public uint id;

    /// <summary>A buffer.</summary>
    public ulong name;

    /// <summary>The buffer's size, then the name's length.</summary>
    public uint name_len;

    /// <summary>1: the kernel's or a module's.</summary>
    public uint kernel_btf;
}

/// <summary>
/// BTF objects by id. The kernel has no iterator for them (6.18), so they are found by bpf(2), which needs CAP_SYS_ADMIN. Each method gives 0
/// or a positive errno.
/// </summary>
public static unsafe class BtfObjects
{
    /// <summary>The kernel's own: always the first.</summary>
    public const uint KernelId = 1;

    /// <summary>The least id above <paramref name="id"/>; ENOENT: there is none.</summary>
    public static int Next(ref uint id)
    {
        fixed (uint* next = &id) return -LibBpf.bpf_btf_get_next_id(id, next);
    }

    /// <summary>What bpf(2) tells of one.</summary>
    /// <param name="id">Of the BTF object.</param>
    /// <param name="info">Filled.</param>
    /// <param name="name">Takes the name (vmlinux, a module's) and a NUL; empty: loaded by bpf(2).</param>
    public static int Read(uint id, out bpf_btf_info info, Span<byte> name)
    {
        info = default;
        name.Clear();
        using Fd fd = new(LibBpf.bpf_btf_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        fixed (byte* buffer = name)
        fixed (bpf_btf_info* to = &info)
        {
            info.name = (ulong)buffer;
            info.name_len = (uint)name.Length;
            int errno = LibBpf.ReadInfo(fd.Value, to);
            if (errno == LibC.E2BIG) // before Linux 5.11 BTF has no name, and the kernel's own no id
            {
                info = default;
                errno = LibBpf.ReadInfo(fd.Value, to);
            }
            return errno == LibC.ENOSPC ? 0 : errno;
        }
    }
}
