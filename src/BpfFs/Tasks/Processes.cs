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
        int errno = ReadThread(context, pid, out record);
        return errno == 0 && record.owner.pid != pid ? ENOENT : errno; // ended, and one of another process's threads has the id
    }

    /// <summary>The process that has a thread.</summary>
    public static int ReadThread(ViewContext context, uint tid, out task_record record)
    {
        record = default;
        using var walk = new RecordWalk<task_record>(context, context.Iterators.Tasks!.Create(IteratorParameter.Thread(tid)));
        bool isThere = walk.MoveNext();
        if (isThere) record = walk.Current;
        return isThere ? 0 : ErrnoOf(walk.Errno == 0 ? ESRCH : walk.Errno);
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
        using var walk = new RecordWalk<task_record>(context, context.Iterators.Tasks!.Create(IteratorParameter.None));
        while (walk.MoveNext())
        {
            ref readonly task_record r = ref walk.Current;
            if (r.owner.pid != 0) to.Add(r.owner.pid);
        }
        return walk.Errno;
    }
}
