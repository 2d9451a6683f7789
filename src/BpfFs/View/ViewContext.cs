using BpfFs.Objects;
using Iterators;
using Microsoft.Extensions.Logging;

namespace BpfFs.View;

/// <summary>What every row needs to render: the iterators, buffers, and what the status file tells.</summary>
/// <param name="iterators">Loaded.</param>
/// <param name="logger">For messages.</param>
/// <param name="kept">Where what is open is kept for the next server; null: nowhere.</param>
/// <param name="times">Of an earlier server: start and boot; null: now.</param>
internal sealed class ViewContext(IteratorSet iterators, ILogger logger, Kept.KeptMemory? kept = null, (long Start, long Boot)? times = null)
{
    public IteratorSet Iterators { get; } = iterators;

    public ILogger Logger { get; } = logger;

    /// <summary>Iterators from outside; null: there are none.</summary>
    public Iterators.User.UserIterators? UserIterators { get; init; }

    /// <summary>The group of the group tier.</summary>
    public uint Gid { get; init; }

    /// <summary>How many objects of a kind metrics/bpf.prom has at most.</summary>
    public int MetricsLimit { get; init; } = Metrics.MetricsFile.DefaultLimit;

    public Kept.KeptMemory? Kept { get; } = kept;

    /// <summary>Of nodes whose number says whose they are.</summary>
    public NodeSecret NodeSecret { get; } = kept?.NodeSecret ?? NodeSecret.New();

    /// <summary>What users have open.</summary>
    public UserAccounts Accounts { get; init; } = new(UserLimits.Of(Command.Privileges.DescriptorLimit));

    /// <summary>Counting of runs, while somebody has a file open that shows them.</summary>
    public RunStats RunStats { get; } = new();

    /// <summary>For reading iterators: 64 KiB each.</summary>
    public Pool<ReadBuffer> ReadBuffers { get; } = new(() => new ReadBuffer(), 8);

    public Pool<Rendering.TextBuffer> TextBuffers { get; } = new(() => new Rendering.TextBuffer(), 16);

    public Pool<CapturedFile> CapturedFiles { get; } = new(() => new CapturedFile(), 64);

    /// <summary>What is the same for everybody who has it open.</summary>
    public SharedTexts SharedTexts { get; } = new();

    public ErrorLog Errors { get; } = new();

    /// <summary>When the view was made: the time of everything that has none of its own. Nanoseconds since 1970.</summary>
    public long StartTime { get; } = times?.Start ?? Clock.Now();

    /// <summary>When the machine booted, as it seemed at the start: a file's time does not move when the clock is set.</summary>
    public long BootTime { get; } = times?.Boot ?? Clock.BootTime();

    /// <summary>What the status file says of the server that carries the view; set once it is mounted.</summary>
    public Func<ServerStatus>? Server { get; set; }

    /// <summary>Paths of the pins.</summary>
    public IReadOnlyList<string> Pins { get; set; } = [];
}

/// <summary>Counters of the FUSE server, for the status file.</summary>
internal sealed record ServerStatus(string MountPoint, string Protocol, string Transport, string Keeper, string Seccomp, int OpenFiles, int OpenDirectories, IReadOnlyList<(string Name, long Requests, long Errors)> Counts);

/// <summary>Native memory that an iterator is read into.</summary>
internal sealed unsafe class ReadBuffer
{
    private const int Size = 64 * 1024;
    private readonly byte* _start = (byte*)System.Runtime.InteropServices.NativeMemory.Alloc(Size);

    public Span<byte> Span => new(_start, Size);
}

/// <summary>Objects to use again: no lock, no allocation once it is warm. What does not fit is dropped.</summary>
internal sealed class Pool<T>(Func<T> make, int size)
    where T : class
{
    private readonly T?[] _items = new T?[size];

    public T Rent()
    {
        for (int i = 0; i < _items.Length; i++)
        {
            if (_items[i] is not null && Interlocked.Exchange(ref _items[i], null) is { } item) return item;
        }
        return make();
    }

    public void Return(T item)
    {
        for (int i = 0; i < _items.Length; i++)
        {
            if (_items[i] is null && Interlocked.CompareExchange(ref _items[i], item, null) is null) return;
        }
        (item as IDisposable)?.Dispose();
    }
}

/// <summary>The last errors, for the status file.</summary>
internal sealed class ErrorLog
{
    private const int Kept = 8;
    private readonly Queue<string> _lines = new();
    private readonly Lock _lock = new();

    public long Count { get; private set; }

    public void Add(string line)
    {
        lock (_lock)
        {
            Count++;
            _lines.Enqueue($"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ} {line}");
            if (_lines.Count > Kept) _lines.Dequeue();
        }
    }

    public string[] Last()
    {
        lock (_lock) return [.. _lines];
    }
}
