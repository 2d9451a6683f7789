using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// Turns the bytes of a request into the bytes of its answer. It knows no file descriptor: /dev/fuse is one transport over it, a test
/// another.
/// </summary>
public sealed class FuseDispatcher
{
    private const int UniqueEnd = 16; // where fuse_in_header.unique ends
    private const int ErrnoEnd = 512; // fs/fuse/dev.c refuses a reply with this errno or a greater one
    private readonly Lane _ownLane = new();
    private Lane[] _lanes;
    private EarlyInterrupts? _early;
    private int _destroyed;

    /// <summary>A dispatcher without a mount.</summary>
    public FuseDispatcher(FileSystem fileSystem, ILogger logger)
        : this(fileSystem, new QuietLogger(logger), new FuseConnection(), cacheSymlinks: false) { }

    internal FuseDispatcher(FileSystem fileSystem, ILogger logger, FuseConnection connection, bool cacheSymlinks)
    {
        FileSystem = fileSystem;
        Logger = logger;
        Connection = connection;
        CacheSymlinks = cacheSymlinks;
        fileSystem.Connection = connection;
        _lanes = [_ownLane];
    }

    internal FileSystem FileSystem { get; }

    internal ILogger Logger { get; }

    internal bool CacheSymlinks { get; }

    /// <summary>Called when INIT offers FUSE over io_uring: true takes the offer. Null: never.</summary>
    internal Func<bool>? PrepareRings { get; set; }

    /// <summary>INIT has offered FUSE over io_uring.</summary>
    internal bool AreRingsOffered { get; private set; }

    /// <summary>What INIT has agreed on.</summary>
    public FuseConnection Connection { get; }

    /// <summary>True once an INIT was answered.</summary>
    public bool IsInitialized { get; private set; }

    /// <summary>
    /// Answers one request, header first on both sides. One caller at a time.
    /// </summary>
    /// <param name="request">A whole request.</param>
    /// <param name="reply">At least 4096 bytes; its size bounds what a READ can return.</param>
    /// <returns>Bytes of the reply, or 0 when the request wants none.</returns>
    public unsafe int Dispatch(ReadOnlySpan<byte> request, Span<byte> reply)
    {
        Answer answer = Dispatch(request, reply[sizeof(fuse_out_header)..], _ownLane);
        if (!answer.IsWanted) return 0;
        WriteHeader(answer, reply);
        return sizeof(fuse_out_header) + answer.Length;
    }

    internal static unsafe void WriteHeader(in Answer answer, Span<byte> reply)
    {
        uint length = (uint)(sizeof(fuse_out_header) + answer.Length);
        MemoryMarshal.Write(reply, new fuse_out_header { len = length, error = -answer.Errno, unique = answer.Unique });
    }

    /// <summary>The way every transport comes: the answer's body into <paramref name="payload"/>, the rest as the result.</summary>
    internal unsafe Answer Dispatch(ReadOnlySpan<byte> request, Span<byte> payload, Lane lane)
    {
        if (request.Length < sizeof(fuse_in_header))
        {
            Log.TruncatedHeader(Logger, request.Length);
            return request.Length < UniqueEnd ? Answer.None : new Answer(MemoryMarshal.Read<ulong>(request[8..]), EIO, 0);
        }
        fuse_in_header header = MemoryMarshal.Read<fuse_in_header>(request);
        Opcode opcode = OpcodeTable.Of(header.opcode);
        Begin(lane, header.unique);
        int errno;
        Call call = new(header, lane, request[sizeof(fuse_in_header)..], payload);
        try
        {
            errno = header.len != (uint)request.Length || call.Body.Length < opcode.MinBody ? EINVAL : opcode.Handle(this, ref call);
        }
        catch (Exception e)
        {
            // One request must never end the server, whatever the file system does.
            Log.HandlerFailed(Logger, e, opcode.Name, header.nodeid, header.unique);
            errno = EIO;
        }
        if ((uint)errno >= ErrnoEnd)
        {
            Log.BadErrno(Logger, opcode.Name, header.nodeid, errno);
            errno = EIO;
        }
        lane.Finish();
        lane.Requests[opcode.Code]++;
        if (errno != 0) lane.Errors[opcode.Code]++;
        if (!opcode.HasReply || (opcode.Code == OpcodeTable.InterruptCode && errno == 0)) return Answer.None;
        return new Answer(header.unique, errno, errno == 0 ? call.Length : 0);
    }

