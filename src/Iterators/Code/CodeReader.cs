using Iterators.Native;

namespace Iterators;

/// <summary>
/// Opens programs to read their code. What bpf(2) hides without CAP_SYSLOG is read by BPF programs of their own (bpf/code.bpf.c), loaded when
/// they are first needed. Thread-safe.
/// </summary>
public sealed class CodeReader : IDisposable
{
    private readonly ProgramObject _programs;
    private readonly Lazy<long> _callBase;

    internal CodeReader(ProgramObject programs)
    {
        _programs = programs;
        _callBase = new Lazy<long>(ReadCallBase);
    }

    /// <summary>Its programs.</summary>
    public ProgramObject Programs => _programs;

    /// <summary>Whether machine code can be read; loads the programs if they are not yet.</summary>
    public bool HasMachineCode => _programs.Has(BpfPrograms.CodeFunc) && _programs.Has(BpfPrograms.CodeBytes);

    /// <summary>Whether calls have names; loads the programs if they are not yet.</summary>
    public bool HasNames => _programs.Has(BpfPrograms.CodeName) && _programs.Has(BpfPrograms.CodeBytes);

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
    public void Dispose() => _programs.Dispose();

    /// <summary>A program's descriptor; negative: it is missing.</summary>
    internal int ProgramFd(ProgramRow row) => _programs.ProgramFd(row);

    /// <summary>What <see cref="code_name_record.call_base"/> wants; 0: not found, and calls have no names.</summary>
    internal long CallBase => _callBase.Value;

    /// <summary>One walk over the kernel's symbols (150,000: 30 ms).</summary>
    private long ReadCallBase()
    {
        int program = ProgramFd(BpfPrograms.FindCallBase);
        if (program < 0) return 0;
        using Fd fd = IteratorParameter.Attach(program, IteratorParameter.None);
        if (fd.Errno != 0) return 0;
        Span<byte> buffer = stackalloc byte[256];
        var reader = new RecordReader<call_base_record>(fd, buffer);
        return reader.MoveNext() ? reader.Current.from_landmark : 0;
    }
}
