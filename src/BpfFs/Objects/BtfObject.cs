using Iterators;

namespace BpfFs.Objects;

/// <summary>What is read of one BTF object.</summary>
internal ref struct BtfObject
{
    public ref readonly bpf_btf_info Info;

    /// <summary>vmlinux, or a module's name; empty: loaded by bpf(2).</summary>
    public ReadOnlySpan<byte> Name;

    /// <summary>Ids of the programs that it belongs to.</summary>
    public ReadOnlySpan<uint> ProgIds;

    /// <summary>Ids of the maps that it belongs to.</summary>
    public ReadOnlySpan<uint> MapIds;

    /// <summary>Every field of a BTF object; the order is that of <c>info</c> and JSON.</summary>
    public static readonly Field<BtfObject>[] Fields =
    [
        new("id", "the BTF object's id", (in b, in to) => to.Number(b.Info.id)),
        new("size", "bytes", (in b, in to) => to.Number(b.Info.btf_size)),
        new("prog_ids", "ids of the programs that it describes", (in b, in to) => to.Numbers(b.ProgIds)),
        new("map_ids", "ids of the maps that it describes", (in b, in to) => to.Numbers(b.MapIds)),
        new("kernel", "whether it is the kernel's or a module's", (in b, in to) => to.Bool(b.Info.kernel_btf != 0)),
        new("name", "vmlinux, or the module's name; absent: loaded by a program", (in b, in to) => to.Text(b.Name), (in b) => !b.Name.IsEmpty),
    ];
}
