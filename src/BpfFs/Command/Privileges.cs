using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>
/// Capabilities, capabilities(7). They belong to a thread, and a running .NET process has several: so they are given up by the calling
/// thread, which then executes the program anew: with no_new_privs, root's new permitted set is at most what this thread has left, and within the
/// bounding set (cap_bprm_creds_from_file, security/commoncap.c), and every thread of the new program starts with it.
/// </summary>
internal static unsafe class Privileges
{
    public const int CAP_DAC_READ_SEARCH = 2;
    public const int CAP_NET_ADMIN = 12;
    public const int CAP_SYS_ADMIN = 21;
    public const int CAP_PERFMON = 38;
    public const int CAP_BPF = 39;

    /// <summary>
    /// What the server keeps. CAP_SYS_ADMIN: mount(2) and umount2(2); BPF_*_GET_FD_BY_ID; it contains CAP_BPF and CAP_PERFMON, which loading
    /// iterators needs (bpf_capable(), perfmon_capable(), Linux 5.8). Nothing else is needed as long as root owns the pin directory and /dev/fuse.
    /// In particular not CAP_SYSLOG, without which the kernel hides addresses from us.
    /// </summary>
    private const ulong Kept = 1UL << CAP_SYS_ADMIN;

    /// <summary>Whether the calling thread may use a capability now.</summary>
    public static bool Has(int capability) => ((Read().Effective >> capability) & 1) != 0;

    /// <summary>
    /// Leaves the calling thread, and what it executes, with <see cref="Kept"/> and no way to gain more. A mount point that root can reach only by
    /// ignoring its permissions (somebody's home is 0700) keeps CAP_DAC_READ_SEARCH too, as it is also needed to unmount; a kernel that asks for CAP_NET_ADMIN to tell
    /// what is attached (6.1 does) keeps that.
    /// </summary>
    /// <returns>0, or why the bounding set could not be made smaller too (EPERM: without CAP_SETPCAP).</returns>
    public static int Reduce(string mountPoint)
    {
        ulong permitted = Read().Permitted;
        Write(Kept & permitted, permitted, 0);
        ulong kept = Kept | (IsUnreachable(mountPoint) ? 1UL << CAP_DAC_READ_SEARCH : 0) | (IsQueryRefused() ? 1UL << CAP_NET_ADMIN : 0);
        Write(permitted, permitted, 0); // CAP_SETPCAP is needed for the bounding set
        int errno = ReduceBoundingSet(kept);
        // Root regains its set from the bounding set; anyone else keeps it over execve as ambient.
        bool isRoot = (uint)geteuid() == 0;
        kept &= permitted;
        Write(kept, kept, isRoot ? 0 : kept);
        Call(LibC.PR_CAP_AMBIENT, LibC.PR_CAP_AMBIENT_CLEAR_ALL);
        for (int capability = 0; !isRoot && capability < 64; capability++)
        {
            if (((kept >> capability) & 1) != 0) Call(LibC.PR_CAP_AMBIENT, LibC.PR_CAP_AMBIENT_RAISE, (nuint)capability);
        }
        Call(LibC.PR_SET_NO_NEW_PRIVS, 1);
        return errno;
    }

    /// <summary>
    /// Until Linux 5.10 the memory of BPF objects counts against RLIMIT_MEMLOCK, 64 KiB by default. For this process and what it executes there is then no limit;
    /// without CAP_SYS_RESOURCE it stays as it is. Later kernels count it by memory cgroups.
    /// </summary>
    public static void LiftMemoryLimit()
    {
        ulong* limit = stackalloc ulong[] { LibC.RLIM_INFINITY, LibC.RLIM_INFINITY };
        _ = LibC.setrlimit(LibC.RLIMIT_MEMLOCK, limit);
    }

    /// <summary>How many descriptors this process may have now.</summary>
    public static ulong DescriptorLimit
    {
        get
        {
            ulong* limit = stackalloc ulong[2];
            return LibC.getrlimit(LibC.RLIMIT_NOFILE, limit) == 0 ? limit[0] : 1024;
        }
    }

