using BpfFs.View;
using Fuse;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Tasks;

/// <summary>
/// A process's directory is for whoever may read /proc/PID/fd and maps (<see cref="Caller.MayLookInto"/>), root included. To all others it is not there, as with hidepid=invisible.
/// </summary>
internal sealed class TaskGate : Gate
{
    private const uint Readable = 0x100; // 0400

    public static readonly TaskGate Instance = new();

    public override bool Hides => true;

    public override int Find(ViewContext context, ulong key, out Access access)
    {
        int errno = Find(context, key, out task_owner_record owner);
        access = AccessOf(owner);
        return errno;
    }

    public override bool Admits(ViewContext context, in Request request, ulong key) =>
        Find(context, key, out task_owner_record owner) == 0 && Caller.Of(context, request).MayLookInto(owner);

    public override Predicate<ulong> AdmittedTo(ViewContext context, in Request request)
    {
        HashSet<ulong> admitted = [];
        Caller caller = Caller.Of(context, request);
        using var walk = new RecordWalk<task_record>(context, context.Iterators.Tasks.Create(IteratorParameter.None));
        while (walk.MoveNext())
        {
            if (caller.MayLookInto(walk.Current.owner)) admitted.Add(TaskKey.Of(context, walk.Current.owner));
        }
        return admitted.Contains;
    }

    public static Access AccessOf(in task_owner_record owner) => new(owner.uid, owner.gid, Readable, owner.state);

    private static int Find(ViewContext context, ulong key, out task_owner_record owner)
    {
        int errno = Processes.ReadOwner(context, TaskKey.PidOf(key), out owner);
        return errno == 0 && TaskKey.Of(context, owner) != key ? ENOENT : errno; // it is somebody else's by now
    }
}
