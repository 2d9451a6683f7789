namespace Iterators;

/// <summary>
/// How deep and how wide btf_dump would go. It follows pointers, prototypes and anonymous structs by recursion, without memory of where it was and without a limit, and
/// the kernel takes prototypes that return pointers to themselves, such that name the next one twice, and structs of gigabytes with nothing in them: the stack would not suffice, or the text would have no end. For each
/// member of each struct it asks for the alignment, which goes through all structs within again each time (btf__align_of, libbpf 1.1): of 30 unions, each of two members of the one before, that is without end, too. No
/// compiler makes such. Each type is measured once.
/// </summary>
internal sealed class BtfNesting
{
    private const int MaxDepth = 256, MaxSize = 1 << 17;
    private const long MaxWork = 1 << 26; // steps of btf__align_of, for all types together: half a second. The kernel's own types need a fraction of it
    private const int Alignments = 3; // btf_dump asks for a member's so often
    private readonly Btf _btf;
    private readonly Cost[] _known; // by type, twice: not behind a pointer, behind one
    private readonly long[] _aligning; // by type: steps of btf__align_of; 0: not yet known

    private BtfNesting(Btf btf)
    {
        _btf = btf;
        _known = new Cost[2 * btf.Count];
        _aligning = new long[btf.Count];
    }

    /// <summary>Whether every type from <paramref name="first"/> on can be dumped.</summary>
    public static bool IsBounded(Btf btf, uint first)
    {
        BtfNesting nesting = new(btf);
        long work = 0;
        for (uint type = first; type < btf.Count; type++)
        {
            if (!nesting.Measure(type, false, 0, out Cost cost)) return false;
            work += cost.Work;
            if (work > MaxWork) return false;
        }
        return true;
    }

    private bool Measure(uint type, bool isBehindPointer, int level, out Cost cost)
    {
        cost = new Cost { Depth = 1, Size = 1 };
        if (type == 0 || 2 * type >= _known.Length) return true;
        ref Cost known = ref _known[(2 * type) + (isBehindPointer ? 1 : 0)];
        if (known.Depth != 0) cost = known;
        else if (!MeasureParts(type, isBehindPointer, level, ref cost)) return false;
        known = cost;
        return level + cost.Depth <= MaxDepth && cost.Size <= MaxSize && cost.Work <= MaxWork;
    }

    private bool MeasureParts(uint type, bool isBehindPointer, int level, ref Cost cost)
    {
        if (level >= MaxDepth) return false; // a circle ends here, too
        int length = _btf.Length(type);
        switch (_btf.Kind(type))
        {
            case BtfKind.Ptr:
                return Add(_btf.Referred(type), true, level, ref cost);
            case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag:
                return Add(_btf.Referred(type), isBehindPointer, level, ref cost);
            case BtfKind.Array:
                return Add(_btf.Array(type).Element, false, level, ref cost);
            case BtfKind.Struct or BtfKind.Union:
                if (isBehindPointer && !_btf.TypeName(type).IsEmpty) return true;
                long end = 0, gaps = 0; // bits
                for (int i = 0; i < length; i++)
                {
                    BtfMember member = _btf.Member(type, i);
                    if (!Add(member.Type, false, level, ref cost)) return false;
                    gaps += Math.Max(0, member.BitOffset - end);
                    end = member.BitOffset + (member.BitSize != 0 ? member.BitSize : Math.Max(0, _btf.ResolveSize(member.Type)) * 8);
                }
                gaps += Math.Max(0, ((uint)_btf.Size(type) * 8L) - end);
                cost.Work += Alignments * Aligning(type);
                return _btf.Kind(type) == BtfKind.Union || AddGaps(gaps, ref cost);
            case BtfKind.FuncProto:
                if (!Add(_btf.Referred(type), isBehindPointer, level, ref cost)) return false;
                for (int i = 0; i < length; i++)
                {
                    if (!Add(_btf.Parameter(type, i).Type, isBehindPointer, level, ref cost)) return false;
                }
                return true;
            default:
                return true;
        }
    }

    private bool Add(uint part, bool isBehindPointer, int level, ref Cost cost)
    {
        if (!Measure(part, isBehindPointer, level + 1, out Cost inner)) return false;
        bool isNamed = IsNamed(part); // and so written by its name
        cost.Depth = Math.Max(cost.Depth, inner.Depth + 1);
        cost.Size += isNamed ? 1 : inner.Size;
        cost.Work += isNamed ? 0 : inner.Work;
        return cost.Size <= MaxSize && cost.Work <= MaxWork;
    }

    /// <summary>Steps of btf__align_of, at most <see cref="MaxWork"/>. The type is measured: it is not too deep.</summary>
    private long Aligning(uint type)
    {
        if (type == 0 || type >= _aligning.Length) return 1;
        if (_aligning[type] is not 0 and long known) return known;
        long steps = 1;
        switch (_btf.Kind(type))
        {
            case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag:
                steps += Aligning(_btf.Referred(type));
                break;
            case BtfKind.Array:
                steps += Aligning(_btf.Array(type).Element);
                break;
            case BtfKind.Struct or BtfKind.Union:
                for (int i = 0; i < _btf.Length(type) && steps <= MaxWork; i++) steps += Aligning(_btf.Member(type, i).Type);
                break;
        }
        return _aligning[type] = Math.Min(steps, MaxWork);
    }

    /// <summary>What is between the members of a struct is written as bitfields without a name, of 64 bits at most each.</summary>
    private static bool AddGaps(long bits, ref Cost cost)
    {
        long size = cost.Size + (bits / 64);
        cost.Size = (int)Math.Min(size, int.MaxValue);
        return size <= MaxSize;
    }

    private bool IsNamed(uint type) => !_btf.TypeName(type).IsEmpty && _btf.Kind(type) is BtfKind.Struct or BtfKind.Union or BtfKind.Typedef;

    /// <param name="Depth">Levels of recursion; 0: not yet known.</param>
    /// <param name="Size">Pieces of text.</param>
    /// <param name="Work">Steps of btf__align_of.</param>
    private record struct Cost(int Depth, int Size, long Work);
}