    internal void Begin(Lane lane, ulong unique)
    {
        lane.Begin(unique);
        _early?.Deliver(lane);
    }

    internal Lane AddLane(bool mayLoseInterrupts = false)
    {
        Lane lane = new(mayLoseInterrupts);
        while (true)
        {
            Lane[] lanes = _lanes;
            if (Interlocked.CompareExchange(ref _lanes, [.. lanes, lane], lanes) == lanes) return lane;
        }
    }

    internal bool TryInterrupt(ulong unique)
    {
        foreach (Lane lane in Volatile.Read(ref _lanes))
        {
            if (lane.TryInterrupt(unique)) return true;
        }
        return false;
    }

    /// <summary>For an interrupt that comes before a thread has begun with its request.</summary>
    internal void RememberInterrupt(ulong unique)
    {
        _early!.Add(unique);
        TryInterrupt(unique); // it may have begun in between
    }

    internal bool TakesRings(in fuse_init_in offer)
    {
        AreRingsOffered = offer.OffersIoUring;
        if (!AreRingsOffered || PrepareRings?.Invoke() != true) return false;
        _early = new EarlyInterrupts();
        return true;
    }

    internal void EndAll()
    {
        foreach (Lane lane in Volatile.Read(ref _lanes)) lane.EndAll();
    }

    internal void Agreed(in fuse_init_in offer, in fuse_init_out answer)
    {
        Connection.KernelMinor = (int)offer.minor;
        Connection.ProtocolMinor = (int)answer.minor;
        Connection.Flags = answer.flags | ((ulong)answer.flags2 << 32);
        Connection.CanResend = offer.OffersResend && !Connection.IsOverIoUring;
        SetMaxRead();
        IsInitialized = true;
        Log.Initialized(Logger, Connection.KernelMinor, Connection.ProtocolMinor, Connection.Flags);
    }

    /// <summary>Goes on with what an earlier server of the connection has agreed on.</summary>
    internal void Continue(FuseSession session)
    {
        Connection.KernelMinor = session.KernelMinor;
        Connection.ProtocolMinor = session.ProtocolMinor;
        Connection.Flags = session.Flags;
        Connection.CanResend = true; // or it could not have been handed over
        SetMaxRead();
        IsInitialized = true;
    }

    private void SetMaxRead()
    {
        bool manyPages = (Connection.Flags & FuseProtocol.FUSE_MAX_PAGES) != 0;
        Connection.MaxRead = manyPages ? ControlHandlers.MaxRead : 32 * 4096; // FUSE_DEFAULT_MAX_PAGES_PER_REQ
    }

    internal void Destroy()
    {
        if (Interlocked.Exchange(ref _destroyed, 1) != 0) return;
        try
        {
            FileSystem.Destroy();
        }
        catch (Exception e)
        {
            Log.HandlerFailed(Logger, e, "DESTROY", 0, 0);
        }
    }

    /// <summary>A row for each opcode seen so far. Counters move while they are read; none is ever lost.</summary>
    public IReadOnlyList<OpcodeCount> Counts
    {
        get
        {
            List<OpcodeCount> counts = [];
            Lane[] lanes = Volatile.Read(ref _lanes);
            foreach (Opcode opcode in OpcodeTable.All.Append(OpcodeTable.Unknown))
            {
                long requests = 0;
                long errors = 0;
                foreach (Lane lane in lanes)
                {
                    requests += Volatile.Read(ref lane.Requests[opcode.Code]);
                    errors += Volatile.Read(ref lane.Errors[opcode.Code]);
                }
                if (requests > 0) counts.Add(new OpcodeCount(opcode.Name, (int)opcode.Code, requests, errors));
            }
            return counts;
        }
    }
}
