using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>How to print the keys and values of one map.</summary>
internal sealed class ElementFormat
{
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
        reader.Map.type == MapType.StructOps ? OfStructOps(context, reader, asBpftool, out format) : Of(context, reader.Map, asBpftool, out format);

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

    /// <summary>
    /// The value of a struct_ops map is a structure of the kernel's, as its loader filled it in: its functions are ids of programs
    /// (bpf_struct_ops_map_sys_lookup_elem). One of a module's is shown in hex.
    /// </summary>
    private static int OfStructOps(ViewContext context, ElementReader reader, bool asBpftool, out ElementFormat? format)
    {
        format = new ElementFormat { Context = context };
        if (reader.Map.btf_vmlinux_value_type_id == 0 || reader.Map.struct_ops_btf_id > BtfObjects.KernelId) return 0;
        using Btf? btf = Btf.TryLoad(BtfObjects.KernelId, out int errno);
        if (btf is null) return errno;
        format = new ElementFormat
        {
            Context = context,
            Values = ValueFormat.Make(btf, reader.Map.btf_vmlinux_value_type_id, reader.Layout.ValueSize, asBpftool),
        };
        return 0;
    }
}
