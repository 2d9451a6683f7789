using System.Runtime.InteropServices;

namespace BpfFs.Native;

/// <summary>The terminal. Functions that fail give -1 and set errno.</summary>
internal static unsafe partial class LibC
{
    public const int TCSANOW = 0; // <termios.h>
    public const int TCSAFLUSH = 2;
    public const nuint TIOCGWINSZ = 0x5413; // <asm-generic/ioctls.h>
    public const int SIGSTOP = 19;
    public const short POLLIN = 1;

    /// <summary>glibc's <c>struct termios</c> (60 bytes): only libc looks into it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    public struct termios_room;

    [StructLayout(LayoutKind.Sequential)]
    public struct winsize
    {
        public ushort ws_row;
        public ushort ws_col;
        public ushort ws_xpixel;
        public ushort ws_ypixel;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct pollfd
    {
        public int fd;
        public short events;
        public short revents;
    }

    [LibraryImport(Library, SetLastError = true)]
    public static partial int tcgetattr(int fd, termios_room* termios);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int tcsetattr(int fd, int actions, termios_room* termios);

    [LibraryImport(Library)]
    public static partial void cfmakeraw(termios_room* termios);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int ioctl(int fd, nuint request, winsize* size);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int poll(pollfd* fds, nuint count, int timeout);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int pipe2(int* fds, int flags);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint read(int fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint write(int fd, byte* buffer, nuint count);

    [LibraryImport(Library, SetLastError = true)]
    public static partial int kill(int pid, int signal);
}
