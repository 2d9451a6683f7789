using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>
/// Tells systemd how the service is, sd_notify(3): a datagram to the socket that <c>$NOTIFY_SOCKET</c> names. Only the service's main process does, which is a server in
/// the foreground or its keeper; one in the background may have been started by a script of some other service.
/// </summary>
internal static class ServiceManager
{
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
    public static int Tell(string state) => Listens ? Descriptors.SendTo(Address!, state) : 0;

    private static string OneLine(string text) => string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
}
