using System.Globalization;
using BpfFs.View.Kept;
using Fuse;
using Microsoft.Extensions.Logging;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>
/// The process that starts the server and holds the two descriptors its successor needs: the connection to the kernel and the memory file. If the server dies
/// otherwise than by its own will, the keeper makes the kernel take back what it was asked (from then on those who wait can be killed) and starts the next one.
/// SIGTERM, SIGINT and SIGQUIT are the server's; SIGUSR1 replaces it by one of the program as it is now on disk. As a service, the keeper has systemd hold the two descriptors,
/// too, so that another keeper can go on: SIGUSR2 ends this one and leaves the mount to it. It knows nothing of BPF.
/// </summary>
internal sealed class Keeper(string directory, ILogger logger)
{
    private const int LeastDescriptor = 16; // ours must not be in the way of the numbers that a server gets
    private const int FreeFailures = 3;
    private const int MostDelay = 30_000;
    private const int LookDelay = 1000; // while nothing would tell that it was unmounted
    private static readonly TimeSpan s_stable = TimeSpan.FromSeconds(1);
    private readonly byte[] _program = Launcher.Program(); // now: when it is replaced, the link says so
    private readonly FdStore? _store = FdStore.OfKeeper();
    private readonly Heartbeat _heartbeat = new();
    private string? _mountPoint;
    private int _fuse = -1, _memory = -1, _restarts, _failures;
    private long _failedReloads;
    private int _stopSignal;
    private bool _wasReady, _leaves;
    private KeptProcess? _server, _next; // _next: loaded before it takes over

