using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using static System.FormattableString;
using static Tmds.Linux.LibC;

namespace Fuse;

/// <summary>A served mount, as its next server must know it.</summary>
/// <param name="ProtocolMinor">Of 7.x, agreed on.</param>
/// <param name="KernelMinor">The kernel's own.</param>
/// <param name="Flags">INIT flags in use.</param>
/// <param name="MountId">Of mountinfo.</param>
/// <param name="Device">major:minor.</param>
/// <param name="MountPoint">Absolute.</param>
public readonly record struct FuseSession(int ProtocolMinor, int KernelMinor, ulong Flags, int MountId, string Device, string MountPoint);

/// <summary>A mounted file system and the threads that serve it.</summary>
public sealed class FuseMount : IAsyncDisposable
{
    private static readonly TimeSpan s_busyPatience = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_endPatience = TimeSpan.FromSeconds(2);
    private const string NotOffered = "the kernel does not offer it: that takes Linux 6.14 and Y in /sys/module/fuse/parameters/enable_uring";
    private readonly FuseDispatcher _dispatcher;
    private readonly WorkerPool _workers;
    private readonly ILogger _logger;
    private readonly MountInfo _mount;
    private SafeFileHandle? _abort;

    private FuseMount(
        string mountPoint, FuseDispatcher dispatcher, WorkerPool workers, RingPool? rings, string transport, MountInfo mount, ILogger logger)
    {
        MountPoint = mountPoint;
        _dispatcher = dispatcher;
        _workers = workers;
        Transport = transport;
        if (rings is not null) rings.Abort = () => _ = TryUnmountAsync(MNT_FORCE | MNT_DETACH);
        _mount = mount;
        _logger = logger;
        _ = TryOpenAbort(out _abort);
    }

    /// <summary>The absolute path, symbolic links resolved.</summary>
    public string MountPoint { get; }

    /// <summary>What was agreed with the kernel.</summary>
    public FuseConnection Connection => _dispatcher.Connection;

    /// <summary>
    /// How requests come: <c>io_uring, N queues</c>, or <c>/dev/fuse, N workers</c>, with the reason in brackets when io_uring was wanted.
    /// </summary>
    public string Transport { get; }

    /// <summary>Whether requests come over io_uring.</summary>
    public bool IsOverIoUring => _workers.IsOverRings;

    /// <summary>
    /// What another process needs, beside <see cref="Descriptor"/>, to go on with the mount; null: the kernel cannot send again what this one would die with.
    /// </summary>
    public FuseSession? Session => Connection.CanResend
        ? new FuseSession(Connection.ProtocolMinor, Connection.KernelMinor, Connection.Flags, _mount.Id, _mount.Device, MountPoint)
        : null;

    /// <summary>The open /dev/fuse, to hand a duplicate of it to who may survive us; the mount lives as long as one is open.</summary>
    public int Descriptor => _workers.Descriptor;

    /// <summary>A snapshot of the counters: a row for each opcode seen so far. Takes no lock.</summary>
    public IReadOnlyList<OpcodeCount> Counts => _dispatcher.Counts;

    /// <summary>Threads that always stand ready.</summary>
    public int Workers => _workers.Workers;

