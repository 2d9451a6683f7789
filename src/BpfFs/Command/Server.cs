using BpfFs.View;
using BpfFs.View.Kept;
using Fuse;
using Iterators;
using Iterators.User;
using Microsoft.Extensions.Logging;

namespace BpfFs.Command;

/// <summary>The life of a mounted view. Whatever ends it, and wherever its start fails, what was made is unmade in reverse.</summary>
internal sealed class Server(MountSettings settings, ILogger logger)
{
    private IteratorSet? _iterators;
    private UserIterators? _userIterators;
    private ViewContext? _context;
    private FuseMount? _mount;
    private Pins? _pins;
    private bool _countsRuns;
    private FdStore? _store;
    private KeptMemory? _kept;
    private bool _isAdopted;
    private string _seccomp = "off";

    /// <summary>Mounts, says that it is ready, and returns when the view has ended.</summary>
    /// <exception cref="CommandException">The start failed; nothing is left of it.</exception>
    public async Task RunAsync(StopSignals signals)
    {
        bool keepPins = false;
        try
        {
            FindStore();
            Load();
            CountRuns();
            if (_store is { Fuse: >= 0 } store && !store.WaitForTurn()) throw NotStarted("its keeper is gone");
            if (_isAdopted) Pin(); // whoever reads status is to find all of it
            Mount(); // before the pins: a live view there is refused before its pins are replaced
            if (!_isAdopted) Pin();
            if (signals.Stopped.IsCompletedSuccessfully) throw NotStarted($"{signals.Stopped.Result} before it was ready");
            _iterators!.ReportMissing(); // not before: a start that fails says one line
            if (_store is not null) Launcher.LetGoOfShell();
            FilterSystemCalls();
            TellManager();
            if (!Launcher.TellReady()) throw NotStarted("nobody waits for it any more");
            _store?.TellReady(_mount!.MountPoint);
            StartCode.GiveBack();
            keepPins = settings.KeepPins;
            await Task.WhenAny(signals.Stopped, _mount!.WaitForUnmountAsync()).ConfigureAwait(false);
            if (signals.Stopped.IsCompletedSuccessfully) Log.Signalled(logger, signals.Stopped.Result, _mount.MountPoint);
            ServiceManager.Stopping();
        }
        finally
        {
            await EndAsync(keepPins).ConfigureAwait(false);
        }
    }

    /// <summary>Whether any part has files that say who holds something.</summary>
    private bool NeedsHolders => settings.Subset.Count == 0 || settings.Subset.Any(part => part is "progs" or "maps" or "links" or "btf" or "pids");

    /// <summary>Who keeps what the next server needs, and what is left of the one before.</summary>
    private void FindStore()
    {
        _store = FdStore.OfServer();
        if (_store is null) return;
        settings.Directory = FdStore.MountPoint ?? settings.Directory;
        int reason = 0;
        if (_store.Memory >= 0) _kept = KeptMemory.TryOpen(_store.Memory, out reason);
        _isAdopted = _store.Fuse >= 0 && _kept is { Text.Length: > 0 };
        if (_isAdopted) return;
        if (_store.Fuse >= 0)
        {
            string cause = reason == KeptMemory.AnotherLayout ? "another version of the program wrote it" : System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(reason);
            if (FdStore.IsBeside) throw NotStarted($"what the running server keeps cannot be taken over: {cause}; unmount and mount again (the service: systemctl restart)");
            Log.NotAdopted(logger, settings.Directory, cause);
        }
        try
        {
            if (FuseProbe.Ask().OffersResend) _kept = KeptMemory.TryCreate(out reason);
        }
        catch (FuseException e)
        {
            throw CommandException.Mount(e);
        }
        if (_kept is null && reason != 0) Log.NoMemory(logger, System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(reason));
    }

    private void Load()
    {
        try
        {
            KernelBtf.Require(settings.KernelBtf);
            if (settings.KernelBtf is { } btf) KernelEnums.Running.ReadFrom(() => KernelEnums.ReadFile(btf));
            _iterators = IteratorSet.Load(new IteratorSetOptions { KernelBtf = settings.KernelBtf, WithoutHolders = !NeedsHolders, Broken = MountSettings.Broken }, logger);
            _userIterators = UserIterators.Of(settings.IteratorDirectory, settings.KernelBtf, logger);
        }
        catch (BpfException e)
        {
            throw CommandException.Load(e);
        }
    }

    private void CountRuns()
    {
        _context = new ViewContext(_iterators!, logger, _kept, _isAdopted ? _kept!.Times : null) { UserIterators = _userIterators, Gid = settings.Gid, MetricsLimit = settings.MetricsLimit };
        if (!settings.WithStats) return;
        int errno = _context.RunStats.Acquire();
        if (errno != 0) throw NotStarted($"count runs: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)}");
        _countsRuns = true;
    }

