using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace BpfFs.Command;

/// <summary>
/// Tells systemd how the service is, sd_notify(3): a datagram to the socket that <c>$NOTIFY_SOCKET</c> names. Only the service's main process does, which is a server in
/// the foreground or its keeper; one in the background may have been started by a script of some other service.
/// </summary>
internal static unsafe class ServiceManager
{
    private const int PathOffset = 2; // of sun_path in struct sockaddr_un
    private const int PathRoom = 108;

    /// <summary>Whether somebody listens to us.</summary>
    public static bool Listens => Launcher.Own is Launcher.Part.ForegroundServer or Launcher.Part.ForegroundKeeper && IsThere;

    /// <summary>Whether this process is, or belongs to, a service that systemd wants to hear of.</summary>
    public static bool IsThere => Address is { Length: > 0 };

    private static string? Address => Environment.GetEnvironmentVariable("NOTIFY_SOCKET");

    /// <summary>The view can be read.</summary>
    public static void Ready(string mountPoint, ILogger logger)
    {
        int errno = Tell($"READY=1\nSTATUS={OneLine($"mounted on {mountPoint}")}");
        if (errno != 0) Log.NotifyFailed(logger, Marshal.GetPInvokeErrorMessage(errno));
    }

    /// <summary>The view is about to end.</summary>
    public static int Stopping() => Tell("STOPPING=1");

    /// <summary>Sends assignments, a line each, if somebody listens. 0 or an errno.</summary>
    public static int Tell(string state) => Listens ? Send(Address!, state) : 0;

    /// <param name="address">A path, or <c>@</c> and the name of an abstract socket; others (vsock) are EAFNOSUPPORT.</param>
    /// <param name="state">What to send.</param>
    internal static int Send(string address, string state)
    {
        if (address[0] is not ('/' or '@')) return EAFNOSUPPORT;
        byte[] name = Encoding.UTF8.GetBytes(address);
        if (name.Length > PathRoom) return ENAMETOOLONG;
        if (name[0] == '@') name[0] = 0;
        byte* to = stackalloc byte[PathOffset + PathRoom];
        *(ushort*)to = (ushort)AF_UNIX;
        name.CopyTo(new Span<byte>(to + PathOffset, PathRoom));
        int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0) return errno;
        byte[] bytes = Encoding.UTF8.GetBytes(state);
        ssize_t sent;
        fixed (byte* data = bytes) sent = sendto(fd, data, bytes.Length, MSG_NOSIGNAL, (sockaddr*)to, PathOffset + name.Length);
        int result = sent < 0 ? errno : 0;
        close(fd);
        return result;
    }

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