    /// <summary>
    /// Mounts <paramref name="fs"/> on an existing empty directory and begins to serve it; the tree can be used on return. A dead mount of
    /// the same subtype there is detached first.
    /// </summary>
    /// <exception cref="FuseException">
    /// <see cref="IoUring.On"/> was asked for and cannot be had; the directory is missing, not a directory, not empty, or already a mount point; /dev/fuse or mount(2) refused; the kernel's protocol
    /// is older than 7.31 (Linux 5.4).
    /// </exception>
    public static FuseMount Mount(string mountPoint, FileSystem fs, FuseMountOptions options, ILogger logger)
    {
        using MountLock alone = MountLock.Take(mountPoint, logger); // until it serves, or is unmounted again
        string target = MountTarget.Prepare(mountPoint, options, logger);
        logger = new QuietLogger(logger);
        FuseDevice device = FuseDevice.Open();
        RingPool? rings = null;
        bool isMounted = false;
        try
        {
            string data = MountTarget.Data(device.Descriptor, options);
            int errno = PathCalls.Mount(options.Source, target, MountPoints.TypeName(options.Subtype), MountTarget.Flags(options), data);
            if (errno != 0) throw new FuseException("mount", target, errno);
            isMounted = true;
            MountInfo mount = MountInfo.TopAt(MountInfo.ReadAll(), target) ?? default;
            FuseDispatcher dispatcher = new(fs, logger, new FuseConnection(), options.CacheSymlinks);
            rings = options.IoUring == IoUring.Off ? null : new RingPool(device, dispatcher, options);
            dispatcher.PrepareRings = rings is null ? null : rings.TryPrepare;
            Initialize(target, device, dispatcher);
            bool isOverRings = dispatcher.Connection.IsOverIoUring && rings!.TryRegister(target);
            string reason = isOverRings || rings is null ? "" : dispatcher.AreRingsOffered ? rings.Reason : NotOffered;
            if (reason.Length > 0 && options.IoUring == IoUring.On) throw new FuseException("mount", target, EOPNOTSUPP, $"io_uring=on: {reason}");
            if (reason.Length > 0 && dispatcher.AreRingsOffered) Log.NoRing(logger, reason);
            WorkerPool workers = new(device, dispatcher, options, rings, isOverRings);
            string transport = Invariant($"{(isOverRings ? $"io_uring, {rings!.Queues} queues" : $"/dev/fuse, {workers.Workers} workers")}");
            if (reason.Length > 0) transport += $" ({reason})";
            FuseMount mounted = new(target, dispatcher, workers, rings, transport, mount, logger);
            workers.Start();
            _ = mounted.LogEndAsync();
            Log.Mounted(logger, target, transport);
            return mounted;
        }
        catch
        {
            if (isMounted) PathCalls.Unmount(target, MNT_FORCE | MNT_DETACH);
            rings?.Abandon();
            rings?.Join();
            device.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Serves a mount whose earlier server is dead. What it had been asked and had not answered comes again (<see cref="Request.IsResent"/>); the file
    /// system must know its nodes and its open handles. A connection that has ended meanwhile is no error: <see cref="WaitForUnmountAsync"/> completes.
    /// </summary>
    /// <param name="descriptor">The open /dev/fuse; owned from now on.</param>
    /// <param name="session">What <see cref="Session"/> was.</param>
    /// <param name="fs">The file system.</param>
    /// <param name="options">Of these, those about workers. Requests come through /dev/fuse.</param>
    /// <param name="logger">For messages.</param>
    /// <exception cref="FuseException">It is no /dev/fuse.</exception>
    public static FuseMount Adopt(int descriptor, FuseSession session, FileSystem fs, FuseMountOptions options, ILogger logger)
    {
        logger = new QuietLogger(logger);
        FuseDevice device = FuseDevice.Own(descriptor);
        FuseDispatcher dispatcher = new(fs, logger, new FuseConnection(), options.CacheSymlinks);
        dispatcher.Continue(session);
        WorkerPool workers = new(device, dispatcher, options, null, isOverRings: false);
        var mount = new MountInfo(session.MountId, 0, session.Device, session.MountPoint, MountPoints.TypeName(options.Subtype));
        FuseMount adopted = new(session.MountPoint, dispatcher, workers, null, Invariant($"/dev/fuse, {workers.Workers} workers"), mount, logger);
        device.Resend(); // whatever it says: without a connection the workers find out
        workers.Start();
        _ = adopted.LogEndAsync();
        Log.Adopted(logger, session.MountPoint);
        return adopted;
    }

    /// <summary>
    /// Makes what the last reader of a /dev/fuse was asked, and died without answering, wait for the next one. From then on a signal ends those who wait
    /// for it, which one that a server has cannot do.
    /// </summary>
    /// <returns>0 or a positive errno: EINVAL before Linux 6.9, ENODEV when the connection has ended.</returns>
    public static unsafe int Resend(int descriptor)
    {
        fuse_out_header message = new() { len = (uint)sizeof(fuse_out_header), error = FuseProtocol.FUSE_NOTIFY_RESEND };
        return write(descriptor, &message, sizeof(fuse_out_header)) < 0 ? errno : 0;
    }

    /// <summary>
    /// The kernel has queued INIT within mount(2), and lets nothing else through before it is answered: no thread is needed yet.
    /// </summary>
    private static void Initialize(string target, FuseDevice device, FuseDispatcher dispatcher)
    {
        byte[] request = new byte[FuseProtocol.FUSE_MIN_READ_BUFFER];
        byte[] reply = new byte[4096];
        int errno = EPROTO;
        while (!dispatcher.IsInitialized)
        {
            int length = device.Receive(request);
            if (length < 0)
            {
                errno = -length;
                break;
            }
            int replyLength = dispatcher.Dispatch(request.AsSpan(0, length), reply);
            errno = device.Send(reply.AsSpan(0, replyLength));
            if (errno != 0 || BitConverter.ToInt32(reply, sizeof(uint)) != 0) break; // refused: fuse_out_header.error
        }
        if (dispatcher.IsInitialized && errno == 0) return;
        throw new FuseException("mount", target, errno == 0 ? EPROTO : errno, "no FUSE protocol that the kernel and this program share");
    }

    private async Task LogEndAsync()
    {
        await _workers.Ended.ConfigureAwait(false);
        _abort?.Dispose();
        Log.Unmounted(_logger, MountPoint);
    }

    /// <summary>Completes when the mount is gone, by whoever's umount, and every worker has ended.</summary>
    public Task WaitForUnmountAsync() => _workers.Ended;

    /// <summary>
    /// Unmounts. When it is busy: with <paramref name="lazyIfBusy"/> it is detached, and served until its last user leaves; else
    /// <see cref="FuseException"/> with EBUSY. Does nothing when it is unmounted already.
    /// </summary>
    public async Task UnmountAsync(bool lazyIfBusy = false)
    {
        int errno = await TryUnmountAsync(0).ConfigureAwait(false);
        if (errno == EBUSY && lazyIfBusy) errno = await TryUnmountAsync(MNT_DETACH).ConfigureAwait(false);
        if (errno != 0) throw new FuseException("unmount", MountPoint, errno);
    }

    /// <summary>Unmounts whatever it takes: those still using the tree get errors.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_workers.Ended.IsCompleted)
        {
            await DetachDeadAsync().ConfigureAwait(false);
            return;
        }
        int errno = await TryUnmountAsync(0).ConfigureAwait(false);
        if (errno == EBUSY)
        {
            await Task.Delay(s_busyPatience).ConfigureAwait(false); // an ls on its way out is no reason for violence
            errno = await TryUnmountAsync(0).ConfigureAwait(false);
        }
        if (errno == EBUSY)
        {
            Log.Forced(_logger, MountPoint);
            await TryUnmountAsync(MNT_FORCE | MNT_DETACH).ConfigureAwait(false);
        }
        if (await EndsInAsync(s_endPatience).ConfigureAwait(false)) return;
        Abort();
        if (!await EndsInAsync(s_endPatience).ConfigureAwait(false)) Log.StillServed(_logger, MountPoint);
    }

    /// <summary>A connection that was aborted (fusectl, umount -f) leaves its mount, on which every access is ENOTCONN.</summary>
    private Task DetachDeadAsync() => Task.Run(() =>
    {
        if (Find() is { } mount && PathCalls.Unmount(mount.MountPoint, MNT_DETACH) == 0) Log.DetachedDead(_logger, mount.MountPoint);
    });

    /// <summary>By number: somebody may have moved it, or mounted something else where it was. Null: it is gone.</summary>
    private MountInfo? Find()
    {
        foreach (MountInfo mount in MountInfo.ReadAll())
        {
            if (mount.Id == _mount.Id && mount.Device == _mount.Device) return mount;
        }
        return null;
    }

    private async Task<bool> EndsInAsync(TimeSpan limit) =>
        await Task.WhenAny(_workers.Ended, Task.Delay(limit)).ConfigureAwait(false) == _workers.Ended;

    /// <summary>
    /// umount2(2) waits for requests on their way, so it runs on a thread of the pool. 0 also when the mount is gone already.
    /// </summary>
    private Task<int> TryUnmountAsync(int flags) => Task.Run(() =>
    {
        if (_workers.Ended.IsCompleted) return 0;
        return Find() is { } mount ? PathCalls.Unmount(mount.MountPoint, flags) : 0;
    });

    /// <summary>
    /// The connection's switch in fusectl, if that is mounted: its name is the minor. Opened at the start, as a process may have lost the right to open
    /// anything for writing when it ends.
    /// </summary>
    private string TryOpenAbort(out SafeFileHandle? handle)
    {
        handle = null;
        string minor = _mount.Device[(_mount.Device.IndexOf(':', StringComparison.Ordinal) + 1)..];
        try
        {
            handle = File.OpenHandle(Invariant($"/sys/fs/fuse/connections/{minor}/abort"), FileMode.Open, FileAccess.Write);
            return "";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>For a mount that was detached while in use.</summary>
    private unsafe void Abort()
    {
        string cause = _abort is null ? TryOpenAbort(out _abort) : "";
        if (_abort is null)
        {
            Log.NoAbort(_logger, MountPoint, cause);
            return;
        }
        byte one = (byte)'1';
        // By write(2): it has no offset, and System.IO would give it one.
        if (write((int)_abort.DangerousGetHandle(), &one, 1) < 0) Log.NoAbort(_logger, MountPoint, Errno.Text(errno));
    }
}