    /// <summary>The soft limit of descriptors, which is for programs that use select(2), becomes the hard one; also for what this process executes.</summary>
    public static void RaiseDescriptorLimit()
    {
        ulong* limit = stackalloc ulong[2];
        if (LibC.getrlimit(LibC.RLIMIT_NOFILE, limit) != 0 || limit[0] >= limit[1]) return;
        limit[0] = limit[1];
        _ = LibC.setrlimit(LibC.RLIMIT_NOFILE, limit);
    }

    private static int ReduceBoundingSet(ulong kept)
    {
        for (int capability = 0; capability < 64; capability++)
        {
            int present = LibC.prctl(LibC.PR_CAPBSET_READ, (nuint)capability, 0, 0, 0);
            if (present < 0) break; // the kernel knows no more of them
            if (present == 0 || ((kept >> capability) & 1) != 0) continue;
            if (LibC.prctl(LibC.PR_CAPBSET_DROP, (nuint)capability, 0, 0, 0) != 0) return Marshal.GetLastPInvokeError();
        }
        return 0;
    }

    /// <summary>Whether, with what is effective now, the directory cannot be found or listed. Asks no server of what may be mounted there.</summary>
    private static bool IsUnreachable(string path)
    {
        fixed (byte* p = Encoding.UTF8.GetBytes(path + '\0'))
        {
            statx found;
            if (statx(AT_FDCWD, p, LibC.AT_STATX_DONT_SYNC, (uint)STATX_MODE, &found) != 0) return errno == EACCES;
            const ulong mountRoot = 0x2000; // STATX_ATTR_MOUNT_ROOT, Linux 5.8
            if (((ulong)found.stx_attributes & mountRoot) != 0) return false;
            return LibC.faccessat(AT_FDCWD, p, LibC.R_OK | LibC.X_OK, LibC.AT_EACCESS) != 0
                && Marshal.GetLastPInvokeError() == EACCES;
        }
    }

    /// <summary>Whether BPF_PROG_QUERY wants more than is effective now: bpf_prog_query(), kernel/bpf/syscall.c, looks at that before it looks at the target.</summary>
    private static bool IsQueryRefused() => Iterators.ProgQuery.Query(new Iterators.Fd(-EBADF), 0, default, out _, out _) == EPERM;

    private static (ulong Effective, ulong Permitted) Read()
    {
        var header = new LibC.cap_user_header { version = LibC._LINUX_CAPABILITY_VERSION_3 };
        var data = stackalloc LibC.cap_user_data[2];
        if (LibC.capget(&header, data) != 0) return (0, 0);
        return (data[0].effective | ((ulong)data[1].effective << 32), data[0].permitted | ((ulong)data[1].permitted << 32));
    }

    private static void Write(ulong effective, ulong permitted, ulong inheritable)
    {
        var header = new LibC.cap_user_header { version = LibC._LINUX_CAPABILITY_VERSION_3 };
        var data = stackalloc LibC.cap_user_data[2];
        data[0] = new() { effective = (uint)effective, permitted = (uint)permitted, inheritable = (uint)inheritable };
        data[1] = new() { effective = (uint)(effective >> 32), permitted = (uint)(permitted >> 32), inheritable = (uint)(inheritable >> 32) };
        Check(LibC.capset(&header, data), "capset");
    }

    private static void Call(int option, nuint second, nuint third = 0) =>
        Check(LibC.prctl(option, second, third, 0, 0), string.Create(CultureInfo.InvariantCulture, $"prctl {option}"));

    /// <summary>Giving up privileges is never refused; if it is, going on with them would be worse.</summary>
    private static void Check(int result, string operation)
    {
        if (result == 0) return;
        string cause = Marshal.GetLastPInvokeErrorMessage();
        throw new CommandException(ExitCode.Failed, $"give up privileges ({operation}): {cause}");
    }
}
