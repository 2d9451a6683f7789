using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>Processes and privileges. Functions that fail give -1 and set errno, unless they say otherwise.</summary>
internal static unsafe partial class LibC
{
    // <linux/prctl.h>
    public const int PR_CAPBSET_READ = 23;
    public const int PR_CAPBSET_DROP = 24;
    public const int PR_SET_NO_NEW_PRIVS = 38;
    public const int PR_CAP_AMBIENT = 47;
    public const int PR_CAP_AMBIENT_RAISE = 2;
    public const int PR_CAP_AMBIENT_CLEAR_ALL = 4;

    public const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522; // <linux/capability.h>

    public const short POSIX_SPAWN_SETSID = 0x80; // <spawn.h>

    public const int AT_EACCESS = 0x200; // <fcntl.h>
    public const int AT_STATX_DONT_SYNC = 0x4000;
    public const int X_OK = 1; // <unistd.h>
    public const int R_OK = 4;

    /// <summary><c>struct __user_cap_header_struct</c>; pid 0 is the calling thread.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct cap_user_header
    {
        public uint version;
        public int pid;
    }

    /// <summary><c>struct __user_cap_data_struct</c>: 32 capabilities; version 3 has two of them.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct cap_user_data
    {
        public uint effective;
        public uint permitted;
        public uint inheritable;
    }

    /// <summary>glibc's <c>posix_spawn_file_actions_t</c> (80 bytes) and <c>posix_spawnattr_t</c> (336 bytes), with room to spare.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 512)]
    public struct posix_spawn_room;

    [LibraryImport(Library, SetLastError = true)]
    public static partial int prctl(int option, nuint arg2, nuint arg3, nuint arg4, nuint arg5);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int capget(cap_user_header* header, cap_user_data* data);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int capset(cap_user_header* header, cap_user_data* data);

    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_init(posix_spawn_room* actions);

    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_addopen(posix_spawn_room* actions, int fd, byte* path, int oflag, uint mode);

    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_adddup2(posix_spawn_room* actions, int fd, int newfd);

    /// <summary>glibc 2.34 and later.</summary>
    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_addclosefrom_np(posix_spawn_room* actions, int from);

    [LibraryImport(Library)]
    public static partial int posix_spawn_file_actions_destroy(posix_spawn_room* actions);

    [LibraryImport(Library)]
    public static partial int posix_spawnattr_init(posix_spawn_room* attributes);

    [LibraryImport(Library)]
    public static partial int posix_spawnattr_setflags(posix_spawn_room* attributes, short flags);

    [LibraryImport(Library)]
    public static partial int posix_spawnattr_destroy(posix_spawn_room* attributes);

    /// <summary>Gives 0 or a positive errno.</summary>
    [LibraryImport(Library)]
    public static partial int posix_spawn(int* pid, byte* path, posix_spawn_room* actions, posix_spawn_room* attributes, byte** argv, byte** envp);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int faccessat(int directory, byte* path, int mode, int flags);
}
