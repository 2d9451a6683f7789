using System.Text;
using BpfFs.Rendering;
using Iced.Intel;
using Iterators;

namespace BpfFs.Objects.Code;

/// <summary>
/// <c>jited</c> on x86-64: each function's machine code in AT&amp;T syntax, offsets counted from its start. Every operand that can be a kernel address goes
/// through <see cref="TryGetSymbol"/>, which gives it a name or hides it; the bytes of the code are not shown.
/// </summary>
internal sealed class MachineText : ISymbolResolver
{
    private const uint Small = 0xFFFF; // constants up to it are not hidden in blinded code: offsets and sizes of the compiler's own
    private static readonly string s_unnamed = Encoding.UTF8.GetString(KernelAddress.Unnamed);
    private readonly KnownMaps _known;
    private readonly CodeNames _names;
    private readonly bool _isBlinded;
    private readonly GasFormatter _formatter;
    private readonly Output _output = new();
    private readonly Dictionary<ulong, string> _near = [];
    private int _function, _length;

    /// <param name="known">The program's maps.</param>
    /// <param name="names">Names of what lies outside the program.</param>
    /// <param name="isBlinded">Constants were split in two to hide them: so might addresses be.</param>
    public MachineText(KnownMaps known, CodeNames names, bool isBlinded)
    {
        _known = known;
        _names = names;
        _isBlinded = isBlinded;
        _formatter = new GasFormatter(this);
        _formatter.Options.UppercaseHex = false;
        _formatter.Options.BranchLeadingZeros = false;
        _formatter.Options.FirstOperandCharIndex = 7;
    }

    /// <summary>Function <paramref name="index"/> with its lines: <c>  1f:TABmov    %rsp,%rbp</c>. 0 or EINTR.</summary>
    public int Append(int index, MachineFunction function, ReadOnlySpan<bpf_line_info> lines, Btf? btf, TextBuffer to)
    {
        _function = index;
        _output.To = to;
        _length = function.Code.Length;
        var decoder = Iced.Intel.Decoder.Create(64, new ByteArrayCodeReader(function.Code), 0);
        int nextLine = 0;
        while (decoder.IP < (ulong)_length)
        {
            if (CodeBudget.Ends(to, out int errno)) return errno;
            decoder.Decode(out Instruction instruction);
            int at = (int)instruction.IP;
            while (nextLine < function.LineOffsets.Length && function.LineOffsets[nextLine] <= at)
            {
                if (function.FirstLine + nextLine < lines.Length) FunctionText.AppendLine(btf, lines[function.FirstLine + nextLine], to);
                nextLine++;
            }
            AppendOffset(at, to);
            _formatter.Format(instruction, _output);
            to.Append((byte)'\n');
        }
        return 0;
    }

    /// <summary>Four columns of hex, a colon, a tab.</summary>
    public static void AppendOffset(int at, TextBuffer to)
    {
        for (int limit = 0x10; limit <= 0x1000; limit <<= 4)
        {
            if (at < limit) to.Append((byte)' ');
        }
        to.AppendHex((ulong)at);
        to.Append(":\t"u8);
    }

    /// <summary>Asked for each operand: targets, addresses in memory, displacements, constants.</summary>
    public bool TryGetSymbol(in Instruction instruction, int operand, int instructionOperand, ulong address, int addressSize, out SymbolResult symbol)
    {
        symbol = default;
        if (instructionOperand < 0) return false;
        OpKind kind = instruction.GetOpKind(instructionOperand);
        bool isNear = kind is OpKind.NearBranch64 or OpKind.NearBranch32 or OpKind.NearBranch16 or OpKind.FarBranch32
            || (kind == OpKind.Memory && instruction.IsIPRelativeMemoryOperand);
        string? text = isNear ? NameNear(address) : NameConstant(kind == OpKind.Memory, address, addressSize);
        if (text is null) return false;
        symbol = new SymbolResult(address, text);
        return true;
    }

    /// <summary>What stands relative to the code is known only by its distance, so it is never a number unless it is inside the function.</summary>
    private string? NameNear(ulong target)
    {
        if (target < (ulong)_length) return null;
        if (!_near.TryGetValue(target, out string? text))
        {
            Span<byte> name = stackalloc byte[CodeNames.MaxLength];
            text = Symbol(name[.._names.Near(_function, (long)target, name)]);
            _near[target] = text;
        }
        return text;
    }

    /// <summary>
    /// Whether the program's author or the kernel's compiler put a number there, the machine code does not tell. So a number is shown or not for what it is itself: it is compared with no other of
    /// the program, as its author could try numbers until one is equal to a pointer that the compiler put in. Maps are the exception, which the kernel itself tells from constants.
    /// </summary>
    private string? NameConstant(bool isMemory, ulong value, int size)
    {
        if (_isBlinded && !isMemory && value > Small && unchecked(0 - value) > Small) return "<hidden>";
        if (_known.MapAt(value) is { } map) return map;
        bool isNarrow = size <= 4 || value <= uint.MaxValue || value == KernelAddress.Extend((uint)value);
        return (isNarrow ? KernelAddress.IsPossible((uint)value) : KernelAddress.IsPossibleOrPerCpu(value)) ? s_unnamed : null;
    }

    private static string Symbol(ReadOnlySpan<byte> kernelName)
    {
        if (kernelName.IsEmpty) return s_unnamed;
        using var text = new TextBuffer();
        KernelAddress.AppendSymbol(kernelName, text);
        return Encoding.UTF8.GetString(text.Written);
    }

    /// <summary>Takes a line in pieces, as they come, without making a string of them.</summary>
    private sealed class Output : FormatterOutput
    {
        public TextBuffer To { get; set; } = null!;

        public override void Write(string text, FormatterTextKind kind)
        {
            Span<byte> bytes = stackalloc byte[CodeNames.MaxLength];
            int length = Encoding.UTF8.GetByteCount(text);
            if (length > bytes.Length) bytes = new byte[length];
            To.AppendText(bytes[..Encoding.UTF8.GetBytes(text, bytes)]);
        }
    }
}
