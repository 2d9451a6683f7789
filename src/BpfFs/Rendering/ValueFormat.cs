using System.Text;
using System.Text.Json;
using Iterators;

namespace BpfFs.Rendering;

/// <summary>
/// Makes <see cref="ValueNode"/>s from BTF. The BTF was checked by the kernel, but belongs to whoever loaded it: depth, sizes and offsets are
/// checked again, and what does not fit becomes hex, or null where the kernel's own fields may be in it.
/// </summary>
internal sealed class ValueFormat
{
    private const int MaxDepth = 32; // the kernel's MAX_RESOLVE_DEPTH
    private const int MaxNodes = 20_000; // or as many as there are bytes, up to MaxLargeNodes
    private const int MaxLargeNodes = 1 << 18;

    // A few bytes can be described by unions of thousands of members, or by thousands of millions of empty structs: a line is held in memory.
    private const long MaxText = 1024 * 1024;
    private const int MaxTextPerByte = 64;
    private readonly Btf _btf;
    private readonly bool _asBpftool;
    private readonly bool _hasKernelFields;
    private readonly int _maxNodes;
    private readonly long _maxText;
    private readonly Dictionary<uint, ValueNode> _made = []; // by type, behind typedefs: each is made once
    private int _nodes;
    private long _text; // of names, in the nodes

    private ValueFormat(Btf btf, int size, bool asBpftool)
    {
        _btf = btf;
        _asBpftool = asBpftool;
        _maxNodes = Math.Clamp(size, MaxNodes, MaxLargeNodes);
        _maxText = MaxText + ((long)size * MaxTextPerByte);
        _hasKernelFields = !btf.IsWhole; // what is not known here may be one
        for (uint type = 1; !_hasKernelFields && btf.Kind(type) != BtfKind.Void; type++) _hasKernelFields = IsTheKernels(type);
    }

    /// <summary>How to print a value of a type that occupies <paramref name="size"/> bytes.</summary>
    /// <param name="btf">Describes it.</param>
    /// <param name="type">Its type id.</param>
    /// <param name="size">Bytes.</param>
    /// <param name="asBpftool">To the letter as `bpftool -j map dump` does: bitfields as hex text; what is the kernel's as zeros, which
    /// <see cref="KernelRanges"/> must have made them.</param>
    public static ValueNode Make(Btf btf, uint type, int size, bool asBpftool = false)
    {
        var format = new ValueFormat(btf, size, asBpftool);
        ValueNode node = type == 0 ? new HexNode(size) : format.Node(type, size, 0); // without a type there is nothing of the kernel's
        return node.Ceiling <= format._maxText && node.Ceiling < ValueNode.Endless ? node : format.Unknown(size);
    }

    /// <summary>Where in a value lies what the kernel keeps for itself: offset and length in bytes.</summary>
    public static List<(int Offset, int Length)> KernelRanges(Btf btf, uint type, int size)
    {
        var format = new ValueFormat(btf, size, asBpftool: true);
        List<(int, int)> ranges = [];
        if (type == 0 || !format._hasKernelFields || format.Collect(type, 0, size, 0, ranges)) return ranges;
        return [(0, size)];
    }

    /// <summary>False: it cannot be followed, so that all of it must be taken for the kernel's.</summary>
    private bool Collect(uint type, int offset, int end, int depth, List<(int Offset, int Length)> to)
    {
        uint real = _btf.SkipModifiers(type);
        long size = _btf.ResolveSize(real);
        if (size < 0 || offset < 0 || offset + size > end || depth > MaxDepth || ++_nodes > _maxNodes) return false;
        if (IsTheKernels(real))
        {
            to.Add((offset, (int)size));
            return to.Count <= _maxNodes;
        }
        switch (_btf.Kind(real))
        {
            case BtfKind.Array when size > 0:
                (uint element, int count) = _btf.Array(real);
                int stride = (int)_btf.ResolveSize(element), first = to.Count;
                if (!Collect(element, offset, end, depth + 1, to)) return false;
                int each = to.Count - first;
                if ((long)each * count > _maxNodes) return false;
                for (int i = 1; i < count && each > 0; i++)
                {
                    for (int f = first; f < first + each; f++) to.Add((to[f].Offset + (i * stride), to[f].Length));
                }
                break;
            case BtfKind.Struct or BtfKind.Union or BtfKind.Datasec:
                for (int i = 0; i < _btf.Length(real); i++)
                {
                    BtfMember member = _btf.Member(real, i);
                    if (member.BitSize == 0 && !Collect(member.Type, offset + (member.BitOffset / 8), end, depth + 1, to)) return false;
                }
                break;
        }
        return true;
    }

    /// <summary>What cannot be followed. bpftool's bytes were made zeros where they are the kernel's.</summary>
    private ValueNode Unknown(int size) => _hasKernelFields && !_asBpftool ? new HiddenNode() : new HexNode(size);

    private ValueNode Node(uint type, int room, int depth)
    {
        uint real = _btf.SkipModifiers(type);
        long size = _btf.ResolveSize(real);
        if (size < 0 || size > room || depth > MaxDepth) return Unknown(room);
        if (_made.TryGetValue(real, out ValueNode? made)) return made;
        if (++_nodes > _maxNodes || _text > _maxText) return Unknown(room);
        return _made[real] = Make(real, size, depth);
    }

