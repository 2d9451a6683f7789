using System.Globalization;
using Microsoft.Extensions.Logging;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Sockets and routes of the network namespace of whoever asks. The programs (bpf/net.bpf.c) are loaded when they are first needed. Thread-safe.
/// </summary>
public sealed unsafe class NetIterators : IDisposable
{
    private readonly string? _kernelBtf;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private readonly HashSet<NetTable>? _missing;
    private BpfObject? _object;
    private NetNamespaces? _namespaces;
    private UnixWalks? _unixWalks;
    private Dictionary<NetTable, IteratorLink>? _links;
    private int _readerNetns = -1;
    private volatile bool _isLoaded;
    private LoadAttempt _attempt;

    internal NetIterators(string? kernelBtf, ILogger logger)
    {
        _kernelBtf = kernelBtf;
        _logger = logger;
        _missing = [.. NetTable.All.Where(table => table.ProcFile is not null && !File.Exists($"/proc/net/{table.ProcFile}"))];
        foreach (NetTable table in _missing) Log.NetMissing(logger, table.Name, table.Target.Name, table.Target.Since);
    }

    /// <summary>
    /// Whether the kernel has it: where it has not been built with a protocol or started without, there is neither the target nor the file in
    /// /proc/net. (Asking its BTF for each target would take longer than the rest of the start.)
    /// </summary>
    public bool Has(NetTable table) => _missing is null || !_missing.Contains(table);

    /// <summary>Why nothing can be read; null: nothing stands against it, or it was not tried yet.</summary>
    public string? Failure { get; private set; }

    /// <summary>Whether the programs are loaded.</summary>
    public bool IsLoaded => _isLoaded;

    /// <summary>
    /// The network namespace of a thread; 0 or an errno: ESRCH, there is no such thread; EOPNOTSUPP, the programs cannot be loaded.
    /// </summary>
    public int NamespaceOf(uint tid, out NetNamespaceId id)
    {
        id = default;
        if (!Load()) return LibC.EOPNOTSUPP;
        if (tid == 0) return LibC.ESRCH; // the kernel does not name who it is: not of the mount's pid namespace
        Span<byte> path = stackalloc byte[24];
        "/proc/"u8.CopyTo(path);
        tid.TryFormat(path[6..], out int length, provider: CultureInfo.InvariantCulture);
        path[6 + length] = 0;
        fixed (byte* p = path)
        {
            int opened = LibC.open(p, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC);
            using Fd fd = new(opened < 0 ? -LibC.errno : opened);
            if (fd.Errno != 0) return fd.Errno == LibC.ENOENT ? LibC.ESRCH : fd.Errno;
            reader_netns_record record = new() { fd = (uint)fd.Value };
            int errno = OneObject.Run(_readerNetns, ref record);
            if (errno == 0) errno = record.error;
            id = new NetNamespaceId(record.netns_ino, record.has_id != 0 ? record.netns_id : null);
            return errno;
        }
    }

    /// <summary>
    /// Starts reading a table as a thread sees it; 0 or an errno: EOPNOTSUPP, the kernel lacks it or there is no way into the thread's
    /// namespace; ESTALE, the thread is not in the namespace <paramref name="inode"/>.
    /// </summary>
    public int Open<T>(NetTable table, uint tid, ulong inode, out NetReader<T>? reader)
        where T : unmanaged
    {
        reader = null;
        int errno = NamespaceOf(tid, out NetNamespaceId id);
        if (errno != 0) return errno;
        if (id.Inode != inode) return LibC.ESTALE;
        if (!_links!.TryGetValue(table, out IteratorLink? link)) return LibC.EOPNOTSUPP;
        int ns = table == NetTable.Owners ? -1 : _namespaces!.Open(id, tid); // whose tasks are all namespaces'
        if (ns < -1) return -ns;
        reader = new NetReader<T>(_namespaces!, link, ns, table == NetTable.Unix ? _unixWalks : null);
        errno = reader.Restart();
        if (errno == 0) return 0;
        reader.Dispose();
        reader = null;
        return errno;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _attempt.End();
            _isLoaded = false;
            Unload();
        }
    }

    private bool Load()
    {
        if (_isLoaded) return true;
        lock (_lock)
        {
            if (!_attempt.TryBegin()) return _isLoaded;
            try
            {
                _namespaces = new NetNamespaces();
                List<NetTable> leftOut = [.. NetTable.All.Where(table => !Has(table))]; // a program without a target is refused, though BTF may know it
                _object = OpenAndLoad(leftOut);
                _readerNetns = _object.ProgramFd("reader_netns");
                _unixWalks = new UnixWalks(_object.MapFd("unix_output"));
                _links = [];
                foreach (NetTable table in NetTable.All.Except(leftOut)) _links[table] = IteratorLink.Attach(table.Program, _object.ProgramFd(table.Program));
                Failure = null;
                _isLoaded = true;
            }
            catch (BpfException e)
            {
                Failure = e.Message;
                _attempt.Fail(e.Errno);
                Log.NetNotLoaded(_logger, e.Message);
                Unload();
            }
            return _isLoaded;
        }
    }

    /// <summary>All at once; where that fails, without what the kernel's BTF has no target for.</summary>
    private BpfObject OpenAndLoad(List<NetTable> leftOut)
    {
        for (bool retry = false; ; retry = true)
        {
            BpfObject opened = BpfObject.Open("net.bpf.o", _kernelBtf);
            try
            {
                foreach (NetTable table in leftOut) opened.LeaveOut(table.Program);
                opened.Load();
                return opened;
            }
            catch (BpfException)
            {
                opened.Dispose();
                if (retry) throw;
                List<NetTable> unknown = [.. NetTable.All.Except(leftOut).Where(table => !IteratorSet.IsKnown(table.Target))];
                if (unknown.Count == 0) throw;
                leftOut.AddRange(unknown);
                foreach (NetTable table in unknown) Log.NetMissing(_logger, table.Name, table.Target.Name, table.Target.Since);
            }
        }
    }

    private void Unload()
    {
        foreach (IteratorLink link in _links?.Values ?? Enumerable.Empty<IteratorLink>()) link.Dispose();
        _links = null;
        _unixWalks?.Dispose();
        _unixWalks = null;
        _object?.Dispose();
        _object = null;
        _namespaces?.Dispose();
        _namespaces = null;
    }
}
