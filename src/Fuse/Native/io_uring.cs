using System.Runtime.InteropServices;

namespace Fuse;

// <linux/io_uring.h>, as far as FUSE needs it. Where the header has a union, the field has the name that IORING_OP_URING_CMD gives it.

[StructLayout(LayoutKind.Sequential)]
internal struct io_sqring_offsets
{
    public uint head;
    public uint tail;
    public uint ring_mask;
    public uint ring_entries;
    public uint flags;
    public uint dropped;
    public uint array;
    public uint resv1;
    public ulong resv2;
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_cqring_offsets
{
    public uint head;
    public uint tail;
    public uint ring_mask;
    public uint ring_entries;
    public uint overflow;
    public uint cqes;
    public uint flags;
    public uint resv1;
    public ulong resv2;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct io_uring_params
{
    public uint sq_entries;
    public uint cq_entries;
    public uint flags;
    public uint sq_thread_cpu;
    public uint sq_thread_idle;
    public uint features;
    public uint wq_fd;
    public fixed uint resv[3];
    public io_sqring_offsets sq_off;
    public io_cqring_offsets cq_off;
}

/// <summary>With IORING_SETUP_SQE128 another 64 bytes follow, so that <c>cmd</c> has 80.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct io_uring_sqe
{
    public byte opcode;
    public byte flags;
    public ushort ioprio;
    public int fd;
    public uint cmd_op;
    public uint __pad1;
    public ulong addr;
    public uint len;
    public uint uring_cmd_flags;
    public ulong user_data;
    public ushort buf_index;
    public ushort personality;
    public uint file_index;
    public fixed byte cmd[16];
}

[StructLayout(LayoutKind.Sequential)]
internal struct io_uring_cqe
{
    public ulong user_data;
    public int res;
    public uint flags;
}

/// <summary>The constants of the same header that Tmds.LibC 0.5 lacks.</summary>
internal static class IoUringProtocol
{
    internal const uint IORING_SETUP_SQE128 = 1 << 10;
    internal const uint IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    internal const uint IORING_SETUP_DEFER_TASKRUN = 1 << 13;
    internal const byte IORING_OP_URING_CMD = 46;
}
