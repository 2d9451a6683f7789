using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>What passes descriptors between processes and waits for them. Functions that fail give -1 and set errno.</summary>
internal static unsafe partial class LibC
{
    public const int AF_UNIX = 1; // <bits/socket.h>
    public const int SOCK_DGRAM = 2;
    public const int SOCK_SEQPACKET = 5;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1;
    public const int SCM_RIGHTS = 1;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_CMSG_CLOEXEC = 0x40000000;
    public const short POLLERR = 8; // <bits/poll.h>
    public const int F_SETFD = 2; // <bits/fcntl-linux.h>
    public const int FD_CLOEXEC = 1;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const long SYS_pidfd_send_signal = 424; // the same on every architecture; Linux 5.1
    public const long SYS_pidfd_open = 434; // Linux 5.3

    [StructLayout(LayoutKind.Sequential)]
    public struct iovec
    {
        public void* iov_base;
        public nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct msghdr
    {
        public void* msg_name;
        public uint msg_namelen;
        public iovec* msg_iov;
        public nuint msg_iovlen;
        public void* msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    /// <summary><c>struct cmsghdr</c> with one descriptor in it, padded as CMSG_SPACE() does.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 24)]
    public struct cmsg_fd
    {
        public nuint cmsg_len;
        public int cmsg_level;
        public int cmsg_type;
        public int fd;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_un
    {
        public ushort sun_family;
        public fixed byte sun_path[108];
    }

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int socketpair(int domain, int type, int protocol, int* pair);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint sendmsg(int socket, msghdr* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint recvmsg(int socket, msghdr* message, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int fcntl(int fd, int command, nint argument);

    [LibraryImport(Library)]
    public static partial int close(int fd);

    [LibraryImport(Library, SetLastError = true)]
    public static partial long syscall(long number, nint a, nint b, nint c = 0, nint d = 0);

    [LibraryImport(Library)]
    public static partial int getppid();

    /// <summary>pidfd_open(2).</summary>
    public static int PidFd(int pid) => (int)syscall(SYS_pidfd_open, pid, 0);

    /// <summary>pidfd_send_signal(2).</summary>
    public static int PidFdSignal(int pidFd, int signal) => (int)syscall(SYS_pidfd_send_signal, pidFd, signal);
}
