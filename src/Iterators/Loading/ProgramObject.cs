using System.Diagnostics;
using Microsoft.Extensions.Logging;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// The programs of one compiled object. They are loaded together when one of them is first wanted; each is then there or is not. Iterators over everything are attached
/// once, when they are first wanted. Thread-safe.
/// </summary>
public sealed class ProgramObject : IDisposable
{
    private readonly ILogger _logger;
    private readonly BpfLoadOptions _options;
    private readonly HashSet<ProgramRow> _notWanted;
    private readonly IReadOnlyDictionary<ProgramRow, Refusal> _known;
    private readonly Lock _lock = new();
    private readonly Dictionary<ProgramRow, Refusal> _refusals = [];
    private readonly Dictionary<ProgramRow, IteratorLink> _links = [];
    private BpfObject? _object;
    private LoadAttempt _attempt;
    private volatile bool _isTried;

    /// <param name="name">Of the embedded resource.</param>
    /// <param name="options">How to load it.</param>
    /// <param name="notWanted">Programs that are not to be loaded.</param>
    /// <param name="logger">Is told once which programs are missing.</param>
    /// <param name="known">Programs that the kernel need not be asked for, and why.</param>
    internal ProgramObject(string name, BpfLoadOptions options, IEnumerable<ProgramRow> notWanted, ILogger logger, IReadOnlyDictionary<ProgramRow, Refusal>? known = null)
    {
        Name = name;
        Rows = [.. BpfPrograms.Rows.Where(row => row.Object == name)];
        _notWanted = [.. notWanted];
        _known = known ?? new Dictionary<ProgramRow, Refusal>();
        _options = options with { IsWanted = (program, _) => Rows.Any(row => row.Name == program && !_notWanted.Contains(row) && !_known.ContainsKey(row)) };
        _logger = logger;
    }

    /// <summary>Of the embedded resource.</summary>
    public string Name { get; }

    /// <summary>Its programs.</summary>
    public IReadOnlyList<ProgramRow> Rows { get; }

    /// <summary>Whether the kernel was asked.</summary>
    public bool IsTried => _isTried;

    /// <summary>The running kernel's iterators.</summary>
    internal IteratorTargets Targets => _options.Targets;

    /// <summary>What became of its programs. It loads nothing.</summary>
    public IEnumerable<ProgramState> States
    {
        get
        {
            lock (_lock) return [.. Rows.Select(row => new ProgramState(row, FdOf(row) >= 0 && RefusalOf(row) is null, RefusalOf(row), !_notWanted.Contains(row)))];
        }
    }

    /// <summary>Whether a program is there; loads the object if it is not yet. What could not be loaded for want of descriptors or memory is there: who opens it is told why he cannot.</summary>
    public bool Has(ProgramRow row)
    {
        lock (_lock)
        {
            Load();
            return RefusalOf(row) is { } refusal ? LoadAttempt.Passes(refusal.Errno) : FdOf(row) >= 0;
        }
    }

    /// <summary>False if it is known that a program is missing. Unlike <see cref="Has"/> it loads nothing, so a listing of what is above it costs no load.</summary>
    public bool MayHave(ProgramRow row) => !_isTried || Has(row);

    /// <summary>Loads it, if that was not tried yet.</summary>
    /// <exception cref="BpfException">None of its programs could be tried.</exception>
    internal void LoadOrThrow()
    {
        lock (_lock) Load(throws: true);
    }

    /// <summary>A program's descriptor, which this object keeps; negative, an errno: it is missing.</summary>
    internal int ProgramFd(ProgramRow row)
    {
        lock (_lock)
        {
            Load();
            if (RefusalOf(row) is { } refusal) return -refusal.Errno;
            return FdOf(row);
        }
    }

    /// <summary>The descriptor of a map, which this object keeps; negative: the object could not be loaded.</summary>
    internal int MapFd(string map)
    {
        lock (_lock)
        {
            Load();
            return _object?.MapFd(map) ?? -LibC.ENODEV;
        }
    }

    /// <summary>A program's iterator over all that its target has, which this object keeps; null: it is missing.</summary>
    /// <param name="row">The program.</param>
    /// <param name="attach">How it is attached, if not to everything.</param>
    internal IteratorLink? Link(ProgramRow row, Func<string, int, IteratorLink>? attach = null)
    {
        lock (_lock)
        {
            if (_links.TryGetValue(row, out IteratorLink? known)) return known;
            int program = ProgramFd(row);
            if (program < 0) return null;
            try
            {
                return _links[row] = (attach ?? IteratorLink.Attach)(row.Name, program);
            }
            catch (BpfException e)
            {
                if (LoadAttempt.Passes(e.Errno)) return null;
                _refusals[row] = new Refusal(RefusalStage.Attach, e.Errno, "");
                Report([row], LogLevel.Warning);
                return null;
            }
        }
    }

