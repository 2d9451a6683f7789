using System.Text;
using System.Text.Json;
using Iterators;

namespace BpfFs.Rendering;

/// <summary>
/// Makes <see cref="ValueNode"/>s from BTF. The BTF was checked by the kernel, but belongs to whoever loaded it: depth, sizes and offsets are
/// checked again, and what does not fit becomes hex.
/// </summary>
internal sealed class ValueFormat
{
    private const int MaxDepth = 32; // the kernel's MAX_RESOLVE_DEPTH
    private const int MaxNodes = 20_000;
    private readonly Btf _btf;
    private readonly bool _asBpftool;
    private int _nodes;

    private ValueFormat(Btf btf, bool asBpftool)
    {
        _btf = btf;
        _asBpftool = asBpftool;
    }

    /// <summary>How to print a value of a type that occupies <paramref name="size"/> bytes.</summary>
    /// <param name="btf">Describes it.</param>
    /// <param name="type">Its type id.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="asBpftool">To the letter as `bpftool -j map dump` does: bitfields as hex text; what is the kernel's as zeros, which
    /// <see cref="KernelRanges"/> must have made them.</param>
    public static ValueNode Make(Btf btf, uint type, int size, bool asBpftool = false) =>
        type == 0 || btf.ResolveSize(type) > size ? new HexNode(size) : new ValueFormat(btf, asBpftool).Node(type, size, 0);

    /// <summary>Where in a value lies what the kernel keeps for itself: offset and length in bytes.</summary>
    public static List<(int Offset, int Length)> KernelRanges(Btf btf, uint type, int size)
    {
        List<(int, int)> ranges = [];
        if (type != 0 && btf.ResolveSize(type) <= size) new ValueFormat(btf, asBpftool: true).Collect(type, 0, size, 0, ranges);
        return ranges;
    }

    private void Collect(uint type, int offset, int end, int depth, List<(int, int)> to)
    {
        uint real = _btf.SkipModifiers(type);
        long size = _btf.ResolveSize(real);
        if (size < 0 || offset < 0 || offset + size > end || depth > MaxDepth || ++_nodes > MaxNodes) return;
        if (IsTheKernels(real))
        {
            to.Add((offset, (int)size));
            return;
        }
        switch (_btf.Kind(real))
        {
            case BtfKind.Array:
                (uint element, int count) = _btf.Array(real);
                long stride = _btf.ResolveSize(element);
                if (!IsCompound(element)) return;
                for (int i = 0; i < count && stride > 0; i++) Collect(element, offset + (int)(i * stride), end, depth + 1, to);
                break;
            case BtfKind.Struct or BtfKind.Union or BtfKind.Datasec:
                for (int i = 0; i < _btf.Length(real); i++)
                {
                    BtfMember member = _btf.Member(real, i);
                    if (member.BitSize == 0) Collect(member.Type, offset + (member.BitOffset / 8), end, depth + 1, to);
                }
                break;
        }
    }

    private bool IsCompound(uint type) => _btf.Kind(_btf.SkipModifiers(type)) is BtfKind.Struct or BtfKind.Union or BtfKind.Array or BtfKind.Ptr;

    private ValueNode Node(uint type, int room, int depth)
    {
        uint real = _btf.SkipModifiers(type);
        long size = _btf.ResolveSize(real);
        if (size < 0 || size > room || depth > MaxDepth || ++_nodes > MaxNodes) return new HexNode(room);
        if (!_asBpftool && IsTheKernels(real)) return new HiddenNode();
        switch (_btf.Kind(real))
        {
            case BtfKind.Int:
                (bool isSigned, bool isBool, _, _, _) = _btf.Int(real);
                return size is 1 or 2 or 4 or 8 ? new IntNode((int)size, isSigned, isBool) : new WideIntNode((int)size);
            case BtfKind.Ptr:
                return new IntNode(8, isSigned: false, isBool: false);
            case BtfKind.Enum or BtfKind.Enum64 when size is 1 or 2 or 4 or 8:
                return Enum(real, (int)size);
            case BtfKind.Float when size is 4 or 8:
                return new FloatNode((int)size);
            case BtfKind.Array:
                return Array(real, (int)size, depth);
            case BtfKind.Struct or BtfKind.Union:
                return Struct(real, (int)size, "{", "}", depth);
            case BtfKind.Datasec:
                return Struct(real, (int)size, $"{{{Quoted(_btf.TypeName(real))}:[{{", "}]}", depth);
            default:
                return new HexNode((int)size);
        }
    }

