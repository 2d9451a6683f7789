using System.Runtime.InteropServices;
using static BpfFs.Native.LibC;
using static Tmds.Linux.LibC;

namespace BpfFs.Command;

/// <summary>
/// What the server may ask of the kernel once it is mounted, seccomp(2); all else is EPERM. It starts no program, makes no process, opens nothing for
/// writing, makes no memory executable, mounts nothing, and has no sockets but AF_UNIX and AF_NETLINK. What is allowed whatever its arguments costs next to
/// nothing, as the kernel remembers such an answer per call (seccomp_cache_prepare(), Linux 5.11).
/// </summary>
internal static class SystemCallFilter
{
    private const uint DomainUnix = 1, DomainNetlink = 16; // <linux/socket.h>
    private const uint CLONE_THREAD = 0x10000; // <linux/sched.h>
    private const uint Writing = 0x1 | 0x2 | 0x40 | 0x200; // O_WRONLY, O_RDWR, O_CREAT, O_TRUNC

    /// <summary>A call, as in &lt;asm/unistd_64.h&gt;, and when it is allowed: always, if nothing else is said.</summary>
    internal sealed record Rule(string Name, int Number)
    {
        /// <summary>Which argument the conditions are for; of its low half.</summary>
        public int Argument { get; init; }

        /// <summary>None of these bits.</summary>
        public uint Without { get; init; }

        /// <summary>Any of these bits.</summary>
        public uint With { get; init; }

        /// <summary>One of these values.</summary>
        public uint[] OneOf { get; init; } = [];

        /// <summary>Not allowed: what it fails with.</summary>
        public int Errno { get; init; }

        /// <summary>For requests over io_uring, where threads may be added later.</summary>
        public bool IsForRings { get; init; }
    }

    internal static readonly Rule[] Rules =
    [
        // files
        new("read", 0), new("write", 1), new("close", 3), new("stat", 4), new("fstat", 5), new("lstat", 6), new("lseek", 8), new("ioctl", 16), new("pread64", 17), new("pwrite64", 18), new("readv", 19), new("writev", 20),
        new("access", 21), new("dup", 32), new("fcntl", 72), new("flock", 73), new("ftruncate", 77), new("getcwd", 79), new("readlink", 89), new("statfs", 137), new("fstatfs", 138),
        new("getdents64", 217), new("fadvise64", 221), new("newfstatat", 262), new("readlinkat", 267), new("faccessat", 269), new("fallocate", 285), new("dup3", 292),
        new("pipe2", 293), new("preadv", 295), new("pwritev", 296), new("statx", 332), new("close_range", 436), new("faccessat2", 439),
        new("open", 2) { Argument = 1, Without = Writing },
        new("openat", 257) { Argument = 2, Without = Writing },
        // at the end: the pins, the mount
        new("rmdir", 84), new("unlink", 87), new("unlinkat", 263), new("umount2", 166),
        // memory
        new("mmap", 9) { Argument = 2, Without = (uint)PROT_EXEC },
        new("mprotect", 10) { Argument = 2, Without = (uint)PROT_EXEC },
        new("munmap", 11), new("brk", 12), new("mremap", 25), new("msync", 26), new("mincore", 27), new("madvise", 28), new("mlock", 149), new("munlock", 150), new("membarrier", 324),
        // threads: libc falls back to clone, whose flags can be seen
        new("clone3", 435) { Errno = ENOSYS },
        new("clone", 56) { Argument = 0, With = CLONE_THREAD },
        new("futex", 202), new("set_robust_list", 273), new("rseq", 334), new("gettid", 186), new("exit", 60), new("exit_group", 231), new("sched_yield", 24),
        new("sched_setaffinity", 203), new("sched_getaffinity", 204), new("sched_getparam", 143), new("sched_getscheduler", 145), new("getcpu", 309),
        // signals, time, who we are
        new("rt_sigaction", 13), new("rt_sigprocmask", 14), new("rt_sigreturn", 15), new("rt_sigtimedwait", 128), new("sigaltstack", 131), new("tgkill", 234), new("restart_syscall", 219),
        new("nanosleep", 35), new("clock_gettime", 228), new("clock_getres", 229), new("clock_nanosleep", 230), new("gettimeofday", 96), new("times", 100),
        new("getpid", 39), new("getppid", 110), new("getuid", 102), new("getgid", 104), new("geteuid", 107), new("getegid", 108), new("capget", 125), new("prctl", 157),
        new("uname", 63), new("sysinfo", 99), new("getrusage", 98), new("getrlimit", 97), new("prlimit64", 302), new("getrandom", 318),
        // waiting
        new("poll", 7), new("ppoll", 271), new("epoll_wait", 232), new("epoll_ctl", 233), new("epoll_pwait", 281), new("epoll_create1", 291), new("eventfd2", 290),
        new("inotify_add_watch", 254), new("inotify_rm_watch", 255), new("inotify_init1", 294),
        // netlink, the keeper, systemd
        new("socket", 41) { Argument = 0, OneOf = [DomainUnix, DomainNetlink] },
        new("connect", 42), new("sendto", 44), new("recvfrom", 45), new("sendmsg", 46), new("recvmsg", 47), new("shutdown", 48), new("bind", 49), new("getsockname", 51),
        new("setsockopt", 54), new("getsockopt", 55),
        // what the view is made of
        new("memfd_create", 319), // records that bpf(2) told, under lockdown=confidentiality
        new("landlock_create_ruleset", 444), new("landlock_restrict_self", 446), // a thread on itself, to learn where its domain is
        new("bpf", 321), new("setns", 308), new("open_by_handle_at", 304), new("name_to_handle_at", 303),
        new("io_uring_setup", 425) { IsForRings = true }, new("io_uring_enter", 426) { IsForRings = true }, new("io_uring_register", 427) { IsForRings = true },
    ];

