using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// A program held open while its code is read: it stays loaded, and its code where it is. Methods that can fail give 0 or a positive errno.
/// </summary>
public sealed unsafe class OpenProgram : SafeHandle
{
    private readonly CodeReader _reader;

    internal OpenProgram(int fd, CodeReader reader)
        : base(-1, ownsHandle: true)
    {
        _reader = reader;
        SetHandle(fd);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => (int)handle < 0;

    /// <summary>What bpf(2) shows of the code.</summary>
    /// <param name="withInstructions">Or only functions and lines.</param>
    /// <param name="code">The code.</param>
    public int Read(bool withInstructions, out ProgramCode? code)
    {
        code = null;
        bpf_prog_info sizes = default;
        int errno = ReadInfo(ref sizes);
        if (errno != 0) return errno;
        ulong[] instructions = new ulong[withInstructions ? sizes.xlated_prog_len / sizeof(ulong) : 0];
        var functions = new bpf_func_info[sizes.nr_func_info];
        var lines = new bpf_line_info[sizes.nr_line_info];
        fixed (void* i = instructions, f = functions, l = lines)
        {
            bpf_prog_info info = new()
            {
                xlated_prog_insns = (ulong)i,
                xlated_prog_len = (uint)instructions.Length * sizeof(ulong),
                func_info = (ulong)f,
                nr_func_info = (uint)functions.Length,
                func_info_rec_size = sizes.func_info_rec_size,
                line_info = (ulong)l,
                nr_line_info = (uint)lines.Length,
                line_info_rec_size = sizes.line_info_rec_size,
            };
            if ((functions.Length != 0 && info.func_info_rec_size != sizeof(bpf_func_info))
                || (lines.Length != 0 && info.line_info_rec_size != sizeof(bpf_line_info))) return LibC.EPROTO;
            errno = ReadInfo(ref info);
            if (errno != 0) return errno;
            code = new ProgramCode
            {
                Instructions = info.xlated_prog_insns == 0 ? [] : instructions,
                Functions = functions,
                Lines = lines,
                BtfId = sizes.btf_id,
            };
        }
        return 0;
    }

    /// <summary>What bpf(2) would show of it: instructions (not of a program whose constants the kernel hides), source lines.</summary>
    public int ReadParts(out bool showsInstructions, out bool hasLines)
    {
        ulong first;
        bpf_prog_info info = new() { xlated_prog_insns = (ulong)&first, xlated_prog_len = sizeof(ulong) };
        int errno = ReadInfo(ref info);
        showsInstructions = info.xlated_prog_len != 0 && info.xlated_prog_insns != 0;
        hasLines = info.nr_line_info != 0;
        return errno;
    }

    /// <summary>Whether it has machine code that we can read.</summary>
    public int ReadHasMachineCode(out bool has)
    {
        code_func_record record = new() { fd = (uint)handle };
        int program = _reader.ProgramFd(BpfPrograms.CodeFunc);
        int errno = program < 0 ? 0 : OneObject.Run(program, ref record);
        has = program >= 0 && record.bytes != 0;
        return errno != 0 ? errno : record.error;
    }

    /// <summary>Its functions as machine code; none where the kernel does not let us read it. <paramref name="isBlinded"/>: constants were hidden in it.</summary>
    public int ReadFunctions(int lineCount, out MachineFunction[] functions, out bool isBlinded)
    {
        functions = [];
        isBlinded = false;
        int program = _reader.ProgramFd(BpfPrograms.CodeFunc);
        if (program < 0) return 0;
        var parts = new List<code_func_record>();
        uint count = 1;
        for (uint i = 0; i < count; i++)
        {
            code_func_record record = new() { fd = (uint)handle, func = i };
            int errno = OneObject.Run(program, ref record);
            if (errno != 0 || record.error != 0) return errno != 0 ? errno : record.error;
            count = Math.Max(1, record.func_cnt);
            isBlinded |= record.blinded != 0;
            parts.Add(record);
        }
        functions = new MachineFunction[parts.Count];
        for (int i = 0; i < functions.Length; i++)
        {
            int first = (int)parts[i].first_line;
            int end = i + 1 < functions.Length ? (int)parts[i + 1].first_line : lineCount;
            functions[i] = new MachineFunction
            {
                Symbol = SymbolOf(parts[i]),
                Code = ReadBytes((uint)i, (int)parts[i].bytes),
                FirstLine = first,
                LineOffsets = parts[i].bytes == 0 ? [] : ReadLines((uint)i, first, Math.Max(0, Math.Min(end, lineCount) - first)),
            };
        }
        return 0;
    }

    /// <summary>The instructions as the kernel holds them, with addresses; empty where it does not let us read them.</summary>
    public ulong[] ReadRawInstructions(int count)
    {
        byte[] bytes = ReadBytes(s_allInstructions, count * sizeof(ulong));
        return MemoryMarshal.Cast<byte, ulong>(bytes).ToArray();
    }

    /// <summary>Names the function that the call instruction at <paramref name="index"/> calls; the name's length, 0: it has none.</summary>
    public int NameCall(int index, Span<byte> name) => Name(code_name_kind.CODE_NAME_CALL, 0, index, name);

    /// <summary>Names what lies <paramref name="offset"/> bytes from the start of a function's machine code.</summary>
    public int NameNear(int function, long offset, Span<byte> name) => Name(code_name_kind.CODE_NAME_NEAR, (uint)function, offset, name);

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => LibC.close((int)handle) == 0;

    private const uint s_allInstructions = 0xFFFFFFFF; // CODE_INSNS

    private int ReadInfo(ref bpf_prog_info info)
    {
        fixed (bpf_prog_info* to = &info) return LibBpf.ReadInfo((int)handle, to);
    }

    /// <summary>A program whose loader may not see addresses has no symbol; it would be this.</summary>
    private static byte[] SymbolOf(code_func_record record)
    {
        ReadOnlySpan<byte> name = record.name.Text;
        return name.IsEmpty ? [.. "bpf_prog_"u8, .. System.Text.Encoding.ASCII.GetBytes(Convert.ToHexStringLower(record.tag))] : name.ToArray();
    }

    /// <summary>Up to where it can be read: code does not move while the program is open.</summary>
    private byte[] ReadBytes(uint function, int length)
    {
        int program = _reader.ProgramFd(BpfPrograms.CodeBytes);
        if (program < 0) return [];
        byte[] bytes = new byte[length];
        int at = 0;
        while (at < length)
        {
            code_bytes_record record = new() { fd = (uint)handle, func = function, offset = (uint)at };
            if (OneObject.Run(program, ref record) != 0 || record.error != 0 || record.length == 0) break;
            ReadOnlySpan<byte> piece = record.bytes;
            piece = piece[..Math.Min((int)record.length, Math.Min(piece.Length, length - at))];
            piece.CopyTo(bytes.AsSpan(at));
            at += piece.Length;
        }
        return at == length ? bytes : bytes[..at];
    }

    private int[] ReadLines(uint function, int first, int count)
    {
        int program = _reader.ProgramFd(BpfPrograms.CodeLines);
        if (program < 0) return [];
        int[] offsets = new int[count];
        int at = 0;
        while (at < count)
        {
            code_lines_record record = new() { fd = (uint)handle, func = function, first = (uint)(first + at) };
            if (OneObject.Run(program, ref record) != 0 || record.error != 0 || record.cnt == 0) break;
            ReadOnlySpan<uint> piece = record.offsets;
            piece = piece[..Math.Min((int)record.cnt, Math.Min(piece.Length, count - at))];
            foreach (uint offset in piece) offsets[at++] = (int)offset;
        }
        return at == count ? offsets : offsets[..at];
    }

    private int Name(code_name_kind kind, uint function, long value, Span<byte> name)
    {
        int program = _reader.ProgramFd(BpfPrograms.CodeName);
        if (program < 0) return 0;
        code_name_record record = new() { fd = (uint)handle, func = function, kind = kind, value = value, call_base = _reader.CallBase };
        if (OneObject.Run(program, ref record) != 0 || record.error != 0) return 0;
        ReadOnlySpan<byte> text = record.name.Text;
        text = text[..Math.Min(text.Length, name.Length)];
        text.CopyTo(name);
        return text.Length;
    }
}
