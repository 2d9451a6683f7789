using System.Runtime.InteropServices;
using Tmds.Linux;

namespace Iterators;

/// <summary>
/// Where Landlock keeps a thread's domain. Security modules share one piece of memory for each credential, and nothing says whose part begins where; so a thread of ours
/// restricts itself, and what has changed is it (landlock_restrict_self(2), security/landlock/syscalls.c).
/// </summary>
internal static unsafe class Landlock
{
    /// <summary>The kernel has Landlock, and it was not found.</summary>
    public const int Unknown = -2;

    private const int Nowhere = -1;
    private const long SYS_landlock_create_ruleset = 444; // the same on every architecture
    private const long SYS_landlock_restrict_self = 446;
    private const ulong LANDLOCK_ACCESS_FS_MAKE_BLOCK = 1 << 11; // which the server does not do
    private const ulong KernelHalf = 1UL << 63;

    /// <summary>Bytes from the start of <c>cred->security</c>; -1: there is no Landlock; <see cref="Unknown"/>.</summary>
    /// <param name="program">bpf/readers.h, cred_words().</param>
    public static int FindDomain(int program)
    {
        int found = Unknown;
        var thread = new Thread(() => found = FindOnThread(program)) { IsBackground = true, Name = "landlock" };
        thread.Start(); // it stays restricted, and ends
        thread.Join();
        return found;
    }

    private static int FindOnThread(int program)
    {
        ulong handled = LANDLOCK_ACCESS_FS_MAKE_BLOCK; // struct landlock_ruleset_attr: its first member is enough
        using Fd ruleset = new((int)Native.LibC.syscall(SYS_landlock_create_ruleset, (nint)(&handled), sizeof(ulong), 0, 0, 0) is var fd and >= 0 ? fd : -Marshal.GetLastPInvokeError());
        if (ruleset.Errno == LibC.ENOSYS || ruleset.Errno == LibC.EOPNOTSUPP) return Nowhere;
        cred_words_record before = default, after = default;
        if (ruleset.Errno != 0 || program < 0 || OneObject.Run(program, ref before) != 0 || before.count == 0) return Unknown;
        if (Native.LibC.syscall(SYS_landlock_restrict_self, ruleset.Value, 0, 0, 0, 0) != 0) return Unknown;
        if (OneObject.Run(program, ref after) != 0 || after.count == 0) return Unknown;
        for (int i = 0; i < (int)before.count; i++)
        {
            ulong was = ((ReadOnlySpan<ulong>)before.words)[i], now = ((ReadOnlySpan<ulong>)after.words)[i];
            if (was != now && (was == 0 || was >= KernelHalf) && now >= KernelHalf) return i * sizeof(ulong);
        }
        return Unknown;
    }
}
