using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// The programs of bpf/attach.bpf.c, which find what is attached without a link. Loaded when they are first needed. Thread-safe.
/// </summary>
public sealed class AttachReader : IDisposable
{
    private readonly string? _kernelBtf;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private AttachPrograms? _programs;
    private int _errno;
    private LoadAttempt _attempt;

    internal AttachReader(string? kernelBtf, ILogger logger)
    {
        _kernelBtf = kernelBtf;
        _logger = logger;
    }

    /// <summary>The loaded programs; null with the errno, said once in the log, where the kernel refuses them.</summary>
    public AttachPrograms? Programs(out int errno)
    {
        lock (_lock)
        {
            if (_attempt.TryBegin())
            {
                try
                {
                    _programs = AttachPrograms.Load(_kernelBtf, _logger);
                    _errno = 0;
                }
                catch (BpfException e)
                {
                    _errno = e.Errno;
                    _attempt.Fail(e.Errno);
                    Log.AttachNotLoaded(_logger, e.Message);
                }
            }
            errno = _errno;
            return _programs;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _attempt.End();
            _errno = LibC.EBADF;
            _programs?.Dispose();
            _programs = null;
        }
    }
}

/// <summary>What bpf/attach.bpf.c can tell.</summary>
public sealed unsafe class AttachPrograms : IDisposable
{
    private const int OutputSize = 256 * 1024; // NET_OUTPUT_SIZE
    private const int Attempts = 10; // at a walk in one piece while devices come and go
    private static readonly ProgramRow s_cgroups = new("cgroup_records", Target.Cgroup);
    private readonly Lock _lock = new(); // the output is one for all
    private readonly BpfObject _object;
    private readonly int _walkNets;
    private byte* _output;

    private AttachPrograms(BpfObject loaded)
    {
        _object = loaded;
        _walkNets = loaded.ProgramFd("walk_nets");
    }

    /// <summary><see cref="perf_event_record"/>: every descriptor of a perf event that runs a program, by process.</summary>
    public IteratorLink PerfDescriptors { get; private set; } = null!;

    /// <summary><see cref="perf_event_record"/>: the perf events of links.</summary>
    public IteratorLink? PerfLinks { get; private set; }

    /// <summary><see cref="cgroup_record"/>: every cgroup that has programs of its own. Null before Linux 6.1.</summary>
    public IteratorLink? Cgroups { get; private set; }

    /// <summary><see cref="struct_ops_record"/>: every program of a struct_ops map.</summary>
    public IteratorLink StructOps { get; private set; } = null!;

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
            if (_output is not null) LibC.munmap(_output, OutputSize);
            _output = null;
        }
        foreach (IteratorLink? link in (ReadOnlySpan<IteratorLink?>)[PerfDescriptors, PerfLinks, Cgroups, StructOps]) link?.Dispose();
        _object.Dispose();
    }

    /// <exception cref="BpfException">The kernel refuses them.</exception>
    [SuppressMessage("Reliability", "CA2000", Justification = "the object goes with what owns it")]
    internal static AttachPrograms Load(string? kernelBtf, ILogger logger)
    {
        BpfObject opened = BpfObject.Open("attach.bpf.o", kernelBtf);
        AttachPrograms? programs = null;
        try
        {
            bool hasCgroups = IteratorSet.IsKnown(s_cgroups.Target), hasLinks = IteratorSet.IsKnown(Target.BpfLink);
            if (!hasCgroups)
            {
                opened.LeaveOut(s_cgroups.Name);
                Log.TargetMissing(logger, s_cgroups.Name, s_cgroups.Target.Name, s_cgroups.Target.Since);
            }
            if (!hasLinks) opened.LeaveOut("perf_link_records");
            opened.Load();
            programs = new AttachPrograms(opened);
            int output = opened.MapFd("net_output");
            void* mapped = LibC.mmap(null, OutputSize, LibC.PROT_READ, LibC.MAP_SHARED, output, 0);
            if (mapped == LibC.MAP_FAILED) throw new BpfException("map", "net_output", LibC.errno);
            programs._output = (byte*)mapped;
            programs.PerfDescriptors = IteratorLink.Attach("perf_fd_records", opened.ProgramFd("perf_fd_records"));
            if (hasLinks) programs.PerfLinks = IteratorLink.Attach("perf_link_records", opened.ProgramFd("perf_link_records"));
            if (hasCgroups) programs.Cgroups = IteratorLink.AttachToCgroups(s_cgroups.Name, opened.ProgramFd(s_cgroups.Name));
            programs.StructOps = IteratorLink.Attach("struct_ops_records", opened.ProgramFd("struct_ops_records"));
            return programs;
        }
        catch
        {
            if (programs is not null) programs.Dispose();
            else opened.Dispose();
            throw;
        }
    }

    private int ReadAll(List<net_record> to, out bool isTorn)
    {
        isTorn = false;
        if (_output is null) return LibC.EBADF;
        uint first = 0;
        do
        {
            var record = new walk_nets_record { first = first };
            int errno = OneObject.Run(_walkNets, ref record);
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
