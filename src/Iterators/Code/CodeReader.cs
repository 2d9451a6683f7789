using System.Diagnostics.CodeAnalysis;
using Iterators.Native;
using Microsoft.Extensions.Logging;

namespace Iterators;

/// <summary>
/// Opens programs to read their code. What bpf(2) hides without CAP_SYSLOG is read by BPF programs of their own (bpf/code.bpf.c), loaded when
/// they are first needed. Thread-safe.
/// </summary>
public sealed class CodeReader : IDisposable
{
    private readonly string? _kernelBtf;
    private readonly ILogger _logger;
    private readonly Lock _lock = new();
    private BpfObject? _object;
    private CodePrograms? _programs;
    private LoadAttempt _attempt;

    internal CodeReader(string? kernelBtf, ILogger logger)
    {
        _kernelBtf = kernelBtf;
        _logger = logger;
    }

    /// <summary>Opens a program; 0 or an errno: ENOENT, there is none of that id; EMFILE.</summary>
    public int Open(uint id, out OpenProgram? program)
    {
        program = null;
        using Fd fd = new(LibBpf.bpf_prog_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        program = new OpenProgram(fd.Disown(), this);
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _attempt.End();
            _programs = null;
            _object?.Dispose();
        }
    }

    /// <summary>The loaded programs; null, said once in the log, where the kernel refuses them.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "whatever it was, code is then shown as far as it is without them")]
    internal CodePrograms? Programs()
    {
        lock (_lock)
        {
            if (!_attempt.TryBegin()) return _programs;
            try
            {
                _object = BpfObject.Open("code.bpf.o", _kernelBtf);
                bool hasKsyms = IteratorSet.IsKnown(CodePrograms.FindCallBase.Target);
                if (!hasKsyms)
                {
                    _object.LeaveOut(CodePrograms.FindCallBase.Name);
                    Log.TargetMissing(_logger, CodePrograms.FindCallBase.Name, CodePrograms.FindCallBase.Target.Name, CodePrograms.FindCallBase.Target.Since);
                }
                _object.Load();
                _programs = new CodePrograms(_object, hasKsyms);
            }
            catch (BpfException e)
            {
                _attempt.Fail(e.Errno);
                Log.CodeNotLoaded(_logger, e.Message);
                _object?.Dispose();
                _object = null;
            }
            return _programs;
        }
    }
}

/// <summary>The descriptors of bpf/code.bpf.c's programs.</summary>
internal sealed class CodePrograms
{
    public static readonly ProgramRow FindCallBase = new("find_call_base", Target.Ksym);

    public CodePrograms(BpfObject loaded, bool hasKsyms)
    {
        Function = loaded.ProgramFd("code_func");
        Bytes = loaded.ProgramFd("code_bytes");
        Lines = loaded.ProgramFd("code_lines");
        Name = loaded.ProgramFd("code_name");
        if (hasKsyms) CallBase = ReadCallBase(loaded.ProgramFd(FindCallBase.Name));
    }

    public int Function { get; }

    public int Bytes { get; }

    public int Lines { get; }

    public int Name { get; }

    /// <summary>What <see cref="code_name_record.call_base"/> wants; 0: not found, and calls have no names.</summary>
    public long CallBase { get; }

    /// <summary>One walk over the kernel's symbols (150,000: 30 ms).</summary>
    private static long ReadCallBase(int program)
    {
        using IteratorLink link = IteratorLink.Attach(FindCallBase.Name, program);
        using Fd fd = link.Create();
        if (fd.Errno != 0) return 0;
        Span<byte> buffer = stackalloc byte[256];
        var reader = new RecordReader<call_base_record>(fd, buffer);
        return reader.MoveNext() ? reader.Current.from_landmark : 0;
    }
}
