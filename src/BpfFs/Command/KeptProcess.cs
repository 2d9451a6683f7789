using System.Runtime.InteropServices;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>A server that the keeper has started: its process and the socket to it.</summary>
internal sealed unsafe class KeptProcess
{
    public const int SIGKILL = 9;
    private const int KillPatience = 5000; // ms
    private const int LeastDescriptor = 16;
    private readonly int _pid;

    private KeptProcess(int pid, int pidFd, int socket)
    {
        _pid = pid;
        PidFd = pidFd;
        Socket = socket;
    }

    /// <summary>Readable when it has ended.</summary>
    public int PidFd { get; private set; }

    /// <summary>-1: closed by it.</summary>
    public int Socket { get; private set; }

    /// <summary>Environment.TickCount64; 0: never.</summary>
    public long ReadySince { get; set; }

    /// <summary>-1: ended by a signal.</summary>
    public int ExitCode { get; private set; }

    /// <summary>How it ended, for a person.</summary>
    public string Ending { get; private set; } = "";

    /// <summary>Starts one.</summary>
    /// <exception cref="CommandException">It cannot be executed.</exception>
    public static KeptProcess Start(byte[] program, int[] handed, string[] variables)
    {
        int* ends = stackalloc int[2];
        if (LibC.socketpair(LibC.AF_UNIX, LibC.SOCK_SEQPACKET | LibC.SOCK_CLOEXEC, 0, ends) != 0)
        {
            throw new CommandException(Command.ExitCode.Failed, $"socketpair: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        int own = High(ends[0]), its = High(ends[1]);
        try
        {
            (int, int)[] descriptors = [(its, FdStore.SocketDescriptor), .. handed.Select((fd, i) => (fd, FdStore.FuseDescriptor + i))];
            int pid = Launcher.Spawn(program, "kept", descriptors, isBackground: false, variables);
            return new KeptProcess(pid, LibC.PidFd(pid), own);
        }
        catch
        {
            LibC.close(own);
            throw;
        }
        finally
        {
            LibC.close(its);
        }
    }

    /// <summary>poll(2); what was found is in the elements.</summary>
    public static void Poll(Span<LibC.pollfd> fds, int timeout)
    {
        fixed (LibC.pollfd* p = fds) LibC.poll(p, (nuint)fds.Length, timeout);
    }

    /// <summary>Whether an event is there now.</summary>
    public static bool IsReady(int fd, short events)
    {
        Span<LibC.pollfd> one = [new() { fd = fd, events = events }];
        Poll(one, 0);
        return (one[0].revents & events) != 0;
    }

    public string? Receive(out int fd)
    {
        fd = -1;
        if (Socket < 0) return null;
        string? message = Descriptors.Receive(Socket, out fd, out bool isClosed);
        if (isClosed) CloseSocket();
        return message;
    }

    /// <summary>It may take over.</summary>
    public void Go() => Descriptors.Send(Socket, "1", -1, null);

    public void Signal(int signal) => LibC.kill(_pid, signal);

    /// <summary>Whether it has ended.</summary>
    public bool TryReap() => IsReady(PidFd, LibC.POLLIN) && WaitFor();

    /// <summary>
    /// Waits for its end after SIGKILL, but no longer than some seconds: a thread of it may be in a system call that not even that ends. It answers nobody any more, and what it
    /// was asked may be asked again.
    /// </summary>
    public void Reap()
    {
        Span<LibC.pollfd> one = [new() { fd = PidFd, events = LibC.POLLIN }];
        Poll(one, KillPatience);
        if (!TryReap()) Abandon();
    }

    /// <summary>Whether it is stopped or traced: somebody wants it to stand still.</summary>
    public bool IsHalted
    {
        get
        {
            try
            {
                foreach (string line in File.ReadLines($"/proc/{_pid}/status"))
                {
                    if (line.StartsWith("State:\t", StringComparison.Ordinal) && line[7] is 'T' or 't') return true;
                    if (line.StartsWith("TracerPid:\t", StringComparison.Ordinal)) return line[11..] != "0";
                }
                return false;
            }
            catch (IOException)
            {
                return false; // it has ended
            }
        }
    }

    private void Abandon()
    {
        ExitCode = -1;
        Ending = "does not end, though killed";
        LibC.close(PidFd);
        PidFd = -1;
        CloseSocket();
    }

    private static int High(int fd)
    {
        int high = LibC.fcntl(fd, LibC.F_DUPFD_CLOEXEC, LeastDescriptor);
        LibC.close(fd);
        return high;
    }

    private bool WaitFor()
    {
        int status = 0;
        while (LibC.waitpid(_pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Tmds.Linux.LibC.EINTR) { }
        int signal = status & 0x7F; // WTERMSIG
        ExitCode = signal != 0 ? -1 : (status >> 8) & 0xFF; // WEXITSTATUS
        Ending = signal != 0 ? $"ended with signal {signal}" : $"ended with exit status {ExitCode}";
        LibC.close(PidFd);
        PidFd = -1;
        CloseSocket();
        return true;
    }

    private void CloseSocket()
    {
        if (Socket >= 0) LibC.close(Socket);
        Socket = -1;
    }
}

/// <summary>The keeper's signals, as bytes in a pipe.</summary>
internal sealed unsafe class KeeperSignals : IDisposable
{
    public const int Reload = 10; // SIGUSR1
    public const int Leave = 12; // SIGUSR2
    private static readonly (PosixSignal Signal, int Number)[] s_all =
        [(PosixSignal.SIGTERM, 15), (PosixSignal.SIGINT, 2), (PosixSignal.SIGQUIT, 3), (PosixSignal.SIGHUP, 0), ((PosixSignal)Reload, Reload), ((PosixSignal)Leave, Leave)];

    private readonly PosixSignalRegistration[] _registrations;
    private readonly int _write;

    public KeeperSignals()
    {
        int* ends = stackalloc int[2];
        Tmds.Linux.LibC.pipe2(ends, Tmds.Linux.LibC.O_CLOEXEC | Tmds.Linux.LibC.O_NONBLOCK);
        Descriptor = ends[0];
        _write = ends[1];
        _registrations =
        [
            .. s_all.Select(row => PosixSignalRegistration.Create(row.Signal, context =>
            {
                context.Cancel = true;
                byte number = (byte)row.Number;
                if (number != 0) Tmds.Linux.LibC.write(_write, &number, 1); // SIGHUP never does anything
            })),
        ];
    }

    /// <summary>Readable when a signal has come.</summary>
    public int Descriptor { get; }

    /// <summary>Those that have come.</summary>
    public byte[] Take()
    {
        byte* numbers = stackalloc byte[16];
        int count = (int)Tmds.Linux.LibC.read(Descriptor, numbers, 16);
        return count <= 0 ? [] : new Span<byte>(numbers, count).ToArray();
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        LibC.close(Descriptor);
        LibC.close(_write);
    }
}
