using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>The programs of bpf/attach.bpf.c, which find what is attached without a link. Loaded when they are first needed. Thread-safe.</summary>
public sealed unsafe class AttachReader : IDisposable
{
    private const int OutputSize = 256 * 1024; // NET_OUTPUT_SIZE
    private const int Attempts = 10; // at a walk in one piece while devices come and go
    private readonly ProgramObject _programs;
    private readonly Lock _lock = new(); // the output is one for all
    private bool _isDisposed;
    private byte* _output;

    internal AttachReader(ProgramObject programs) => _programs = programs;

    /// <summary>Its programs.</summary>
    public ProgramObject Programs => _programs;

    /// <summary><see cref="perf_event_record"/>: every descriptor of a perf event that runs a program, by process.</summary>
    public int PerfDescriptors(out IteratorLink? link) => Find(BpfPrograms.PerfDescriptors, out link);

    /// <summary><see cref="perf_event_record"/>: the perf events of links.</summary>
    public int PerfLinks(out IteratorLink? link) => Find(BpfPrograms.PerfLinks, out link);

    /// <summary><see cref="cgroup_record"/>: every cgroup that has programs of its own.</summary>
    public int Cgroups(out IteratorLink? link) => Find(BpfPrograms.AttachedCgroups, out link, IteratorLink.AttachToCgroups);

    /// <summary><see cref="struct_ops_record"/>: every program of a struct_ops map.</summary>
    public int StructOps(out IteratorLink? link) => Find(BpfPrograms.StructOps, out link);

    /// <summary>Whether <see cref="ReadNets"/> has its program; loads the programs if they are not yet.</summary>
    public bool HasNets => _programs.Has(BpfPrograms.WalkNets);

    /// <summary>What network namespaces and their devices run, in the order of running; 0 or an errno, EAGAIN: they change too fast.</summary>
    public int ReadNets(List<net_record> to)
    {
        lock (_lock)
        {
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                to.Clear();
                int errno = ReadAll(to, out bool isTorn);
                if (errno != 0 || !isTorn) return errno;
            }
        }
        return LibC.EAGAIN;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            if (_output is not null) LibC.munmap(_output, OutputSize);
            _output = null;
            _programs.Dispose();
        }
    }

    /// <summary>0, or the errno that the program is missing for; the link is then null.</summary>
    private int Find(ProgramRow row, out IteratorLink? link, Func<string, int, IteratorLink>? attach = null)
    {
        link = _programs.Link(row, attach);
        return link is null ? _programs.ErrnoOf(row) : 0;
    }

    private int MapOutput(out int program)
    {
        program = _programs.ProgramFd(BpfPrograms.WalkNets);
        if (_isDisposed) return LibC.EBADF;
        if (program < 0) return -program;
        if (_output is not null) return 0;
        void* mapped = LibC.mmap(null, OutputSize, LibC.PROT_READ, LibC.MAP_SHARED, _programs.MapFd("net_output"), 0);
        if (mapped == LibC.MAP_FAILED) return LibC.errno;
        _output = (byte*)mapped;
        return 0;
    }

    private int ReadAll(List<net_record> to, out bool isTorn)
    {
        isTorn = false;
        int errno = MapOutput(out int program);
        if (errno != 0) return errno;
        uint first = 0;
        do
        {
            var record = new walk_nets_record { first = first };
            errno = OneObject.Run(program, ref record);
            if (errno != 0) return errno;
            isTorn = record.torn != 0;
            if (isTorn) return 0;
            to.AddRange(MemoryMarshal.Cast<byte, net_record>(new ReadOnlySpan<byte>(_output, (int)record.length)));
            first = record.next;
        }
        while (first != 0);
        return 0;
    }
}
