using Fuse;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.View;

/// <summary>
/// Who asks, and what the kernel would let him do elsewhere: read the contents of a map, look into a process. What cannot be known of him he may not. It is asked anew for each
/// request: a thread's capabilities come and go.
/// </summary>
internal readonly struct Caller
{
    private const int CAP_SYS_PTRACE = 19; // <linux/capability.h>
    private const int CAP_SYS_ADMIN = 21;
    private const uint InitialUserNamespace = 0xEFFFFFFD; // PROC_USER_INIT_INO, <linux/proc_ns.h>
    private readonly ViewContext _context;
    private readonly one_task_record _task;
    private readonly bool _isKnown;
    private readonly uint _tid, _uid, _gid;

    private Caller(ViewContext context, in Request request, bool isKnown, one_task_record task)
    {
        (_context, _tid, _uid, _gid) = (context, request.Pid, request.Uid, request.Gid);
        (_isKnown, _task) = (isKnown, task);
    }

    /// <summary>Who sent a request, to ask whether he <see cref="MayLookInto"/> processes.</summary>
    public static Caller Of(ViewContext context, in Request request)
    {
        one_task_record task;
        if (context.Iterators.OneTask.IsThere) return new Caller(context, request, context.Iterators.OneTask.ReadWithDomain(request.Pid, out task) == 0, task);
        // Kernels without such programs (before 5.14): only the first thread of a process can be told, among all.
        bool isFound = Tasks.Processes.Read(context, request.Pid, out task_record record) == 0;
        task = new one_task_record { owner = record.owner, cap_effective = record.cap_effective };
        return new Caller(context, request, isFound, task);
    }

    /// <summary>
    /// Whether bpf(2) would give him objects by their ids, and with them contents and code: CAP_SYS_ADMIN in the initial user namespace. That he is user 0 is not enough, as it is not
    /// for bpf(2). 0 or an errno: EACCES, he has not; EMFILE and the like, it could not be found out just now.
    /// </summary>
    public static int FindAdmin(ViewContext context, in Request request)
    {
        OneTask tasks = context.Iterators.OneTask;
        if (!tasks.IsThere) return ProcDirectory.HasCapability(request.Pid, CAP_SYS_ADMIN) ? 0 : EACCES;
        int errno = tasks.Read(request.Pid, out one_task_record task);
        if (errno != 0) return errno == ESRCH ? EACCES : errno;
        return task.owner.user_ns == InitialUserNamespace && Has(task.cap_effective, CAP_SYS_ADMIN) ? 0 : EACCES;
    }

    /// <summary>
    /// Whether the kernel would let him read /proc/PID/maps and fd: __ptrace_may_access(PTRACE_MODE_READ_FSCREDS), kernel/ptrace.c, and the security modules after it. Stricter in
    /// that CAP_SYS_PTRACE counts in the initial user namespace only, and in that a module whose answer cannot be had is taken for a no.
    /// </summary>
    public bool MayLookInto(in task_owner_record process)
    {
        if (!_isKnown || process.pid == 0) return false;
        if (_task.owner.pid == process.pid) return true; // a thread of his own process
        bool isPrivileged = _task.owner.user_ns == InitialUserNamespace && Has(_task.cap_effective, CAP_SYS_PTRACE);
        bool isOwn = process.is_plain != 0 && process.uid == _uid && process.gid == _gid && process.user_ns == _task.owner.user_ns;
        return (isPrivileged || isOwn) && MayByLandlock(process.pid) && ProcDirectory.IsUnconfined(_tid);
    }

    /// <summary>A domain may look into itself. Into those made in it as well, but that would have to be followed through the kernel's structures.</summary>
    private bool MayByLandlock(uint pid)
    {
        OneTask tasks = _context.Iterators.OneTask;
        if (!tasks.IsThere) return true; // and no Landlock (5.13) without these programs (5.14) but in one version
        if (!tasks.KnowsDomains) return false;
        return _task.domain == 0 || (tasks.ReadWithDomain(pid, out one_task_record of) == 0 && of.domain == _task.domain);
    }

    private static bool Has(ulong capabilities, int capability) => (capabilities >> capability & 1) != 0;
}
