using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>
/// Makes the server's process, which is this program executed anew with the same arguments: in the background because a .NET process cannot
/// fork, and in the foreground too, because only execve(2) takes capabilities from every thread. An environment variable tells the new
/// process that it is the server, so it cannot happen twice.
/// </summary>
internal static unsafe class Launcher
{
    private const string Variable = "BPFFS_VIEW_SERVER";
    public const int ReadyDescriptor = 3; // the write end of the pipe on which the starter waits

    /// <summary>What this process is.</summary>
    public enum Part
    {
        Starter,
        BackgroundServer,
        ForegroundServer,

        /// <summary>Started by a keeper; <see cref="FdStore"/> has the way to it.</summary>
        KeptServer,
        BackgroundKeeper,
        ForegroundKeeper,
    }

    /// <summary>Finds out, once.</summary>
    public static Part Own { get; } = Environment.GetEnvironmentVariable(Variable) switch
    {
        "background" => Part.BackgroundServer,
        "foreground" => Part.ForegroundServer,
        "kept" => Part.KeptServer,
        "keeper" => Part.BackgroundKeeper,
        "foreground-keeper" => Part.ForegroundKeeper,
        _ => Part.Starter,
    };

    /// <summary>
    /// A shell script starts what it puts behind <c>&amp;</c> with SIGINT and SIGQUIT ignored, and execve(2) hands that on; the signals that end the
    /// server must reach it.
    /// </summary>
    public static void RestoreSignals()
    {
        sigaction @default = default; // SIG_DFL
        foreach (int signal in (ReadOnlySpan<int>)[SIGINT, SIGQUIT, SIGTERM]) sigaction(signal, &@default, null);
    }

