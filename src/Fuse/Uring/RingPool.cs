using System.Globalization;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>
/// FUSE over io_uring: a queue for every processor there may be, each with a thread pinned to it. They are made before INIT is answered, so that a
/// failure is simply not taking the offer, and told to the kernel right after: until every queue has an entry, it lets no request through.
/// FORGET and INTERRUPT still come through /dev/fuse.
/// </summary>
internal sealed class RingPool
{
    private const int StackSize = 512 * 1024;

    private enum Phase
    {
        Preparing,
        First, // one queue registers before the others: what the kernel refuses one, it refuses all
        All,
        Abandoned,
    }

    private readonly FuseDevice _device;
    private readonly int _most;
    private readonly TimeSpan _patience;
    private readonly object _gate = new();
    private readonly List<Thread> _threads = [];
    private RingQueue[] _queues = [];
    private Phase _phase;
    private int _prepared;
    private int _registered;
    private int _failed;
    private int _errno;
    private bool _isRingBroken;
    private bool _woken;
    private bool _ending;
    private bool _isExhausted;
    private ulong _kick = 1UL << 62; // far from the kernel's own numbers

    internal RingPool(FuseDevice device, FuseDispatcher dispatcher, FuseMountOptions options)
    {
        _device = device;
        Dispatcher = dispatcher;
        PayloadSize = options.RingPayload;
        _patience = options.WorkerPatience;
        _most = options.MaxWorkers;
    }

    internal FuseDispatcher Dispatcher { get; }

    internal int Descriptor => _device.Descriptor;

    internal int PayloadSize { get; }

    internal ulong[] Allowed { get; private set; } = [];

    internal int Queues => _queues.Length;

    /// <summary>Why the last step failed; empty if it did not.</summary>
    internal string Reason { get; private set; } = "";

    /// <summary>Ends the connection when a queue cannot be served any more: nobody would answer what is in it.</summary>
    internal Action? Abort { get; set; }

    /// <summary>Makes threads, rings and memory; asks nothing of the kernel's FUSE yet. False: nothing is left, <see cref="Reason"/> says why.</summary>
    internal bool TryPrepare()
    {
        int count = Processors.Possible();
        if (count == 0) return Fails("cannot tell how many processors there may be");
        Allowed = Processors.Allowed();
        _queues = [.. Enumerable.Range(0, count).Select(i => new RingQueue(i))];
        foreach (RingQueue queue in _queues)
        {
            if (!TryStart(queue)) Prepared(EAGAIN);
        }
        lock (_gate)
        {
            while (_prepared < count) Monitor.Wait(_gate);
            if (_failed == 0) return true;
        }
        Abandon();
        string hint = _errno == EPERM ? " (kernel.io_uring_disabled?)" : "";
        return Fails($"io_uring: {Errno.Text(_errno)}{hint}");
    }

    /// <summary>
    /// After INIT is answered: gives the kernel an entry for each queue. False: it goes on through /dev/fuse, <see cref="Reason"/> says why.
    /// </summary>
    /// <exception cref="FuseException">The ring itself failed, and the kernel does not know: it would let no request through.</exception>
    internal bool TryRegister(string target)
    {
        Turn(Phase.First, 1);
        if (_failed == 0) Turn(Phase.All, Queues);
        if (_failed == 0)
        {
            new Thread(Supervise, StackSize) { IsBackground = true, Name = "fuse-ring-watch" }.Start();
            return true;
        }
        Abandon(); // entries that the kernel took wait, unused, for the end of the connection
        if (_isRingBroken) throw new FuseException("io_uring_enter", target, _errno);
        return Fails($"FUSE_IO_URING_CMD_REGISTER: {Errno.Text(_errno)}");
    }

    /// <summary>Waits for all threads, after <see cref="End"/> or with nothing registered.</summary>
    internal void Join()
    {
        while (true)
        {
            Thread? thread;
            lock (_gate)
            {
                if (_threads.Count == 0) return;
                thread = _threads[^1];
                _threads.RemoveAt(_threads.Count - 1);
            }
            thread.Join();
        }
    }

