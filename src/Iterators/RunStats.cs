using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Has the kernel count runs and run time of all programs while somebody wants it: BPF_ENABLE_STATS gives a descriptor that holds it, so
/// it ends with us, whatever happens; the sysctl kernel.bpf_stats_enabled is never touched. It costs every run of every program two
/// readings of a clock.
/// </summary>
public sealed class RunStats
{
    private const int BPF_STATS_RUN_TIME = 0;
    private readonly Lock _lock = new();
    private int _holders;
    private int _fd = -1;

    /// <summary>Whether anybody wants it.</summary>
    public bool IsHeld => Volatile.Read(ref _holders) > 0;

    /// <summary>One more wants it; 0 or an errno.</summary>
    public int Acquire()
    {
        lock (_lock)
        {
            if (_holders == 0)
            {
                int fd = LibBpf.bpf_enable_stats(BPF_STATS_RUN_TIME);
                if (fd < 0) return -fd;
                _fd = fd;
            }
            _holders++;
            return 0;
        }
    }

    /// <summary>One no longer wants it.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (--_holders > 0) return;
            LibC.close(_fd);
            _fd = -1;
        }
    }
}
