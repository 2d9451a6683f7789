using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>How to print the keys and values of one map.</summary>
internal sealed class ElementFormat
{
    private static readonly IntNode s_offset = new(sizeof(uint), isSigned: true, isBool: false);

    private static readonly StructNode s_instruction = new(
        [("\"orig_off\":"u8.ToArray(), 0, s_offset), (",\"xlated_off\":"u8.ToArray(), 4, s_offset), (",\"jitted_off\":"u8.ToArray(), 8, s_offset)], [(byte)'{'], [(byte)'}']);

    /// <summary>Null: in hex.</summary>
    public ValueNode? Keys { get; private init; }

    /// <summary>Null: in hex.</summary>
    public ValueNode? Values { get; private init; }

    /// <summary>What kind of object each value is the id of; null: none.</summary>
    public ObjectKind? References { get; private init; }

    /// <summary>Whether each value is the cookie of a socket.</summary>
    public bool AreSockets { get; private init; }

    /// <summary>To look those up.</summary>
    public required ViewContext Context { get; init; }

    /// <summary>What is the kernel's within a value.</summary>
    public IReadOnlyList<(int Offset, int Length)> KernelRanges { get; private init; } = [];

    /// <summary>0 or an errno. Without its BTF a map that has one is not shown: there may be in its values what is the kernel's.</summary>
    public static int Of(ViewContext context, ElementReader reader, bool asBpftool, out ElementFormat? format) =>
        reader.Map.type == MapType.StructOps ? OfStructOps(context, reader, asBpftool, out format)
        : reader.Map.type == MapType.InsnArray && !asBpftool ? OfInstructions(context, out format)
        : Of(context, reader.Map, asBpftool, out format);

    /// <summary>The same for elements that are read in another way.</summary>
    public static int Of(ViewContext context, in map_record map, bool asBpftool, out ElementFormat? format)
    {
        ObjectKind? references = map.type switch
        {
            MapType.ProgArray => Progs.Kind,
            MapType.ArrayOfMaps or MapType.HashOfMaps => Maps.Kind,
            _ => null,
        };
        bool areSockets = !asBpftool && map.type is MapType.Sockmap or MapType.Sockhash;
        format = new ElementFormat { Context = context, References = references, AreSockets = areSockets };
        if (map.btf_id == 0) return 0;
        using Btf? btf = Btf.TryLoad(map.btf_id, out int errno);
        if (btf is null) return errno;
        (uint key, uint value) = (map.btf_key_type_id, references is null ? map.btf_value_type_id : 0);
        format = new ElementFormat
        {
            Context = context,
            References = references,
            AreSockets = areSockets,
            Keys = key == 0 ? null : ValueFormat.Make(btf, key, (int)map.key_size, asBpftool),
            Values = value == 0 ? null : ValueFormat.Make(btf, value, (int)map.value_size, asBpftool),
            KernelRanges = asBpftool ? ValueFormat.KernelRanges(btf, value, (int)map.value_size) : [],
        };
        return 0;
    }

    /// <summary>Struct bpf_insn_array_value (<c>&lt;linux/bpf.h&gt;</c>, Linux 6.19). Its BTF may only be that of a 64-bit number. An offset of an instruction that the verifier removed is -1.</summary>
    private static int OfInstructions(ViewContext context, out ElementFormat? format)
    {
        format = new ElementFormat { Context = context, Keys = new IntNode(sizeof(uint), isSigned: false, isBool: false), Values = s_instruction };
        return 0;
    }

    /// <summary>
    /// The value of a struct_ops map is a structure of the kernel's, as its loader filled it in: its functions are ids of programs
    /// (bpf_struct_ops_map_sys_lookup_elem). One of a module's is shown in hex.
    /// </summary>
    private static int OfStructOps(ViewContext context, ElementReader reader, bool asBpftool, out ElementFormat? format)
    {
        format = new ElementFormat { Context = context };
        if (reader.Map.btf_vmlinux_value_type_id == 0 || reader.Map.struct_ops_btf_id > BtfObjects.KernelId) return 0;
        using Btf? btf = Btf.TryLoadKernel(out int errno);
        if (btf is null) return errno;
        format = new ElementFormat
        {
            Context = context,
            Values = ValueFormat.Make(btf, reader.Map.btf_vmlinux_value_type_id, reader.Layout.ValueSize, asBpftool),
        };
        return 0;
    }
}