    /// <summary>Starts the server, or its keeper, in a session of its own and waits until it is ready or has ended; it has said why itself.</summary>
    /// <returns>0, or the server's exit code.</returns>
    public static int StartInBackground(bool withKeeper)
    {
        int* ends = stackalloc int[2];
        if (pipe2(ends, O_CLOEXEC) != 0) throw Failure("pipe", errno);
        int pid = Spawn(Program(), withKeeper ? "keeper" : "background", [(ends[1], ReadyDescriptor)], isBackground: true);
        close(ends[1]);
        byte ready;
        ssize_t length;
        while ((length = read(ends[0], &ready, 1)) < 0 && errno == EINTR) { }
        if (length == 1) return (int)ExitCode.Ok;
        int status = 0;
        while (LibC.waitpid(pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == EINTR) { }
        int signal = status & 0x7F; // WTERMSIG
        if (signal != 0) throw new CommandException(ExitCode.Failed, $"start server: it ended with signal {signal} before it was ready");
        int code = (status >> 8) & 0xFF; // WEXITSTATUS
        return code != 0 ? code : (int)ExitCode.Failed;
    }

    /// <summary>Replaces this process by the server or its keeper, which has its terminal and its process id.</summary>
    public static void BecomeServer(bool withKeeper)
    {
        using var arguments = new NativeStrings(ReadStrings("/proc/self/cmdline"));
        using NativeStrings environment = EnvironmentOf(withKeeper ? "foreground-keeper" : "foreground", []);
        fixed (byte* path = Program()) execve(path, arguments.Pointer, environment.Pointer);
        throw Failure("execute", errno);
    }

    /// <summary>
    /// Lets the starter return to its shell, and lets go of what the shell gave us. False: the starter is gone, so nobody waits for this
    /// server (interrupted while it started).
    /// </summary>
    public static bool TellReady()
    {
        if (Own is not (Part.BackgroundServer or Part.BackgroundKeeper)) return true;
        fixed (byte* root = "/\0"u8) chdir(root);
        byte ready = 1;
        bool isHeard = write(ReadyDescriptor, &ready, 1) == 1;
        close(ReadyDescriptor);
        if (isHeard) LetGoOfTerminal();
        return isHeard;
    }

    /// <summary>What <see cref="TellReady"/> does for a server without a keeper.</summary>
    public static void LetGoOfShell()
    {
        if (Own != Part.KeptServer || Environment.GetEnvironmentVariable(FdStore.ForegroundVariable) is not null) return;
        fixed (byte* root = "/\0"u8) chdir(root);
        LetGoOfTerminal();
    }

    /// <summary>In the background, standard error that would keep a shell waiting is let go.</summary>
    public static void LetGoOfTerminal()
    {
        if (!OutlivesTerminal()) Redirect();
    }

    /// <summary>
    /// A log file or the journal stays standard error for good; a terminal or a pipe must be let go, or <c>$(bpffs-view ...)</c> would wait for us.
    /// </summary>
    private static bool OutlivesTerminal()
    {
        stat found;
        if (fstat(2, &found) != 0) return false;
        // A socket is the journal's if systemd.exec(5) says so; sshd uses socket pairs, too, and waits for their end.
        string here = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{(ulong)found.st_dev}:{(ulong)found.st_ino}");
        return ((uint)found.st_mode & (uint)S_IFMT) == (uint)S_IFREG || Environment.GetEnvironmentVariable("JOURNAL_STREAM") == here;
    }

    private static void Redirect()
    {
        fixed (byte* path = "/dev/null\0"u8)
        {
            int fd = open(path, O_RDWR | O_CLOEXEC, default);
            if (fd < 0) return;
            dup2(fd, 2);
            close(fd);
        }
    }

    /// <summary>Executes a program with our arguments.</summary>
    /// <param name="program">Its path, ended by 0.</param>
    /// <param name="part">What it is to be.</param>
    /// <param name="descriptors">What it gets as which number, from 3 on in this order; none of ours is below 16, or they do not overlap.</param>
    /// <param name="isBackground">In a session of its own, without our standard input and output.</param>
    /// <param name="variables">More of its environment: NAME=value.</param>
    /// <returns>Its process id.</returns>
    /// <exception cref="CommandException">It cannot be executed.</exception>
    public static int Spawn(byte[] program, string part, (int Own, int Its)[] descriptors, bool isBackground, params string[] variables)
    {
        LibC.posix_spawn_room actions, attributes;
        LibC.posix_spawn_file_actions_init(&actions);
        LibC.posix_spawnattr_init(&attributes);
        try
        {
            fixed (byte* path = program, nowhere = "/dev/null\0"u8)
            {
                if (isBackground)
                {
                    LibC.posix_spawn_file_actions_addopen(&actions, 0, nowhere, O_RDONLY, 0);
                    LibC.posix_spawn_file_actions_addopen(&actions, 1, nowhere, O_WRONLY, 0);
                    LibC.posix_spawnattr_setflags(&attributes, LibC.POSIX_SPAWN_SETSID);
                }
                int next = ReadyDescriptor;
                foreach ((int own, int its) in descriptors)
                {
                    LibC.posix_spawn_file_actions_adddup2(&actions, own, its);
                    next = its + 1;
                }
                // A lock that a script holds by descriptor 9 must not be held by us from now on.
                LibC.posix_spawn_file_actions_addclosefrom_np(&actions, next);
                using var arguments = new NativeStrings(ReadStrings("/proc/self/cmdline"));
                using NativeStrings environment = EnvironmentOf(part, variables);
                int pid;
                int errno = LibC.posix_spawn(&pid, path, &actions, &attributes, arguments.Pointer, environment.Pointer);
                return errno == 0 ? pid : throw Failure("execute", errno);
            }
        }
        finally
        {
            LibC.posix_spawnattr_destroy(&attributes);
            LibC.posix_spawn_file_actions_destroy(&actions);
        }
    }

    private static NativeStrings EnvironmentOf(string part, string[] variables)
    {
        string prefix = Variable[..Variable.LastIndexOf('_')]; // ours of all names, which an earlier part has set
        return new NativeStrings(
        [
            .. ReadStrings("/proc/self/environ").Where(v => !v.AsSpan().StartsWith(Encoding.ASCII.GetBytes(prefix + "_PART")) && !v.AsSpan().StartsWith(Encoding.ASCII.GetBytes(Variable + "="))),
            Encoding.ASCII.GetBytes($"{Variable}={part}"),
            .. variables.Select(Encoding.UTF8.GetBytes),
        ]);
    }

    /// <summary>The program's path; under dotnet run the dotnet host's, whose arguments name us. The link itself would make ps show "exe".</summary>
    public static byte[] Program()
    {
        const string link = "/proc/self/exe";
        string? path = new FileInfo(link).LinkTarget;
        return Encoding.UTF8.GetBytes((path is not null && File.Exists(path) ? path : link) + '\0');
    }

    private static List<byte[]> ReadStrings(string path)
    {
        byte[] bytes = File.ReadAllBytes(path);
        List<byte[]> strings = [];
        for (int start = 0; start < bytes.Length;)
        {
            int length = bytes.AsSpan(start).IndexOf((byte)0);
            if (length < 0) length = bytes.Length - start;
            strings.Add(bytes.AsSpan(start, length).ToArray());
            start += length + 1;
        }
        return strings;
    }

    private static CommandException Failure(string operation, int errno) =>
        new(ExitCode.Failed, $"{operation} server: {Marshal.GetPInvokeErrorMessage(errno)}");
}
