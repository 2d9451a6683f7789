using BpfFs.View;
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

    /// <summary>Mounts, says that it is ready, and returns when the view has ended.</summary>
    /// <exception cref="CommandException">The start failed; nothing is left of it.</exception>
    public async Task RunAsync(StopSignals signals)
    {
        bool keepPins = false;
        try
        {
            Load();
            CountRuns();
            Mount(); // before the pins: a live view there is refused before its pins are replaced
            Pin();
            if (signals.Stopped.IsCompletedSuccessfully) throw NotStarted($"{signals.Stopped.Result} before it was ready");
            if (!Launcher.TellReady()) throw NotStarted("nobody waits for it any more");
            StartCode.GiveBack();
            keepPins = settings.KeepPins;
            await Task.WhenAny(signals.Stopped, _mount!.WaitForUnmountAsync()).ConfigureAwait(false);
            if (signals.Stopped.IsCompletedSuccessfully) Log.Signalled(logger, signals.Stopped.Result, _mount.MountPoint);
        }
        finally
        {
            await EndAsync(keepPins).ConfigureAwait(false);
        }
    }

    /// <summary>Whether any part has files that say who holds something.</summary>
    private bool NeedsHolders => settings.Subset.Count == 0 || settings.Subset.Any(part => part is "progs" or "maps" or "links" or "btf" or "pids");

    private void Load()
    {
        try
        {
            KernelBtf.Require(settings.KernelBtf);
            _iterators = IteratorSet.Load(new IteratorSetOptions { KernelBtf = settings.KernelBtf, WithoutHolders = !NeedsHolders }, logger);
            _userIterators = UserIterators.Of(settings.IteratorDirectory, settings.KernelBtf, logger);
        }
        catch (BpfException e)
        {
            throw CommandException.Load(e);
        }
    }

    private void CountRuns()
    {
        _context = new ViewContext(_iterators!, logger) { UserIterators = _userIterators, Gid = settings.Gid, MetricsLimit = settings.MetricsLimit };
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
        var options = new FuseMountOptions
        {
            Source = settings.Source,
            Subtype = MountSettings.Subtype,
            AllowOther = true,
            NoExec = settings.NoExec,
            NoAtime = settings.NoAtime,
            Workers = settings.Workers,
            IoUring = settings.IoUring,
        };
        try
        {
            _mount = FuseMount.Mount(settings.Directory, view, options, logger);
        }
        catch (FuseException e)
        {
            throw CommandException.Mount(e);
        }
        FuseMount mount = _mount;
        context.Server = () => new ServerStatus(
            mount.MountPoint,
            $"7.{mount.Connection.ProtocolMinor} (kernel 7.{mount.Connection.KernelMinor})",
            mount.Transport,
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
        catch (BpfException e)
        {
            throw CommandException.Pin(e);
        }
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
