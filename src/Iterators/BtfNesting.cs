using Iterators.Native;

namespace Iterators;

/// <summary>
/// How deep and how wide btf_dump would go. It follows pointers, prototypes and anonymous structs by recursion, without memory of where it was and without a limit, and
/// the kernel takes prototypes that return pointers to themselves and such that name the next one twice: the stack would not suffice, or the text would have no end. No compiler makes such.
/// </summary>
internal sealed unsafe class BtfNesting
{
    private const int MaxDepth = 256, MaxSize = 1 << 16;
    private readonly nint _btf;
    private readonly (int Depth, int Size)[] _known; // by type, twice: not behind a pointer, behind one

    private BtfNesting(nint btf, uint count)
    {
        _btf = btf;
        _known = new (int, int)[2 * count];
    }

    /// <summary>Whether every type from <paramref name="first"/> on can be dumped.</summary>
    public static bool IsBounded(nint btf, uint first, uint count)
    {
        BtfNesting nesting = new(btf, count);
        for (uint type = first; type < count; type++)
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
        btf_type* t = LibBpf.btf__type_by_id(_btf, type);
        uint* parts = (uint*)(t + 1);
        int length = (int)(t->info & 0xFFFF);
        switch ((BtfKind)((t->info >> 24) & 0x1F))
        {
            case BtfKind.Ptr:
                return Add(t->size_or_type, true, level, ref measure);
            case BtfKind.Typedef or BtfKind.Volatile or BtfKind.Const or BtfKind.Restrict or BtfKind.TypeTag:
                return Add(t->size_or_type, isBehindPointer, level, ref measure);
            case BtfKind.Array: // struct btf_array: type, index_type, nelems
                return Add(parts[0], false, level, ref measure);
            case BtfKind.Struct or BtfKind.Union:
                if (isBehindPointer && t->name_off != 0) return true;
                for (int i = 0; i < length; i++) // struct btf_member: name_off, type, offset
                {
                    if (!Add(parts[(3 * i) + 1], false, level, ref measure)) return false;
                }
                return true;
            case BtfKind.FuncProto:
                if (!Add(t->size_or_type, isBehindPointer, level, ref measure)) return false;
                for (int i = 0; i < length; i++) // struct btf_param: name_off, type
                {
                    if (!Add(parts[(2 * i) + 1], isBehindPointer, level, ref measure)) return false;
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

    private bool IsNamed(uint type) =>
        LibBpf.btf__type_by_id(_btf, type) is var t && t != null && t->name_off != 0 && (BtfKind)((t->info >> 24) & 0x1F) is BtfKind.Struct or BtfKind.Union or BtfKind.Typedef;
}