    private ValueNode Make(uint real, long size, int depth)
    {
        if (!_asBpftool && IsTheKernels(real)) return new HiddenNode();
        switch (_btf.Kind(real))
        {
            case BtfKind.Int:
                (bool isSigned, bool isBool, _, _, _) = _btf.Int(real);
                return size is 1 or 2 or 4 or 8 ? new IntNode((int)size, isSigned, isBool) : new WideIntNode((int)size);
            case BtfKind.Ptr:
                return new IntNode((int)size, isSigned: false, isBool: false);
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
                return Unknown((int)size);
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
            ReadOnlySpan<byte> name = _btf.TypeName(real);
            if (!name.StartsWith("bpf_"u8)) return false;
            return Encoding.UTF8.GetString(name) is "bpf_spin_lock" or "bpf_res_spin_lock" or "bpf_timer" or "bpf_wq" or "bpf_task_work" or "bpf_list_head" or "bpf_list_node"
                or "bpf_rb_root" or "bpf_rb_node" or "bpf_refcount" or "bpf_dynptr";
        }
        if (_btf.Kind(real) != BtfKind.Ptr) return false;
        // struct task_struct __kptr *p: the tag stands between the pointer and what it points to.
        uint to = _btf.Referred(real);
        for (int depth = 0; _btf.Kind(to) == BtfKind.TypeTag && depth < MaxDepth; to = _btf.Referred(to), depth++)
        {
            ReadOnlySpan<byte> tag = _btf.TypeName(to);
            if (tag.IndexOf("kptr"u8) >= 0 || tag.SequenceEqual("uptr"u8)) return true;
        }
        return !_btf.IsWhole && to != 0 && _btf.Kind(to) is BtfKind.Void or > BtfKind.Enum64; // a tag may be behind it
    }

    private ValueNode Enum(uint type, int size)
    {
        // clang says only since version 15 that an enum is signed; before, an enumerator below zero tells (bpftool takes all for signed).
        bool isSigned = _asBpftool || _btf.IsSignedEnum(type);
        var names = new (long, byte[])[_btf.Length(type)];
        for (int i = 0; i < names.Length && size < 8; i++) isSigned |= _btf.Enumerator(type, i).Value < 0;
        long bits = size == 8 ? -1 : (1L << (size * 8)) - 1;
        for (int i = 0; i < names.Length; i++)
        {
            (uint name, long value) = _btf.Enumerator(type, i);
            names[i] = (isSigned ? value : value & bits, Utf8(Quoted(_btf.Name(name))));
            if (_text > _maxText) return Unknown(size);
        }
        return new EnumNode(size, isSigned, names);
    }

    private ValueNode Array(uint type, int size, int depth)
    {
        (uint element, int count) = _btf.Array(type);
        long stride = _btf.ResolveSize(element);
        if (stride < 0 || count < 0 || stride * count > size) return Unknown(size);
        uint real = _btf.SkipModifiers(element);
        bool isText = stride == 1 && _btf.Kind(real) == BtfKind.Int && (_btf.Int(real).IsChar || _btf.TypeName(real).SequenceEqual("char"u8));
        return new ArrayNode(Node(element, (int)stride, depth + 1), count, (int)stride, isText);
    }

    private ValueNode Struct(uint type, int size, string open, string close, int depth)
    {
        bool isSection = _btf.Kind(type) == BtfKind.Datasec;
        if (_btf.Length(type) > _maxNodes) return Unknown(size);
        var members = new (byte[], int, ValueNode)[_btf.Length(type)];
        for (int i = 0; i < members.Length; i++)
        {
            BtfMember member = WithBits(_btf.Member(type, i));
            int offset = member.BitOffset / 8;
            int room = size - offset;
            string prefix = (i == 0 ? "" : isSection ? "},{" : ",") + Quoted(_btf.Name(member.NameOffset)) + ":";
            ValueNode node;
            if (member.BitOffset < 0 || room < 0 || member.BitOffset + member.BitSize > size * 8L || member.BitSize > 64)
            {
                return Unknown(size);
            }
            else if (member.BitSize != 0)
            {
                node = new BitfieldNode(Node(member.Type, 8, depth + 1), member.BitOffset % 8, member.BitSize, _asBpftool);
            }
            else
            {
                node = Node(member.Type, room, depth + 1);
            }
            members[i] = (Utf8(prefix), offset, node);
            if (_text > _maxText) return Unknown(size);
        }
        return new StructNode(members, Encoding.UTF8.GetBytes(open), Encoding.UTF8.GetBytes(close));
    }

    /// <summary>Before kind_flag (clang 8) a bitfield's width stood in its int, which the BTF has once per width; in structs it may start at any bit.</summary>
    private BtfMember WithBits(BtfMember member)
    {
        uint real = _btf.SkipModifiers(member.Type);
        if (member.BitSize != 0 || _btf.Kind(real) != BtfKind.Int) return member;
        (_, _, _, int skipped, int bits) = _btf.Int(real);
        if (bits > 64 || (skipped == 0 && member.BitOffset % 8 == 0 && bits == _btf.Size(real) * 8)) return member;
        return member with { BitOffset = member.BitOffset + skipped, BitSize = bits };
    }

    private byte[] Utf8(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        _text += bytes.Length;
        return bytes;
    }

    private static string Quoted(ReadOnlySpan<byte> name) => $"\"{JsonEncodedText.Encode(Encoding.UTF8.GetString(name))}\"";
}
