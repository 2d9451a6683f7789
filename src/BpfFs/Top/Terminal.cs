using System.Runtime.InteropServices;
using System.Text;
using BpfFs.Command;
using static BpfFs.Native.LibC;

namespace BpfFs.Top;

/// <summary>What <see cref="Terminal.Wait"/> came back for.</summary>
internal enum Event
{
    Timeout,
    Key,
    Resized,
    Ended,
}

/// <summary>
/// The terminal while a full screen is shown on it: raw, without cursor, on the alternate screen. However this ends, but by SIGKILL, it is left as it was found.
/// Not <see cref="Console"/>, which reads keys by terminfo and decides itself when to change the terminal.
/// </summary>
internal sealed unsafe class Terminal : IDisposable
{
    private const int In = 0, Out = 1, O_CLOEXEC = 0x80000, O_NONBLOCK = 0x800, EINTR = 4, EAGAIN = 11;
    private const byte Winch = (byte)'w', End = (byte)'e';
    private readonly PosixSignalRegistration[] _signals;
    private readonly int _wakeRead, _wakeWrite;
    private readonly Queue<byte> _input = new();
    private termios_room _before, _raw;
    private bool _isEntered;

    /// <exception cref="CommandException">Input or output is no terminal.</exception>
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Interoperability", "CA1416", Justification = "Linux only")]
    public Terminal()
    {
        termios_room before;
        winsize size;
        if (tcgetattr(In, &before) != 0 || ioctl(Out, TIOCGWINSZ, &size) != 0) throw new CommandException(ExitCode.Usage, "top: this is no terminal: --once prints one reading");
        _before = before;
        int* pipe = stackalloc int[2];
        if (pipe2(pipe, O_CLOEXEC | O_NONBLOCK) != 0) throw new CommandException(ExitCode.Failed, "top: pipe: " + Marshal.GetLastPInvokeErrorMessage());
        (_wakeRead, _wakeWrite) = (pipe[0], pipe[1]);
        _signals =
        [
            .. ((PosixSignal[])[PosixSignal.SIGTERM, PosixSignal.SIGHUP, PosixSignal.SIGINT, PosixSignal.SIGQUIT]).Select(signal => PosixSignalRegistration.Create(signal, context =>
            {
                context.Cancel = true;
                Wake(End);
            })),
            PosixSignalRegistration.Create(PosixSignal.SIGWINCH, _ => Wake(Winch)),
            PosixSignalRegistration.Create(PosixSignal.SIGCONT, _ => Wake(Winch)), // stopped by somebody else, and gone on: draw anew
        ];
        Enter();
    }

    public int Width { get; private set; } = 80;

    public int Height { get; private set; } = 24;

    /// <summary>Shows lines from the top; what is below is cleared.</summary>
    public void Show(IReadOnlyList<string> lines)
    {
        // Each time: after SIGCONT the runtime puts back what it found at its start, whenever its thread comes to that.
        termios_room raw = _raw;
        tcsetattr(In, TCSANOW, &raw);
        var text = new StringBuilder("\x1b[H");
        for (int i = 0; i < Math.Min(lines.Count, Height); i++)
        {
            text.Append(lines[i]).Append("\x1b[0m\x1b[K");
            if (i + 1 < Height) text.Append("\r\n");
        }
        if (lines.Count < Height) text.Append("\x1b[J");
        Write(text.ToString());
    }

    /// <summary>Waits for a key or a signal, at most so long.</summary>
    public Event Wait(TimeSpan limit)
    {
        if (_input.Count > 0) return Event.Key;
        pollfd* fds = stackalloc pollfd[2];
        fds[0] = new pollfd { fd = In, events = POLLIN };
        fds[1] = new pollfd { fd = _wakeRead, events = POLLIN };
        int ready = poll(fds, 2, (int)Math.Clamp(limit.TotalMilliseconds, 0, int.MaxValue));
        if (ready < 0) return Event.Resized; // EINTR: a signal, whose byte comes
        if (fds[1].revents != 0) return Woken();
        if (fds[0].revents == 0) return Event.Timeout;
        return Take() ? Event.Key : Event.Ended; // the terminal is gone
    }

    /// <summary>The next key that was typed; null: none.</summary>
    public Key? Read() => Key.Parse(_input, more: IsMoreComing);

    /// <summary>As the shell's ^Z: gives the terminal back, stops, and takes it again.</summary>
    public void Suspend()
    {
        Leave();
        kill(0, SIGSTOP); // the whole job; SIGTSTP the runtime keeps to itself
        Enter();
    }

    public void Dispose()
    {
        Leave();
        foreach (PosixSignalRegistration signal in _signals) signal.Dispose();
        Tmds.Linux.LibC.close(_wakeRead);
        Tmds.Linux.LibC.close(_wakeWrite);
    }

    private void Enter()
    {
        termios_room raw = _before;
        cfmakeraw(&raw);
        _raw = raw;
        tcsetattr(In, TCSAFLUSH, &raw);
        _isEntered = true;
        Write("\x1b[?1049h\x1b[?25l\x1b[2J");
        Measure();
    }

    private void Leave()
    {
        if (!_isEntered) return;
        _isEntered = false;
        Write("\x1b[0m\x1b[?25h\x1b[?1049l");
        termios_room before = _before;
        tcsetattr(In, TCSAFLUSH, &before);
    }

    private void Measure()
    {
        winsize size;
        if (ioctl(Out, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return;
        (Width, Height) = (size.ws_col, size.ws_row);
    }

    private void Wake(byte what) => write(_wakeWrite, &what, 1); // a full pipe wakes, too

    private Event Woken()
    {
        byte* bytes = stackalloc byte[64];
        nint got = read(_wakeRead, bytes, 64);
        if (new ReadOnlySpan<byte>(bytes, (int)Math.Max(got, 0)).Contains(End)) return Event.Ended;
        Measure();
        Write("\x1b[2J");
        return Event.Resized;
    }

    private bool Take()
    {
        byte* bytes = stackalloc byte[256];
        nint got = read(In, bytes, 256);
        for (int i = 0; i < got; i++) _input.Enqueue(bytes[i]);
        return got > 0;
    }

    /// <summary>Whether bytes follow at once: the rest of a key's sequence, and not the next key.</summary>
    private bool IsMoreComing()
    {
        pollfd fd = new() { fd = In, events = POLLIN };
        return poll(&fd, 1, 50) > 0 && Take();
    }

    private static void Write(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        fixed (byte* start = bytes)
        {
            for (int at = 0; at < bytes.Length;)
            {
                nint wrote = write(Out, start + at, (nuint)(bytes.Length - at));
                if (wrote > 0) at += (int)wrote;
                else if (Marshal.GetLastPInvokeError() is not (EINTR or EAGAIN)) return; // gone; the next read tells
            }
        }
    }
}