    /// <summary>INIT was not answered, or not with the offer taken: threads that wait for their turn end.</summary>
    internal void Abandon()
    {
        lock (_gate)
        {
            _phase = Phase.Abandoned;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>From the thread: ring and memory are there, or not.</summary>
    internal void Prepared(int errno) => Count(ref _prepared, errno, false);

    /// <summary>From the thread: the kernel has the entry, or refuses it.</summary>
    internal void Registered(int errno, bool isRingBroken) => Count(ref _registered, errno, isRingBroken);

    /// <summary>From the thread. False: it is not wanted any more.</summary>
    internal bool WaitForTurn(RingQueue queue)
    {
        lock (_gate)
        {
            while (_phase == Phase.Preparing || (_phase == Phase.First && queue.Id != 0)) Monitor.Wait(_gate);
            return _phase != Phase.Abandoned;
        }
    }

    /// <summary>From the thread: the connection is gone.</summary>
    internal void End()
    {
        if (Volatile.Read(ref _ending)) return;
        Volatile.Write(ref _ending, true);
        Dispatcher.EndAll();
        Wake();
    }

    /// <summary>From the thread: it cannot go on, though the connection lives.</summary>
    internal void Break(RingQueue queue, int errno)
    {
        Log.QueueBroken(Dispatcher.Logger, queue.Id, Errno.Text(errno));
        Abort?.Invoke();
    }

    /// <summary>Calls the supervisor, who looks whether the queues that are watched get on.</summary>
    internal void Wake()
    {
        lock (_gate)
        {
            _woken = true;
            Monitor.PulseAll(_gate);
        }
    }

    private bool Fails(string reason)
    {
        Reason = reason;
        return false;
    }

    private void Turn(Phase phase, int registered)
    {
        lock (_gate)
        {
            _phase = phase;
            Monitor.PulseAll(_gate);
            while (_registered < registered) Monitor.Wait(_gate);
        }
    }

    private void Count(ref int counter, int errno, bool isRingBroken)
    {
        lock (_gate)
        {
            counter++;
            if (errno != 0)
            {
                _failed++;
                _errno = errno;
                _isRingBroken |= isRingBroken;
            }
            Monitor.PulseAll(_gate);
        }
    }

    private bool TryStart(RingQueue queue)
    {
        RingWorker worker = new(this, queue, Dispatcher.AddLane(mayLoseInterrupts: true));
        string name = string.Create(CultureInfo.InvariantCulture, $"fuse-ring-{queue.Id}");
        Thread thread = new(worker.Run, StackSize) { IsBackground = true, Name = name };
        try
        {
            thread.Start();
        }
        catch (Exception e) when (e is ThreadStartException or OutOfMemoryException)
        {
            Log.NoThread(Dispatcher.Logger, e);
            return false;
        }
        queue.Add(worker);
        lock (_gate) _threads.Add(thread);
        return true;
    }

    /// <summary>
    /// A file system may wait inside a request, and then nobody serves this processor's queue: so a thread is added to a queue that is stuck. It
    /// stays: an entry that the kernel may just be filling cannot be taken back.
    /// </summary>
    private void Supervise()
    {
        while (!Volatile.Read(ref _ending))
        {
            lock (_gate)
            {
                while (!_woken) Monitor.Wait(_gate);
                _woken = false;
            }
            while (!Volatile.Read(ref _ending) && Array.Exists(_queues, q => q.IsWatched)) Watch();
        }
    }

    private void Watch()
    {
        foreach (RingQueue queue in _queues)
        {
            if (queue.IsWatched) queue.IsStuck();
        }
        Thread.Sleep(_patience);
        foreach (RingQueue queue in _queues)
        {
            if (!queue.IsWatched) continue;
            if (queue.IsStuck()) Relieve(queue);
            else queue.Relax();
        }
    }

    private void Relieve(RingQueue queue)
    {
        int running = _queues.Sum(q => q.Workers.Length);
        bool mayHaveMore = running < (_most > 0 ? Math.Max(_most, Queues) : Math.Max(4 * Queues, 16));
        if (mayHaveMore && TryAdd(queue, running))
        {
            Kick(queue);
            return;
        }
        if (!mayHaveMore && !_isExhausted) Log.WorkersExhausted(Dispatcher.Logger, running);
        _isExhausted |= !mayHaveMore; // said once
        Thread.Sleep(_patience * 5);
    }

    private bool TryAdd(RingQueue queue, int running)
    {
        int registered, failed;
        lock (_gate) (registered, failed) = (_registered, _failed);
        Log.WorkerAdded(Dispatcher.Logger, running);
        if (!TryStart(queue)) return false;
        lock (_gate)
        {
            while (_registered == registered && _failed == failed && !Volatile.Read(ref _ending)) Monitor.Wait(_gate);
            return _failed == failed && !Volatile.Read(ref _ending);
        }
    }

    /// <summary>
    /// The kernel hands out what waits in a queue when an answer is committed there, and not when an entry comes new (fuse_uring_do_register). So it
    /// is made to send something: asked for no bytes of a file, it sends a NOTIFY_REPLY without any, through the queue of this processor. It must
    /// be a regular file that the kernel knows, so one of those read last. Without one, what waits in the queue waits for the first answer.
    /// </summary>
    private void Kick(RingQueue queue)
    {
        if (!Processors.Pin(queue.Id, Processors.All)) return; // it is not there now, so nobody asks on it
        _kick += 2;
        foreach (RingWorker worker in _queues.SelectMany(q => q.Workers))
        {
            if (worker.LastFile is ulong file and not 0 && _device.Retrieve(file, _kick) == 0) break;
        }
        Processors.Restore(Allowed);
    }
}
