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

    /// <summary>Whose a process is; 0 or an errno: ENOENT, there is none of that id.</summary>
    public static int ReadOwner(ViewContext context, uint pid, out task_owner_record owner)
    {
        int errno;
        if (context.Iterators.OneTask.IsThere)
        {
            errno = context.Iterators.OneTask.Read(pid, out one_task_record task);
            owner = task.owner;
        }
        else
        {
            errno = Read(context, pid, out task_record record);
            owner = record.owner;
        }
        return errno == 0 && owner.pid != pid ? ENOENT : ErrnoOf(errno); // a thread that is not its process's first has no directory
    }

    /// <summary>What the kernel says of a process that is gone, as files say it.</summary>
    public static int ErrnoOf(int errno) => errno == ESRCH ? ENOENT : errno;

    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (!TryParseId(name, out uint pid)) return ENOENT;
        int errno = ReadOwner(context, pid, out task_owner_record owner);
        key = TaskKey.Of(context, owner);
        return errno;
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        using var walk = new RecordWalk<task_record>(context, context.Iterators.Tasks.Create(IteratorParameter.None));
        Span<byte> name = stackalloc byte[16];
        while (walk.MoveNext())
        {
            ref readonly task_owner_record owner = ref walk.Current.owner;
            if (owner.pid == 0 || !System.Buffers.Text.Utf8Formatter.TryFormat(owner.pid, name, out int length)) continue;
            to.Add(name[..length], TaskKey.Of(context, owner));
        }
        return walk.Errno;
    }
}