    /// <summary>Installs it in every thread there is and will be. 0, or an errno: EINVAL or ENOSYS where there are no filters.</summary>
    public static int Install(bool withRings) =>
        RuntimeInformation.ProcessArchitecture == Architecture.X64 ? SetFilter(Build(withRings)) : ENOSYS; // others have other numbers

    /// <summary>The filter's instructions.</summary>
    internal static sock_filter[] Build(bool withRings)
    {
        List<sock_filter> to =
        [
            Load(SECCOMP_DATA_ARCH),
            Jump(BPF_JEQ_K, AUDIT_ARCH_X86_64, 1, 0),
            Fail(EPERM),
            Load(SECCOMP_DATA_NR), // those of x32 have bit 30 and are none of these
        ];
        foreach (Rule rule in Rules)
        {
            if (!rule.IsForRings || withRings) Add(rule, to);
        }
        to.Add(Fail(EPERM));
        return [.. to];
    }

    private static void Add(Rule rule, List<sock_filter> to)
    {
        List<sock_filter> then = [];
        if (rule.Without != 0 || rule.With != 0 || rule.OneOf.Length > 0) then.Add(Load(SECCOMP_DATA_ARGS + (8 * rule.Argument)));
        if (rule.Without != 0) then.AddRange([Jump(BPF_JSET_K, rule.Without, 0, 1), Fail(EPERM)]);
        if (rule.With != 0) then.AddRange([Jump(BPF_JSET_K, rule.With, 1, 0), Fail(EPERM)]);
        for (int i = 0; i < rule.OneOf.Length; i++) then.Add(Jump(BPF_JEQ_K, rule.OneOf[i], (byte)(rule.OneOf.Length - i), 0));
        if (rule.OneOf.Length > 0) then.Add(Fail(EPERM));
        then.Add(rule.Errno == 0 ? new sock_filter { code = BPF_RET_K, k = SECCOMP_RET_ALLOW } : Fail(rule.Errno));
        to.Add(Jump(BPF_JEQ_K, (uint)rule.Number, 0, (byte)then.Count));
        to.AddRange(then);
    }

    private static sock_filter Load(int offset) => new() { code = BPF_LD_W_ABS, k = (uint)offset };

    private static sock_filter Jump(ushort code, uint value, byte ifTrue, byte ifFalse) => new() { code = code, jt = ifTrue, jf = ifFalse, k = value };

    private static sock_filter Fail(int errno) => new() { code = BPF_RET_K, k = SECCOMP_RET_ERRNO | (uint)errno };
}
