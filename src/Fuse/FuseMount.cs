using Microsoft.Extensions.Logging;

namespace Fuse;

/// <summary>A mounted file system and the threads that serve it.</summary>
public sealed class FuseMount : IAsyncDisposable
{
    /// <summary>The absolute path, symbolic links resolved.</summary>
    public string MountPoint { get; }

    /// <summary>What was agreed with the kernel.</summary>
    public FuseConnection Connection { get; }

    private FuseMount(string mountPoint, FuseConnection connection)
    {
        MountPoint = mountPoint;
        Connection = connection;
    }

    /// <summary>
    /// Mounts <paramref name="fs"/> on an existing empty directory and begins to serve it; the tree can be used on return. A dead mount of
    /// the same subtype there is detached first.
    /// </summary>
    /// <exception cref="FuseException">
    /// The directory is missing, not a directory, not empty, or already a mount point; /dev/fuse or mount(2) refused; the kernel's protocol
    /// is older than 7.31 (Linux 5.4).
    /// </exception>
    public static FuseMount Mount(string mountPoint, FileSystem fs, FuseMountOptions options, ILogger logger) =>
        throw new NotImplementedException();

    /// <summary>Completes when the mount is gone, by whoever's umount, and every worker has ended.</summary>
    public Task WaitForUnmountAsync() => throw new NotImplementedException();

    /// <summary>
    /// Unmounts. When it is busy: with <paramref name="lazyIfBusy"/> it is detached, and served until its last user leaves; else
    /// <see cref="FuseException"/> with EBUSY.
    /// </summary>
    public Task UnmountAsync(bool lazyIfBusy = false) => throw new NotImplementedException();

    /// <summary>Unmounts whatever it takes: those still using the tree get errors.</summary>
    public ValueTask DisposeAsync() => throw new NotImplementedException();

    /// <summary>A snapshot of the counters: a row for each opcode seen so far.</summary>
    public IReadOnlyList<OpcodeCount> Counts => throw new NotImplementedException();
}

/// <summary>How often the kernel asked for something, and how often the answer was an errno.</summary>
public readonly record struct OpcodeCount(string Name, int Opcode, long Requests, long Errors);