    private void Mount()
    {
        ViewContext context = _context!;
        Tree tree = ViewTable.Build(_iterators!, settings.Subset, out string? unknown)
            ?? throw new CommandException(ExitCode.Usage, $"subset {unknown}: no part of the view; there are {string.Join(' ', ViewTable.Parts(_iterators!))}");
        var view = new ViewFileSystem(tree, context, new ViewOptions(settings.Gid, settings.HidesPids));
        // Requests come before the mount is known here: whoever asks for its status waits until it is.
        var mounted = new TaskCompletionSource<FuseMount>(TaskCreationOptions.RunContinuationsAsynchronously);
        context.Server = () => StatusOf(mounted.Task.GetAwaiter().GetResult(), view);
        var options = new FuseMountOptions
        {
            Source = settings.Source,
            Subtype = MountSettings.Subtype,
            AllowOther = true,
            NoExec = settings.NoExec,
            NoAtime = settings.NoAtime,
            Workers = settings.Workers,
            MaxWorkers = UserAccounts.Threads,
            IoUring = _kept is null ? settings.IoUring : IoUring.Off, // what comes over io_uring cannot come again
        };
        try
        {
            if (!_isAdopted && _store is { Fuse: >= 0 }) MountPoints.DetachAbandoned(settings.Directory, MountSettings.Subtype);
            if (_isAdopted) view.Adopt(_kept!);
            _mount = _isAdopted
                ? FuseMount.Adopt(_store!.Fuse, SessionText.Parse(_kept!.Text), view, options, logger)
                : FuseMount.Mount(settings.Directory, view, options, logger);
        }
        catch (FuseException e)
        {
            mounted.SetException(e);
            throw CommandException.Mount(e);
        }
        if (!_isAdopted && _kept is not null && _mount.Session is { } session)
        {
            _kept.Times = (context.StartTime, context.BootTime);
            _kept.Text = SessionText.Of(session);
            _store!.Store(_kept.Descriptor, _mount.Descriptor);
        }
        mounted.SetResult(_mount);
    }

    private ServerStatus StatusOf(FuseMount mount, ViewFileSystem view)
    {
        string transport = mount.Transport + (_kept is not null && settings.IoUring == IoUring.Auto ? " (io_uring is off: a keeper could not save its requests)" : "");
        string keeper = _store is null ? "none"
            : _kept is null ? $"{FdStore.Name}; a killed server fails its readers: Linux has been able to send requests again since 6.9"
            : $"{FdStore.Name}, {_kept.FailedReloads} failed reloads";
        return new ServerStatus(
            mount.MountPoint,
            $"7.{mount.Connection.ProtocolMinor} (kernel 7.{mount.Connection.KernelMinor})",
            transport,
            keeper,
            _seccomp,
            view.OpenFileCount,
            view.OpenDirectoryCount,
            [.. mount.Counts.Select(c => (c.Name, c.Requests, c.Errors))]);
    }

    private void Pin()
    {
        if (!settings.WithPins) return;
        try
        {
            _pins = Pins.Create(_iterators!, settings.PinDirectory, logger);
            _context!.Pins = _pins.Paths;
            Log.Pinned(logger, settings.PinDirectory);
        }
        catch (BpfException e) when (_isAdopted || e.IsOfOthers)
        {
            Log.NotPinned(logger, e.Message); // those who read are not to suffer for it, nor for what any user can bring about
        }
        catch (BpfException e)
        {
            throw CommandException.Pin(e);
        }
    }

    /// <summary>All that is left to do is to serve, and to end.</summary>
    private void FilterSystemCalls()
    {
        if (settings.Seccomp == Filtering.Off) return;
        int errno = SystemCallFilter.Install(_mount!.IsOverIoUring);
        if (errno == 0)
        {
            _seccomp = "on";
            return;
        }
        string cause = System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno);
        if (settings.Seccomp == Filtering.On) throw NotStarted($"seccomp: {cause}");
        _seccomp = $"off: {cause}";
    }

    /// <summary>A service is ready when a file has been read, through the kernel and with all that its unit forbids.</summary>
    private void TellManager()
    {
        if (!ServiceManager.IsThere) return;
        try
        {
            // README and status are in every subset; this one comes from the kernel's tables. To the end, not to the size, which others who read change.
            using FileStream status = new(Path.Combine(_mount!.MountPoint, "status"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 0);
            status.CopyTo(Stream.Null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw NotStarted($"first read: {e.Message}");
        }
        ServiceManager.Ready(_mount.MountPoint, logger);
    }

    private static CommandException NotStarted(string cause) => new(ExitCode.Failed, $"start server: {cause}");

    private async Task EndAsync(bool keepPins)
    {
        if (!keepPins) _pins?.Remove();
        try
        {
            if (_mount is not null) await _mount.DisposeAsync().ConfigureAwait(false);
        }
        catch (Exception e) when (e is FuseException or IOException)
        {
            Log.EndFailed(logger, e); // the programs are still to be unloaded
        }
        if (_countsRuns) _context!.RunStats.Release();
        _userIterators?.Dispose();
        _iterators?.Dispose();
    }
}
