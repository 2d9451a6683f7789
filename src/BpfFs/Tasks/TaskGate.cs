using BpfFs.View;
using Fuse;
using Iterators;

namespace BpfFs.Tasks;

/// <summary>
/// A process's directory is for whoever may read /proc/PID/fd and maps: root, and a process with the same user and group ids, in the same user namespace,
/// as long as the process did not gain privileges (bpf/owner.h). To all others it is not there, as with hidepid=invisible.
/// </summary>
internal sealed class TaskGate : Gate
{
    private const uint Readable = 0x100; // 0400

    public static readonly TaskGate Instance = new();

    public override bool Hides => true;

    public override int Find(ViewContext context, ulong key, out Access access)
    {
        int errno = Processes.Read(context, (uint)key, out task_record record);
        access = AccessOf(record.owner);
        return errno;
    }

    public override bool Admits(ViewContext context, in Request request, in Access access)
    {
        if (request.Uid == 0) return true;
        if (access.Uid != request.Uid || access.Gid != request.Gid || request.Pid == 0) return false;
        return Processes.UserNamespaceOf(context, request.Pid) == access.Namespace;
    }

    public static Access AccessOf(in task_owner_record owner) => new(owner.uid, owner.gid, Readable, owner.user_ns);
}
