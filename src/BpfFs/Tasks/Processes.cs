using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Tasks;

/// <summary><c>tasks</c>: the processes that the server's pid namespace shows.</summary>
internal sealed class Processes : ChildSource
{
    /// <summary>One process; 0 or an errno: ENOENT, there is none of that id.</summary>
    public static int Read(ViewContext context, uint pid, out task_record record)
    {
        record = default;
        using var walk = new RecordWalk<task_record>(context, context.Iterators.Tasks.CreateForThread(pid));
        bool isThere = false;
        while (!isThere && walk.MoveNext()) isThere = walk.Current.owner.pid == pid;
        if (isThere) record = walk.Current;
        return isThere ? 0 : ErrnoOf(walk.Errno == 0 ? ESRCH : walk.Errno);
    }

    /// <summary>The user namespace that a thread is in; 0: there is no such thread. That of a process's first thread is found at once, others among all.</summary>
    public static uint UserNamespaceOf(ViewContext context, uint tid)
    {
        if (Read(context, tid, out task_record process) == 0) return process.owner.user_ns;
        using var walk = new RecordWalk<thread_record>(context, context.Iterators.Threads.Create(IteratorParameter.None));
        while (walk.MoveNext())
        {
            if (walk.Current.tid == tid) return walk.Current.user_ns;
        }
        return 0;
    }

    /// <summary>What the kernel says of a process that is gone, as files say it.</summary>
    public static int ErrnoOf(int errno) => errno == ESRCH ? ENOENT : errno;

    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        bool isId = TryParseId(name, out uint pid);
        key = pid;
        return isId ? 0 : ENOENT; // the gate finds out whether it exists
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        using var walk = new RecordWalk<task_record>(context, context.Iterators.Tasks.Create(IteratorParameter.None));
        while (walk.MoveNext())
        {
            ref readonly task_record r = ref walk.Current;
            if (r.owner.pid != 0) to.Add(r.owner.pid);
        }
        return walk.Errno;
    }
}
