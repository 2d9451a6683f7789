using System.Runtime.InteropServices;

namespace BpfFs.Command;

/// <summary>
/// From its creation on no signal ends the process by itself: the first SIGTERM, SIGINT or SIGQUIT asks for the end, later ones change nothing,
/// SIGHUP never does. The runtime ignores SIGPIPE.
/// </summary>
internal sealed class StopSignals : IDisposable
{
    private readonly TaskCompletionSource<string> _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration[] _registrations;

    public StopSignals() => _registrations =
    [
        .. new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGQUIT, PosixSignal.SIGHUP }
            .Select(signal => PosixSignalRegistration.Create(signal, Take)),
    ];

    /// <summary>Completes with the name of the first signal.</summary>
    public Task<string> Stopped => _stopped.Task;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
    }

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        if (context.Signal != PosixSignal.SIGHUP) _stopped.TrySetResult(context.Signal.ToString());
    }
}