    /// <summary>
    /// Fields that the kernel keeps for itself (enum btf_field_type, include/linux/bpf.h): bpf(2) zeroes them in what it copies out, an
    /// iterator does not.
    /// </summary>
    private bool IsTheKernels(uint real)
    {
        if (_btf.Kind(real) == BtfKind.Struct)
        {
            string name = Encoding.UTF8.GetString(_btf.TypeName(real));
            return name is "bpf_spin_lock" or "bpf_res_spin_lock" or "bpf_timer" or "bpf_wq" or "bpf_task_work" or "bpf_list_head" or "bpf_list_node"
                or "bpf_rb_root" or "bpf_rb_node" or "bpf_refcount" or "bpf_dynptr";
        }
        if (_btf.Kind(real) != BtfKind.Ptr) return false;
        // struct task_struct __kptr *p: the tag stands between the pointer and what it points to.
        for (uint to = _btf.Referred(real), depth = 0; _btf.Kind(to) == BtfKind.TypeTag && depth < MaxDepth; to = _btf.Referred(to), depth++)
        {
            string tag = Encoding.UTF8.GetString(_btf.TypeName(to));
            if (tag.Contains("kptr", StringComparison.Ordinal) || tag == "uptr") return true;
        }
        return false;
    }

    private EnumNode Enum(uint type, int size)
    {
        bool isSigned = _asBpftool || _btf.IsSignedEnum(type);
        var names = new (long, byte[])[_btf.Length(type)];
        for (int i = 0; i < names.Length; i++)
        {
            (uint name, long value) = _btf.Enumerator(type, i);
            names[i] = (isSigned || size == 8 ? value : (uint)value, Encoding.UTF8.GetBytes(Quoted(_btf.Name(name))));
        }
        return new EnumNode(size, isSigned, names);
    }

    private ValueNode Array(uint type, int size, int depth)
    {
        (uint element, int count) = _btf.Array(type);
        long stride = _btf.ResolveSize(element);
        if (stride < 0 || stride * count > size) return new HexNode(size);
        uint real = _btf.SkipModifiers(element);
        bool isText = stride == 1 && _btf.Kind(real) == BtfKind.Int && (_btf.Int(real).IsChar || _btf.TypeName(real).SequenceEqual("char"u8));
        return new ArrayNode(Node(element, (int)stride, depth + 1), count, (int)stride, isText);
    }

    private ValueNode Struct(uint type, int size, string open, string close, int depth)
    {
        bool isSection = _btf.Kind(type) == BtfKind.Datasec;
        var members = new (byte[], int, ValueNode)[_btf.Length(type)];
        for (int i = 0; i < members.Length; i++)
        {
            BtfMember member = _btf.Member(type, i);
            int offset = member.BitOffset / 8;
            int room = size - offset;
            string prefix = (i == 0 ? "" : isSection ? "},{" : ",") + Quoted(_btf.Name(member.NameOffset)) + ":";
            ValueNode node;
            if (offset < 0 || room < 0 || member.BitOffset + member.BitSize > size * 8L || member.BitSize > 64)
            {
                return new HexNode(size);
            }
            else if (member.BitSize != 0)
            {
                node = new BitfieldNode(Node(member.Type, 8, depth + 1), member.BitOffset % 8, member.BitSize, _asBpftool);
            }
            else
            {
                node = Node(member.Type, room, depth + 1);
            }
            members[i] = (Encoding.UTF8.GetBytes(prefix), offset, node);
        }
        return new StructNode(members, Encoding.UTF8.GetBytes(open), Encoding.UTF8.GetBytes(close));
    }

    private static string Quoted(ReadOnlySpan<byte> name) => $"\"{JsonEncodedText.Encode(Encoding.UTF8.GetString(name))}\"";
}
