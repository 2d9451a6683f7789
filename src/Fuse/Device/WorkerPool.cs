using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>
/// The threads that read /dev/fuse. A file system may wait inside a request; with every worker waiting nobody would read the INTERRUPT that
/// frees one of them. So a supervisor adds workers while all are stuck, and those it added leave again. It also sees the connection to its
/// end. One more than there are processors stand ready, as a user has one fewer than that at a time (<see cref="Turns"/>).
/// </summary>
internal sealed class WorkerPool
{
    private const int StackSize = 512 * 1024;
    private readonly FuseDevice _device;
    private readonly FuseDispatcher _dispatcher;
    private readonly RingPool? _rings;
    private readonly int _kept;
    private readonly int _most;
    private readonly TimeSpan _patience;
    private readonly Turns _turns;
    private readonly object _gate = new();
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stack<Lane> _spareLanes = new();
    private readonly List<Lane> _busyLanes = [];
    private int _running;
    private int _idle;
    private bool _woken;
    private bool _awake;
    private bool _ending;
    private bool _exhausted; // the supervisor's own: say it once

    internal WorkerPool(FuseDevice device, FuseDispatcher dispatcher, FuseMountOptions options, RingPool? rings, bool isOverRings)
    {
        _device = device;
        _dispatcher = dispatcher;
        _rings = rings;
        IsOverRings = isOverRings;
        _kept = isOverRings ? 1 // for FORGET and INTERRUPT
            : options.Workers > 0 ? options.Workers : Math.Min(Environment.ProcessorCount, 16) + 1;
        _most = options.MaxWorkers > 0 ? Math.Max(options.MaxWorkers, _kept) : Math.Max(4 * _kept, 16);
        _patience = options.WorkerPatience;
        _turns = new Turns(Math.Max(_kept - 1, 1));
        dispatcher.CancelWaiting = Cancel;
    }

    internal int Workers => _kept;

    internal bool IsOverRings { get; }

    internal int Descriptor => _device.Descriptor;

    /// <summary>Completes when the connection is gone, every worker (those of the rings too) has ended and the device is closed.</summary>
    internal Task Ended => _ended.Task;

    internal void Start()
    {
        for (int i = 0; i < _kept; i++) StartWorker();
        new Thread(Supervise, StackSize) { IsBackground = true, Name = "fuse-supervisor" }.Start();
    }

    private void StartWorker()
    {
        Lane lane;
        lock (_spareLanes) lane = _spareLanes.Count > 0 ? _spareLanes.Pop() : _dispatcher.AddLane();
        lock (_busyLanes) _busyLanes.Add(lane);
        Interlocked.Increment(ref _running);
        Interlocked.Increment(ref _idle);
        try
        {
            new Thread(() => Work(lane), StackSize) { IsBackground = true, Name = "fuse-worker" }.Start();
        }
        catch (Exception e) when (e is ThreadStartException or OutOfMemoryException)
        {
            Log.NoThread(_dispatcher.Logger, e); // a limit on threads must not end those there are
            LeaveIdle();
            Retire(lane);
        }
    }

    private void Work(Lane lane)
    {
        try
        {
            using WorkerBuffers buffers = new();
            Serve(lane, buffers);
        }
        catch (FuseException e)
        {
            Log.ReadFailed(_dispatcher.Logger, e.Message); // no memory for buffers: the others go on
            LeaveIdle();
        }
        finally
        {
            Retire(lane);
        }
    }

    private void Retire(Lane lane)
    {
        lock (_busyLanes) _busyLanes.Remove(lane);
        lock (_spareLanes) _spareLanes.Push(lane);
        if (Interlocked.Decrement(ref _running) == 0) Volatile.Write(ref _ending, true);
        Wake();
    }

    private void Serve(Lane lane, WorkerBuffers buffers)
    {
        while (true)
        {
            Span<byte> room = buffers.Request;
            int length = _device.Receive(room);
            LeaveIdle();
            if (length < 0)
            {
                End(-length);
                return;
            }
            Handle(room[..length], lane, buffers);
            if (!TryBecomeIdle()) return;
        }
    }

    private unsafe void Handle(ReadOnlySpan<byte> request, Lane lane, WorkerBuffers buffers)
    {
        fuse_in_header header = request.Length >= sizeof(fuse_in_header) ? MemoryMarshal.Read<fuse_in_header>(request) : default;
        bool takesTurns = header.uid != 0 && OpcodeTable.Of(header.opcode).TakesTurns;
        if (takesTurns && !_turns.TryBegin(header.uid, request)) return;
        do
        {
            Answer answer = _dispatcher.Dispatch(request, buffers.Payload, lane);
            if (answer.IsWanted) Reply(answer, buffers);
            request = takesTurns ? _turns.End(header.uid) : default(ReadOnlySpan<byte>);
        }
        while (!request.IsEmpty);
    }