    /// <summary>The errno that a missing program failed with.</summary>
    internal int ErrnoOf(ProgramRow row)
    {
        lock (_lock) return RefusalOf(row)?.Errno ?? LibC.ENODEV;
    }

    /// <summary>The errno for a reader of what is made from a missing program: ENOENT, it is absent; or why it could not be loaded just now.</summary>
    internal int AbsenceOf(ProgramRow row)
    {
        int errno = ErrnoOf(row);
        return LoadAttempt.Passes(errno) ? errno : LibC.ENOENT;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _attempt.End();
            foreach (IteratorLink link in _links.Values) link.Dispose();
            _links.Clear();
            _object?.Dispose();
            _object = null;
        }
    }

    private Refusal? RefusalOf(ProgramRow row)
    {
        if (_known.TryGetValue(row, out Refusal? own) || _refusals.TryGetValue(row, out own)) return own;
        return row.Needs is { } needed && RefusalOf(needed) is { } refusal ? new Refusal(RefusalStage.Needs, refusal.Errno, needed.Name) : null;
    }

    private void Load(bool throws = false)
    {
        if (!_attempt.TryBegin()) return;
        BpfObject? loaded = null;
        _refusals.Clear();
        try
        {
            var watch = Stopwatch.StartNew();
            loaded = BpfObject.Load(Name, _options);
            // What passes is no property of the kernel: none of it is kept.
            if (loaded.Refusals.Values.FirstOrDefault(r => LoadAttempt.Passes(r.Errno)) is { } passing) throw new BpfException("load", Name, passing.Errno);
            foreach (ProgramRow row in Rows)
            {
                if (loaded.Refusals.TryGetValue(row.Name, out Refusal? refusal)) _refusals[row] = refusal;
            }
            _object = loaded;
            Log.LoadedObject(_logger, Name, Rows.Count(row => FdOf(row) >= 0), watch.ElapsedMilliseconds);
        }
        catch (BpfException e)
        {
            loaded?.Dispose();
            _attempt.Fail(e.Errno);
            foreach (ProgramRow row in Rows.Except(_notWanted).Except(_known.Keys)) _refusals[row] = new Refusal(RefusalStage.Object, e.Errno is > 0 and < 512 ? e.Errno : LibC.EIO, e.Message);
            _isTried = true;
            if (throws) throw;
            Log.ObjectNotLoaded(_logger, e.Message);
            return;
        }
        _isTried = true;
        if (_refusals.Count > 0) Report(_refusals.Keys, throws ? LogLevel.Debug : LogLevel.Warning);
    }

    private int FdOf(ProgramRow row) => _object?.ProgramFd(row.Name) ?? -LibC.ENODEV;

    /// <summary>At a level, if the view lacks something for it. Of what is loaded at the start whoever starts says it, once he has.</summary>
    private void Report(IReadOnlyCollection<ProgramRow> missing, LogLevel level)
    {
        if (missing.All(row => row.Lacks.Length == 0)) level = LogLevel.Debug;
        if (!_logger.IsEnabled(level)) return;
        string names = string.Join(' ', missing.Select(row => row.Name));
        Log.ProgramsMissing(_logger, level, names);
    }
}

/// <summary>An iterator program that is aimed anew each time. Thread-safe.</summary>
public sealed class LazyIterator
{
    private readonly ProgramObject _from;
    private readonly ProgramRow _row;

    internal LazyIterator(ProgramObject from, ProgramRow row)
    {
        _from = from;
        _row = row;
    }

    /// <summary>Whether the kernel has it; loads its object if it is not yet.</summary>
    public bool IsThere => _from.Has(_row);

    /// <summary>False if it is known that the kernel does not have it; loads nothing.</summary>
    public bool MayBeThere => _from.MayHave(_row);

    /// <summary>
    /// A new iterator, attached for it alone; it keeps what the parameter names. Fails with what the load or the attachment failed with: ESRCH, no
    /// such process; EINVAL, not that type of map; ENOENT, no such cgroup.
    /// </summary>
    public Fd Create(IteratorParameter parameter)
    {
        int program = _from.ProgramFd(_row);
        return program < 0 ? new Fd(-_from.AbsenceOf(_row)) : IteratorParameter.Attach(program, parameter);
    }

    /// <summary>One over a thread, by its id in the caller's pid namespace; before Linux 6.1 one over all threads, of which the reader skips the others. Fails as <see cref="Create"/> does.</summary>
    public Fd CreateForThread(uint tid) => Create(_from.Targets.AimAtThreads ? IteratorParameter.Thread(tid) : IteratorParameter.None);
}
