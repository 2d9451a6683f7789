namespace Iterators;

/// <summary>
/// How deep and how wide btf_dump would go. It follows pointers, prototypes and anonymous structs by recursion, without memory of where it was and without a limit, and
/// the kernel takes prototypes that return pointers to themselves, such that name the next one twice, and structs of gigabytes with nothing in them: the stack would not suffice, or the text would have no end. No compiler makes such.
/// </summary>
internal sealed class BtfNesting
{
    private const int MaxDepth = 256, MaxSize = 1 << 17;
    private readonly Btf _btf;
    private readonly (int Depth, int Size)[] _known; // by type, twice: not behind a pointer, behind one

    private BtfNesting(Btf btf)
    {
        _btf = btf;
        _known = new (int, int)[2 * btf.Count];
    }

    /// <summary>Whether every type from <paramref name="first"/> on can be dumped.</summary>
    public static bool IsBounded(Btf btf, uint first)
    {
        BtfNesting nesting = new(btf);
        for (uint type = first; type < btf.Count; type++)
        {
            if (!nesting.Measure(type, false, 0, out _)) return false;
        }
        return true;
    }

    private bool Measure(uint type, bool isBehindPointer, int level, out (int Depth, int Size) measure)
    {
        measure = (1, 1);
        if (type == 0 || 2 * type >= _known.Length) return true;
        ref (int Depth, int Size) known = ref _known[(2 * type) + (isBehindPointer ? 1 : 0)];
        if (known.Depth != 0) measure = known;
        else if (!MeasureParts(type, isBehindPointer, level, ref measure)) return false;
        known = measure;
        return level + measure.Depth <= MaxDepth && measure.Size <= MaxSize;
    }

    private bool MeasureParts(uint type, bool isBehindPointer, int level, ref (int Depth, int Size) measure)
    {
        if (level >= MaxDepth) return false; // a circle ends here, too
        int length = _btf.Length(type);
        switch (_btf.Kind(type))
        {
            case BtfKind.Ptr:
                return Add(_btf.Referred(type), true, level, ref measure);
            case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag:
                return Add(_btf.Referred(type), isBehindPointer, level, ref measure);
            case BtfKind.Array:
                return Add(_btf.Array(type).Element, false, level, ref measure);
            case BtfKind.Struct or BtfKind.Union:
                if (isBehindPointer && !_btf.TypeName(type).IsEmpty) return true;
                long end = 0, gaps = 0; // bits
                for (int i = 0; i < length; i++)
                {
                    BtfMember member = _btf.Member(type, i);
                    if (!Add(member.Type, false, level, ref measure)) return false;
                    gaps += Math.Max(0, member.BitOffset - end);
                    end = member.BitOffset + (member.BitSize != 0 ? member.BitSize : Math.Max(0, _btf.ResolveSize(member.Type)) * 8);
                }
                gaps += Math.Max(0, ((uint)_btf.Size(type) * 8L) - end);
                return _btf.Kind(type) == BtfKind.Union || AddGaps(gaps, ref measure);
            case BtfKind.FuncProto:
                if (!Add(_btf.Referred(type), isBehindPointer, level, ref measure)) return false;
                for (int i = 0; i < length; i++)
                {
                    if (!Add(_btf.Parameter(type, i).Type, isBehindPointer, level, ref measure)) return false;
                }
                return true;
            default:
                return true;
        }
    }

    private bool Add(uint part, bool isBehindPointer, int level, ref (int Depth, int Size) measure)
    {
        if (!Measure(part, isBehindPointer, level + 1, out (int Depth, int Size) inner)) return false;
        measure.Depth = Math.Max(measure.Depth, inner.Depth + 1);
        measure.Size += IsNamed(part) ? 1 : inner.Size; // what has a name is written by it
        return measure.Size <= MaxSize;
    }

    /// <summary>What is between the members of a struct is written as bitfields without a name, of 64 bits at most each.</summary>
    private static bool AddGaps(long bits, ref (int Depth, int Size) measure)
    {
        long size = measure.Size + (bits / 64);
        measure.Size = (int)Math.Min(size, int.MaxValue);
        return size <= MaxSize;
    }

    private bool IsNamed(uint type) => !_btf.TypeName(type).IsEmpty && _btf.Kind(type) is BtfKind.Struct or BtfKind.Union or BtfKind.Typedef;
}