    /// <summary>Of a request that waits for its turn.</summary>
    private unsafe bool Cancel(ulong unique)
    {
        if (!_turns.TryCancel(unique)) return false;
        Span<byte> reply = stackalloc byte[sizeof(fuse_out_header)];
        FuseDispatcher.WriteHeader(new Answer(unique, Tmds.Linux.LibC.EINTR, 0), reply);
        _device.Send(reply);
        return true;
    }

    private unsafe void Reply(in Answer answer, WorkerBuffers buffers)
    {
        Span<byte> reply = buffers.Reply(answer.Length);
        FuseDispatcher.WriteHeader(answer, reply);
        int errno = _device.Send(reply);
        // ENOENT: the asker was interrupted and is gone. ENODEV: so is the mount; the next read says so.
        if (errno == 0 || errno == Tmds.Linux.LibC.ENOENT || errno == Tmds.Linux.LibC.ENODEV) return;
        Log.ReplyRefused(_dispatcher.Logger, answer.Unique, answer.Length, answer.Errno, Errno.Text(errno));
        Answer failed = new(answer.Unique, Tmds.Linux.LibC.EIO, 0); // or the asker would wait for ever; ENOENT if it does not wait any more
        FuseDispatcher.WriteHeader(failed, reply);
        _device.Send(reply[..sizeof(fuse_out_header)]);
    }

    /// <summary>Before a request. The worker that was the last idle one wakes the supervisor, at most once in its patience.</summary>
    private void LeaveIdle()
    {
        if (Interlocked.Decrement(ref _idle) > 0 || Volatile.Read(ref _awake)) return;
        Volatile.Write(ref _awake, true);
        Wake();
    }

    /// <summary>After a request. False: enough others are idle and this one is more than are kept.</summary>
    private bool TryBecomeIdle()
    {
        if (Volatile.Read(ref _running) > _kept && Volatile.Read(ref _idle) >= _kept) return false;
        Interlocked.Increment(ref _idle);
        return true;
    }

    private void End(int errno)
    {
        if (errno != Tmds.Linux.LibC.ENODEV && errno != Tmds.Linux.LibC.ECONNABORTED)
        {
            Log.ReadFailed(_dispatcher.Logger, Errno.Text(errno));
        }
        Volatile.Write(ref _ending, true);
        _dispatcher.EndAll();
    }

    private void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.Pulse(_gate);
        }
    }

    private void WaitForWake()
    {
        lock (_gate)
        {
            while (!_woken) Monitor.Wait(_gate);
            _woken = false;
        }
    }

    private void Supervise()
    {
        ulong[] before = new ulong[_most];
        while (!Volatile.Read(ref _ending))
        {
            WaitForWake();
            do
            {
                Volatile.Write(ref _awake, true);
                do Relieve(before); // once in any case: so nobody wakes us again within our patience
                while (Volatile.Read(ref _idle) <= 0 && !Volatile.Read(ref _ending));
                _exhausted = false;
                Volatile.Write(ref _awake, false);
                Interlocked.MemoryBarrier(); // against LeaveIdle, which counts first and then looks whether we are awake
            }
            while (Volatile.Read(ref _idle) <= 0 && !Volatile.Read(ref _ending));
        }
        while (Volatile.Read(ref _running) > 0) WaitForWake();
        _rings?.Join();
        _device.Dispose();
        _dispatcher.Destroy();
        _ended.SetResult();
    }

    private void Relieve(ulong[] before)
    {
        int busy = Snapshot(before);
        Thread.Sleep(_patience);
        if (AllStuck(before, busy)) AddWorker();
    }

    private int Snapshot(ulong[] uniques)
    {
        lock (_busyLanes)
        {
            for (int i = 0; i < _busyLanes.Count; i++) uniques[i] = _busyLanes[i].Unique;
            return _busyLanes.Count;
        }
    }

    private bool AllStuck(ulong[] before, int busy)
    {
        lock (_busyLanes)
        {
            if (_busyLanes.Count != busy) return false;
            for (int i = 0; i < busy; i++)
            {
                if (before[i] == 0 || _busyLanes[i].Unique != before[i]) return false;
            }
            return true;
        }
    }

    private void AddWorker()
    {
        int running = Volatile.Read(ref _running);
        if (running < _most)
        {
            Log.WorkerAdded(_dispatcher.Logger, running);
            StartWorker();
            return;
        }
        if (!_exhausted) Log.WorkersExhausted(_dispatcher.Logger, running);
        _exhausted = true;
        Thread.Sleep(_patience * 5);
    }
}
