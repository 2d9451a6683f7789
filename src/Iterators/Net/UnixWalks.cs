using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Walks over the unix sockets of a namespace. The program writes into a mapped map, because the kernel's iterator leaves sockets out when its own output
/// gets full (bpf/net_unix.h); what does not fit into the map is left to another walk, by whole buckets of the kernel's table. Thread-safe.
/// </summary>
internal sealed unsafe class UnixWalks : IDisposable
{
    /// <summary>UNIX_OUTPUT_SIZE.</summary>
    public const int OutputSize = 2 << 20;

    private const uint Ended = uint.MaxValue;
    private readonly Lock _lock = new();
    private readonly int _length = OutputSize + sizeof(unix_walk_record);
    private byte* _mapped;

    public UnixWalks(int map)
    {
        void* mapped = LibC.mmap(null, _length, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, map, 0);
        if (mapped == LibC.MAP_FAILED) throw new BpfException("map", "unix_output", LibC.errno);
        _mapped = (byte*)mapped;
    }

    /// <summary>The next records; bytes, 0 at the end, or a negative errno: E2BIG, one bucket exceeds the map.</summary>
    /// <param name="namespaces">Of the readers.</param>
    /// <param name="link">The iterator.</param>
    /// <param name="ns">The reader's.</param>
    /// <param name="from">0 at first; what the last call made of it.</param>
    /// <param name="to">Of <see cref="OutputSize"/>.</param>
    public int Next(NetNamespaces namespaces, IteratorLink link, int ns, ref uint from, Span<byte> to)
    {
        Span<byte> nothing = stackalloc byte[64];
        while (from != Ended)
        {
            lock (_lock)
            {
                if (_mapped is null) return -LibC.EBADF;
                ref unix_walk_record walk = ref *(unix_walk_record*)_mapped;
                walk = new unix_walk_record { from = from };
                using Fd iterator = namespaces.Create(link, ns);
                if (iterator.Errno != 0) return -iterator.Errno;
                int got = IteratorFd.Read(iterator.Value, nothing);
                if (got != 0) return got < 0 ? got : -LibC.EPROTO;
                if (walk.is_full != 0 && walk.length == 0) return -LibC.E2BIG;
                new ReadOnlySpan<byte>(_mapped + sizeof(unix_walk_record), (int)walk.length).CopyTo(to);
                from = walk.is_full != 0 ? walk.next : Ended;
                if (walk.length > 0) return (int)walk.length;
            }
        }
        return 0;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_mapped is not null) LibC.munmap(_mapped, _length);
            _mapped = null;
        }
    }
}