    /// <summary>Returns when the view has ended.</summary>
    /// <returns>The server's exit code.</returns>
    public int Run()
    {
        using var signals = new KeeperSignals();
        if (Launcher.Own == Launcher.Part.BackgroundKeeper) LibC.fcntl(Launcher.ReadyDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        TakeOver();
        _server = Start(0);
        long retryAt = long.MaxValue;
        while (true)
        {
            Wait(signals.Descriptor, retryAt);
            foreach (int signal in signals.Take()) Signalled(signal);
            if (_leaves) return Leave();
            if (_server is not null) Listen(_server);
            if (_next is not null) Listen(_next);
            if (_next?.TryReap() == true) EndOfNext();
            if (_server?.TryReap() == true && EndOfServer(ref retryAt) is { } code) return code;
            if (IsStuck() && EndOfServer(ref retryAt) is { } failed) return failed;
            if (_server is not null) continue;
            if (_stopSignal != 0 || IsUnmounted()) return EndWith((int)ExitCode.Failed);
            if (Environment.TickCount64 < retryAt) continue;
            retryAt = long.MaxValue;
            _server = TryStart(_restarts);
            if (_server is null) retryAt = Environment.TickCount64 + Failed("it cannot be started");
        }
    }

    /// <summary>While nobody serves it. Before Linux 6.9 there is no connection to keep that would tell: the dead mount is gone, or another file system is over it.</summary>
    private bool IsUnmounted() => _fuse >= 0
        ? !IsConnected
        : _mountPoint is not null && MountPoints.StateOf(_mountPoint, MountSettings.Subtype) is MountPointState.None or MountPointState.OtherFileSystem;

    /// <summary>Not: unmounted, or aborted.</summary>
    private bool IsConnected => !KeptProcess.IsReady(_fuse, LibC.POLLERR);

    /// <summary>What a keeper before us has left with systemd, if it is mounted yet.</summary>
    private void TakeOver()
    {
        if (_store is null) return;
        if (_store.Memory >= 0) Keep(ref _memory, _store.Memory);
        if (_store.Fuse >= 0) Keep(ref _fuse, _store.Fuse);
        if (_memory >= 0 && _fuse >= 0 && IsConnected)
        {
            WriteFailedReloads();
            return;
        }
        Drop(ref _memory);
        Drop(ref _fuse);
    }

    /// <summary>It lives and does not answer: it is killed, as it could be at any time.</summary>
    private bool IsStuck()
    {
        if (_server is null || _mountPoint is null || _stopSignal != 0 || !_heartbeat.IsStuck(_mountPoint, _server)) return false;
        Log.ServerStuck(logger, _mountPoint);
        _server.Signal(KeptProcess.SIGKILL);
        _server.Reap();
        return true;
    }

    private void Wait(int signals, long retryAt)
    {
        int timeout = _server is not null ? (_mountPoint is not null ? _heartbeat.Delay : -1) : (int)Math.Clamp(retryAt - Environment.TickCount64, 0, _fuse >= 0 ? MostDelay : LookDelay);
        Span<LibC.pollfd> all =
        [
            new() { fd = signals, events = LibC.POLLIN },
            new() { fd = _server?.Socket ?? -1, events = LibC.POLLIN },
            new() { fd = _server?.PidFd ?? -1, events = LibC.POLLIN },
            new() { fd = _next?.Socket ?? -1, events = LibC.POLLIN },
            new() { fd = _next?.PidFd ?? -1, events = LibC.POLLIN },
            new() { fd = _server is null ? _fuse : -1 }, // POLLERR: unmounted while nobody served it
        ];
        KeptProcess.Poll(all, timeout);
    }

    private void Signalled(int signal)
    {
        if (signal == KeeperSignals.Reload)
        {
            // Without a connection to hand over the new one cannot take it; it would find a live mount.
            if (_fuse < 0 || _server is null || _next is not null) return;
            _next = TryStart(_restarts + 1);
            if (_next is null) TellReloadFailed();
            return;
        }
        if (signal == KeeperSignals.Leave)
        {
            if (_store is not null && _fuse >= 0)
            {
                _leaves = true;
                return;
            }
            signal = Tmds.Linux.LibC.SIGTERM; // nobody could go on with it
        }
        _stopSignal = signal;
        ServiceManager.Stopping();
        _server?.Signal(signal);
        _next?.Signal(KeptProcess.SIGKILL);
    }

    private void Listen(KeptProcess from)
    {
        while (from.Receive(out int fd) is { } message)
        {
            if (message.StartsWith("FDSTORE=1", StringComparison.Ordinal) && fd >= 0)
            {
                bool isLast = message.EndsWith(FdStore.FuseName, StringComparison.Ordinal);
                Keep(ref isLast ? ref _fuse : ref _memory, fd);
                if (isLast) _store?.Store(_memory, _fuse);
            }
            else if (message.StartsWith("X_LOADED=1", StringComparison.Ordinal))
            {
                if (from == _next) Promote();
                from.Go();
            }
            else if (message.StartsWith("READY=1\nX_MOUNT=", StringComparison.Ordinal))
            {
                from.ReadySince = Environment.TickCount64;
                _mountPoint = message[16..];
                if (_wasReady) continue;
                _wasReady = true;
                ServiceManager.Ready(_mountPoint, logger);
                if (Launcher.TellReady()) StartCode.GiveBack();
                else from.Signal(Tmds.Linux.LibC.SIGTERM); // nobody waits for it any more
            }
        }
    }

    private static void Keep(ref int kept, int fd)
    {
        int high = LibC.fcntl(fd, LibC.F_DUPFD_CLOEXEC, LeastDescriptor);
        LibC.close(fd);
        Drop(ref kept);
        kept = high;
    }

    private static void Drop(ref int kept)
    {
        if (kept >= 0) LibC.close(kept);
        kept = -1;
    }

    /// <summary>The next one has loaded: the present one is killed, as it could be at any time, and what it was asked comes again.</summary>
    private void Promote()
    {
        _server!.Signal(KeptProcess.SIGKILL);
        _server.Reap();
        FuseMount.Resend(_fuse);
        _server = _next;
        _next = null;
        _heartbeat.Restart();
        _restarts++;
        Log.Reloaded(logger, _mountPoint ?? directory);
    }

    private void EndOfNext()
    {
        Log.ReloadFailed(logger, _mountPoint ?? directory, _next!.Ending);
        _next = null;
        TellReloadFailed();
    }

    private void TellReloadFailed()
    {
        _failedReloads++;
        WriteFailedReloads();
    }

    private unsafe void WriteFailedReloads()
    {
        fixed (long* count = &_failedReloads) LibC.pwrite(_memory, (byte*)count, sizeof(long), KeptMemory.FailedReloadsAt);
    }

    /// <summary>Not null: this is the end of us, too.</summary>
    private int? EndOfServer(ref long retryAt)
    {
        KeptProcess ended = _server!;
        _server = null;
        _heartbeat.Restart();
        if (ended.ExitCode == 0 || (!_wasReady && ended.ExitCode > 0) || (_stopSignal != 0 && ended.ExitCode >= 0)) return EndWith(ended.ExitCode);
        if (!_wasReady)
        {
            StderrLogger.Fail($"start server: {ended.Ending} before it was ready");
            return EndWith((int)ExitCode.Failed);
        }
        if (_fuse >= 0) FuseMount.Resend(_fuse);
        if (_stopSignal != 0) return EndWith((int)ExitCode.Failed);
        if (ended.ReadySince != 0 && Environment.TickCount64 - ended.ReadySince >= s_stable.TotalMilliseconds) _failures = 0;
        if (_next is not null)
        {
            // A new one was on its way already.
            _server = _next;
            _next = null;
            return null;
        }
        retryAt = Environment.TickCount64 + Failed(ended.Ending);
        return null;
    }

    /// <summary>Milliseconds until the next attempt.</summary>
    private int Failed(string cause)
    {
        _failures++;
        _restarts++;
        int delay = _failures <= FreeFailures ? 0 : Math.Min(100 << Math.Min(_failures - FreeFailures - 1, 16), MostDelay);
        if (delay == 0) Log.ServerEnded(logger, _mountPoint ?? directory, cause);
        else Log.ServerKeepsEnding(logger, _mountPoint ?? directory, cause, _failures, delay / 1000.0);
        return delay;
    }

    /// <summary>The server ends as if it were killed, and its mount stays without one until systemd has started the next keeper.</summary>
    private int Leave()
    {
        ServiceManager.Stopping();
        Kill(_server);
        Kill(_next);
        FuseMount.Resend(_fuse); // those who wait can be killed
        return (int)ExitCode.Ok;
    }

    private int EndWith(int code)
    {
        Kill(_next);
        if (code != 0) Detach();
        return code;
    }

    /// <summary>Nobody serves the mount any more, if there is still one.</summary>
    private void Detach()
    {
        try
        {
            if (_fuse >= 0 && IsConnected) MountPoints.DetachAbandoned(_mountPoint ?? directory, MountSettings.Subtype);
            else if (_mountPoint is not null && MountPoints.StateOf(_mountPoint, MountSettings.Subtype) == MountPointState.Dead) MountPoints.DetachDead(_mountPoint);
        }
        catch (FuseException e)
        {
            Log.EndFailed(logger, e);
        }
    }

    private static void Kill(KeptProcess? process)
    {
        process?.Signal(KeptProcess.SIGKILL);
        process?.Reap();
    }

    private KeptProcess? TryStart(int restarts)
    {
        try
        {
            return Start(restarts);
        }
        catch (CommandException e)
        {
            Log.StartFailed(logger, e.Message);
            return null;
        }
    }

    private KeptProcess Start(int restarts)
    {
        bool handsOver = _fuse >= 0 && _memory >= 0;
        List<(string Name, string Value)> variables = [(FdStore.RestartsVariable, restarts.ToString(CultureInfo.InvariantCulture))];
        if (handsOver) variables.Add((FdStore.HandedVariable, "1"));
        if (Launcher.Own == Launcher.Part.ForegroundKeeper) variables.Add((FdStore.ForegroundVariable, "1"));
        if (_mountPoint is not null) variables.Add((FdStore.MountVariable, _mountPoint));
        if (_server is not null) variables.Add((FdStore.BesideVariable, "1"));
        bool isThere = File.Exists(System.Text.Encoding.UTF8.GetString(_program.AsSpan()[..^1]));
        return KeptProcess.Start(isThere ? _program : Launcher.Program(), handsOver ? [_fuse, _memory] : [], [.. variables.Select(v => $"{v.Name}={v.Value}")]);
    }
}
