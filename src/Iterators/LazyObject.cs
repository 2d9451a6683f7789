using System.Diagnostics;
using Microsoft.Extensions.Logging;

namespace Iterators;

/// <summary>A compiled object that few views need: loaded when one of its iterators is first wanted. Thread-safe.</summary>
internal sealed class LazyObject : IDisposable
{
    private readonly string _name;
    private readonly string? _kernelBtf;
    private readonly ILogger _logger;
    private readonly IReadOnlyList<ProgramRow> _leftOut;
    private readonly Action<BpfObject>? _setUp;
    private readonly Lock _lock = new();
    private BpfObject? _object;
    private LoadAttempt _attempt;
    private int _errno;

    /// <param name="name">Of the embedded resource.</param>
    /// <param name="leftOut">Programs whose targets this kernel lacks.</param>
    /// <param name="kernelBtf">A file to take for the kernel's BTF, or null.</param>
    /// <param name="logger">Is told once if it cannot be loaded.</param>
    /// <param name="setUp">Runs once it is loaded.</param>
    public LazyObject(string name, IReadOnlyList<ProgramRow> leftOut, string? kernelBtf, ILogger logger, Action<BpfObject>? setUp = null)
    {
        _name = name;
        _leftOut = leftOut;
        _kernelBtf = kernelBtf;
        _logger = logger;
        _setUp = setUp;
    }

    /// <summary>A program's descriptor, which this object keeps; or a negative errno: it could not be loaded.</summary>
    public int ProgramFd(ProgramRow row)
    {
        lock (_lock)
        {
            if (_attempt.TryBegin()) Load();
            return _object?.ProgramFd(row.Name) ?? -_errno;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _attempt.End();
            _errno = Tmds.Linux.LibC.ENODEV;
            _object?.Dispose();
            _object = null;
        }
    }

    private void Load()
    {
        BpfObject? opened = null;
        try
        {
            var watch = Stopwatch.StartNew();
            opened = BpfObject.Open(_name, _kernelBtf);
            foreach (ProgramRow row in _leftOut) opened.LeaveOut(row.Name);
            opened.Load();
            _setUp?.Invoke(opened);
            _object = opened;
            Log.LoadedObject(_logger, _name, watch.ElapsedMilliseconds);
        }
        catch (BpfException e)
        {
            opened?.Dispose();
            _attempt.Fail(e.Errno);
            _errno = e.Errno is > 0 and < 512 ? e.Errno : Tmds.Linux.LibC.EIO;
            Log.ObjectNotLoaded(_logger, e.Message);
        }
    }
}

/// <summary>An iterator program of an object that is loaded when first wanted. Thread-safe.</summary>
public sealed class LazyIterator
{
    private readonly LazyObject _from;
    private readonly ProgramRow _row;

    internal LazyIterator(LazyObject from, ProgramRow row)
    {
        _from = from;
        _row = row;
    }

    /// <summary>
    /// A new iterator, attached for it alone; it keeps what the parameter names. Fails with what the load or the attachment failed with: ESRCH, no
    /// such process; EINVAL, not that type of map; ENOENT, no such cgroup.
    /// </summary>
    public Fd Create(IteratorParameter parameter)
    {
        int program = _from.ProgramFd(_row);
        return program < 0 ? new Fd(program) : IteratorParameter.Attach(program, parameter);
    }
}
