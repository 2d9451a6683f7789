using BpfFs.Objects;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Tasks;

/// <summary><c>tasks/&lt;pid&gt;/status</c>: the process in <c>key:TABvalue</c> lines.</summary>
internal static class TaskStatus
{
    private const uint TASK_IDLE = 0x402; // TASK_UNINTERRUPTIBLE | TASK_NOLOAD, <linux/sched.h>
    private const uint TASK_REPORT = 0x7F;

    /// <summary>Every field of a process.</summary>
    public static readonly Field<task_record>[] Fields =
    [
        new("pid", "the process's id", (in t, in to) => to.Number(t.owner.pid)),
        new("name", "name of its first thread (comm)", (in t, in to) => to.Text(t.comm.Text), (in t) => !t.comm.Text.IsEmpty),
        new("state", "state of its first thread, in proc_pid_stat(5)'s letters", (in t, in to) => to.Text(StateOf(t.state)), Knows(task_known_flags.TASK_HAS_STATE)),
        new("ppid", "its parent's id; absent: not in this pid namespace", (in t, in to) => to.Number(t.ppid), (in t) => t.ppid != 0),
        new("threads", "its threads", (in t, in to) => to.Number(t.threads), Knows(task_known_flags.TASK_HAS_THREADS)),
        new("kernel_thread", "whether it is the kernel's own", (in t, in to) => to.Bool(Has(t, task_flags.TASK_KERNEL_THREAD)), Knows(task_known_flags.TASK_HAS_KERNEL_THREAD)),
        new("start_time", "when it was started: UTC; in JSON seconds since 1970", (in t, in to) => to.Time(Clock.UnixSecondsOf(t.start_time)), Knows(task_known_flags.TASK_HAS_START)),
        new("uids", "user ids: real, effective, saved, of files", (in t, in to) => to.Numbers([t.uid, t.euid, t.suid, t.fsuid]), Knows(task_known_flags.TASK_HAS_UIDS)),
        new("gids", "group ids, likewise", (in t, in to) => to.Numbers([t.gid, t.egid, t.sgid, t.fsgid]), Knows(task_known_flags.TASK_HAS_GIDS)),
        new("cap_effective", "its effective capabilities, a bit each", (in t, in to) => to.Flags(t.cap_effective), Knows(task_known_flags.TASK_HAS_CAPS)),
        new("no_new_privs", "whether it can no longer gain privileges by execve(2)", (in t, in to) => to.Bool(Has(t, task_flags.TASK_NO_NEW_PRIVS)), Knows(task_known_flags.TASK_HAS_NO_NEW_PRIVS)),
        new("seccomp", "0: none, 1: strict, 2: filters", (in t, in to) => to.Number(t.seccomp), Knows(task_known_flags.TASK_HAS_SECCOMP)),
        new("bytes_mapped", "bytes of its mappings; absent: it has no memory of its own", (in t, in to) => to.Number(t.total_vm * (ulong)Environment.SystemPageSize), (in t) => t.total_vm != 0),
        new("cgroup_id", "inode of its cgroup", (in t, in to) => to.Number(t.cgroup_id), Knows(task_known_flags.TASK_HAS_CGROUP)),
        new("cgroup_path", "that cgroup's path; absent: it has none that the view sees", (in t, in to) => to.Text(CgroupPaths.Of(t.cgroup_id)), (in t) => !CgroupPaths.Of(t.cgroup_id).IsEmpty),
        new("user_ns", "inode of its user namespace", (in t, in to) => to.Number(t.owner.user_ns), (in t) => t.owner.user_ns != 0),
        new("pid_ns", "of its pid namespace; absent, as the others: it has ended", (in t, in to) => to.Number(t.pid_ns), (in t) => t.pid_ns != 0),
        new("mnt_ns", "of its mount namespace", (in t, in to) => to.Number(t.mnt_ns), (in t) => t.mnt_ns != 0),
        new("net_ns", "of its network namespace", (in t, in to) => to.Number(t.net_ns), (in t) => t.net_ns != 0),
        new("uts_ns", "of its UTS namespace", (in t, in to) => to.Number(t.uts_ns), (in t) => t.uts_ns != 0),
        new("ipc_ns", "of its IPC namespace", (in t, in to) => to.Number(t.ipc_ns), (in t) => t.ipc_ns != 0),
        new("cgroup_ns", "of its cgroup namespace", (in t, in to) => to.Number(t.cgroup_ns), (in t) => t.cgroup_ns != 0),
        new("time_ns", "of its time namespace; absent too: the kernel has none", (in t, in to) => to.Number(t.time_ns), (in t) => t.time_ns != 0),
    ];

    public static int Write(RecordStream from, TextBuffer to, ref ulong position, out task_owner_record owner)
    {
        int got = from.ReadRecord(out task_record r);
        owner = r.owner;
        if (got > 0) FieldFiles.WriteInfo(Fields, r, to);
        return got;
    }

    public static int WriteJson(RecordStream from, TextBuffer to, ref ulong position, out task_owner_record owner)
    {
        int got = from.ReadRecord(out task_record r);
        owner = r.owner;
        if (got <= 0) return got;
        System.Text.Json.Utf8JsonWriter json = to.StartJson();
        FieldFiles.WriteJson(Fields, r, json);
        json.Flush();
        to.Append((byte)'\n');
        return got;
    }

    /// <summary>task_index_to_char(), <c>&lt;linux/sched.h&gt;</c>.</summary>
    private static ReadOnlySpan<byte> StateOf(uint state)
    {
        ReadOnlySpan<byte> letters = "RSDTtXZPI"u8;
        uint reported = (state & TASK_IDLE) == TASK_IDLE ? TASK_REPORT + 1 : state & TASK_REPORT;
        return letters.Slice(32 - System.Numerics.BitOperations.LeadingZeroCount(reported), 1);
    }

    private static Field<task_record>.Predicate Knows(task_known_flags what) => (in t) => ((task_known_flags)t.known & what) != 0;

    private static bool Has(in task_record t, task_flags flag) => ((task_flags)t.flags & flag) != 0;
}
