using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Sockets and routes of the network namespace of whoever asks. The programs (bpf/net.bpf.c) are loaded when they are first needed. Thread-safe.
/// </summary>
public sealed class NetIterators : IDisposable
{
    private readonly ProgramObject _programs;
    private readonly Lock _lock = new();
    private NetNamespaces? _namespaces;
    private UnixWalks? _unixWalks;
    private int _readerNetns = -1;
    private volatile bool _isReady;

    internal NetIterators(Func<IReadOnlyDictionary<ProgramRow, Refusal>, ProgramObject> load)
    {
        // Where the kernel has not been built with a protocol or started without it, there is no file in /proc/net. Its iterator may be there all the same, for another family.
        var missing = NetTable.All.Where(table => table.ProcFile is not null && !File.Exists($"/proc/net/{table.ProcFile}"));
        _programs = load(missing.ToDictionary(table => table.Program, table => new Refusal(RefusalStage.Object, LibC.ENOENT, $"this kernel has no /proc/net/{table.ProcFile}")));
    }

    /// <summary>Its programs.</summary>
    public ProgramObject Programs => _programs;

    /// <summary>False if it is known that there is none; loads nothing.</summary>
    public bool MayHaveAny => _programs.MayHave(BpfPrograms.ReaderNetns);

    /// <summary>Whether the kernel has a table; loads the programs if they are not yet.</summary>
    public bool Has(NetTable table) => _programs.Has(table.Program);

    /// <summary>
    /// The network namespace of a thread; 0 or an errno: ESRCH, there is no such thread; or what the program that tells it is missing for.
    /// </summary>
    public int NamespaceOf(uint tid, out NetNamespaceId id)
    {
        id = default;
        if (!Prepare()) return _programs.AbsenceOf(BpfPrograms.ReaderNetns);
        using Fd fd = ProcDirectory.Open(tid);
        if (fd.Errno != 0) return fd.Errno;
        reader_netns_record record = new() { fd = (uint)fd.Value };
        int errno = OneObject.Run(_readerNetns, ref record);
        if (errno == 0) errno = record.error;
        id = new NetNamespaceId(record.netns_ino, record.has_id != 0 ? record.netns_id : null);
        return errno;
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
        if (_programs.Link(table.Program) is not { } link) return _programs.AbsenceOf(table.Program);
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
            _isReady = false;
            _programs.Dispose();
            _unixWalks?.Dispose();
            _unixWalks = null;
            _namespaces?.Dispose();
            _namespaces = null;
        }
    }

    private bool Prepare()
    {
        if (_isReady) return true;
        lock (_lock)
        {
            if (_isReady) return true;
            int program = _programs.ProgramFd(BpfPrograms.ReaderNetns);
            if (program < 0) return false;
            try
            {
                _namespaces ??= new NetNamespaces();
                if (_programs.Has(BpfPrograms.Unix)) _unixWalks ??= new UnixWalks(_programs.MapFd("unix_output"));
            }
            catch (BpfException)
            {
                return false; // without descriptors or memory for the moment
            }
            _readerNetns = program;
            _isReady = true;
            return true;
        }
    }
}
