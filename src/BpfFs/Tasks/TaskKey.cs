using BpfFs.View;
using Iterators;

namespace BpfFs.Tasks;

/// <summary>
/// The key of a process's nodes: its id (22 bits), and 26 bits of a keyed hash of whose it is. The kernel keeps pages and names by node, and gives them to whoever has the node open; so a
/// process that changes hands is another node from then on, and who had the old one open finds nothing in it.
/// </summary>
internal static class TaskKey
{
    private const int PidBits = 22; // PID_MAX_LIMIT, <linux/threads.h>

    /// <summary>Of a process as it is now.</summary>
    public static ulong Of(ViewContext context, in task_owner_record owner) =>
        ((context.NodeSecret.Hash(owner.state, owner.pid) << PidBits) & NodeId.KeyMask) | owner.pid;

    /// <summary>The process that a key is of.</summary>
    public static uint PidOf(ulong key) => (uint)(key & ((1 << PidBits) - 1));
}
