using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Who a thread is and what it may do, at a cost that does not depend on how many there are (bpf/readers.h). The kernel must have programs of type syscall (5.14) that may read its
/// memory. Nothing is allocated. Thread-safe.
/// </summary>
public sealed class OneTask
{
    private const int NoDomain = -1;
    private readonly int _program;
    private readonly Lazy<int> _domainAt;

    internal OneTask(Func<ProgramRow, int> programFd)
    {
        _program = programFd(BpfPrograms.OneTask);
        int words = programFd(BpfPrograms.CredWords);
        _domainAt = new Lazy<int>(() => Landlock.FindDomain(words));
    }

    /// <summary>Whether threads can be read.</summary>
    public bool IsThere => _program >= 0;

    /// <summary>Whether it can be told what Landlock restricts; it can where the kernel has none.</summary>
    public bool KnowsDomains => _domainAt.Value != Landlock.Unknown;

    /// <summary>A thread, by its id in the server's pid namespace; 0 or an errno: ESRCH, there is none; ENOSYS, the program is missing.</summary>
    public int Read(uint tid, out one_task_record record) => Read(tid, NoDomain, out record);

    /// <summary>The same, with its Landlock domain.</summary>
    public int ReadWithDomain(uint tid, out one_task_record record) => Read(tid, _domainAt.Value, out record);

    private int Read(uint tid, int domainAt, out one_task_record record)
    {
        record = default;
        if (_program < 0) return LibC.ENOSYS;
        using Fd fd = ProcDirectory.Open(tid);
        if (fd.Errno != 0) return fd.Errno;
        record.fd = (uint)fd.Value;
        record.domain_at = domainAt;
        int errno = OneObject.Run(_program, ref record);
        return errno != 0 ? errno : record.error;
    }
}
