using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>seccomp(2) and the classic BPF that it takes.</summary>
internal static unsafe partial class LibC
{
    // <linux/seccomp.h>
    public const int SECCOMP_SET_MODE_FILTER = 1;
    public const uint SECCOMP_FILTER_FLAG_TSYNC = 1; // every thread of the process
    public const uint SECCOMP_RET_ALLOW = 0x7fff0000;
    public const uint SECCOMP_RET_ERRNO = 0x00050000;

    // offsets in struct seccomp_data
    public const int SECCOMP_DATA_NR = 0;
    public const int SECCOMP_DATA_ARCH = 4;
    public const int SECCOMP_DATA_ARGS = 16; // 8 bytes each

    public const uint AUDIT_ARCH_X86_64 = 0xc000003e; // <linux/audit.h>

    // <linux/bpf_common.h>
    public const ushort BPF_LD_W_ABS = 0x20;
    public const ushort BPF_JEQ_K = 0x15;
    public const ushort BPF_JSET_K = 0x45;
    public const ushort BPF_RET_K = 0x06;

    private const nint SYS_seccomp = 317; // x86-64

    /// <summary><c>struct sock_filter</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct sock_filter
    {
        public ushort code;
        public byte jt;
        public byte jf;
        public uint k;
    }

    /// <summary><c>struct sock_fprog</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct sock_fprog
    {
        public ushort len;
        public sock_filter* filter;
    }

    [LibraryImport(Library, SetLastError = true)]
    private static partial nint syscall(nint number, nuint operation, nuint flags, sock_fprog* program);

    /// <summary>Gives every thread of the process the filter. 0, or an errno; the id of a thread that cannot have it (it has another) is ESRCH.</summary>
    public static int SetFilter(ReadOnlySpan<sock_filter> filter)
    {
        fixed (sock_filter* first = filter)
        {
            sock_fprog program = new() { len = (ushort)filter.Length, filter = first };
            nint result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
            return result == 0 ? 0 : result > 0 ? Tmds.Linux.LibC.ESRCH : Marshal.GetLastPInvokeError();
        }
    }
}
