using System.Runtime.InteropServices;

namespace Fuse;

// FUSE over io_uring, 7.42 (Linux 6.14): what lies in the memory of a ring entry, and in the command part of a submission.

[StructLayout(LayoutKind.Sequential)]
internal struct fuse_uring_ent_in_out
{
    public ulong flags;
    public ulong commit_id;
    public uint payload_sz;
    public uint padding;
    public ulong reserved;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct fuse_uring_req_header
{
    public fixed byte in_out[128]; // fuse_in_header, then fuse_out_header
    public fixed byte op_in[128]; // the first part of the body
    public fuse_uring_ent_in_out ring_ent_in_out;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct fuse_uring_cmd_req
{
    public ulong flags;
    public ulong commit_id;
    public ushort qid;
    public fixed byte padding[6];
}
