using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>What is read of one map.</summary>
internal ref struct Map
{
    public ref readonly map_record Record;

    public ref readonly MapFdInfo FdInfo;

    /// <summary>Every field of a map; the order is that of <c>info</c> and JSON, which begins as bpftool's does.</summary>
    public static readonly Field<Map>[] Fields =
    [
        new("id", "the map's id", (in m, in to) => to.Number(m.Record.id)) { Labels = Labels.All },
        new("type", "map type, as bpftool names it; of one that this version does not know, as the kernel does", (in m, in to) => Names.MapTypes.Write(to, m.Record.type)) { Labels = Labels.All },
        new("name", "name given by the loader", (in m, in to) => to.Text(m.Record.name.Text), (in m) => !m.Record.name.Text.IsEmpty) { Labels = Labels.All },
        new("flags", "BPF_F_* flags it was made with", (in m, in to) => to.Flags(m.Record.map_flags), (in m) => Knows(m, map_known_flags.MAP_HAS_FLAGS)) { Labels = Labels.Info },
        new("bytes_key", "bytes of a key", (in m, in to) => to.Number(m.Record.key_size), (in m) => Knows(m, map_known_flags.MAP_HAS_KEY_SIZE)) { Metric = new("key_bytes", MetricType.Gauge) },
        new("bytes_value", "bytes of a value; of a per-CPU map, of one CPU's value", (in m, in to) => to.Number(m.Record.value_size), (in m) => Knows(m, map_known_flags.MAP_HAS_VALUE_SIZE)) { Metric = new("value_bytes", MetricType.Gauge) },
        new("max_entries", "how many elements fit", (in m, in to) => to.Number(m.Record.max_entries), (in m) => Knows(m, map_known_flags.MAP_HAS_MAX_ENTRIES)) { Metric = new("max_entries", MetricType.Gauge) },
        new("bytes_memlock", "bytes of memory the map occupies now, as the kernel counts them", (in m, in to) => to.Number(m.FdInfo.memlock)) { Metric = new("memlock_bytes", MetricType.Gauge) },
        new("owner_prog_type", "type of the programs that a prog_array holds", (in m, in to) => Names.ProgTypes.Write(to, (uint)m.FdInfo.owner_prog_type), (in m) => m.FdInfo.owner_prog_type >= 0),
        new("owner_jited", "whether those programs are machine code", (in m, in to) => to.Bool(m.FdInfo.owner_jited != 0), (in m) => m.FdInfo.owner_jited >= 0),
        new("frozen", "1: user space can no longer change it", (in m, in to) => to.Number(m.Record.frozen), (in m) => Knows(m, map_known_flags.MAP_HAS_FROZEN)) { Labels = Labels.Info },
        new("btf_id", "id of the BTF that describes keys and values", (in m, in to) => to.Number(m.Record.btf_id), (in m) => m.Record.btf_id != 0),
        new("btf_key_type_id", "BTF type of a key", (in m, in to) => to.Number(m.Record.btf_key_type_id), (in m) => m.Record.btf_key_type_id != 0),
        new("btf_value_type_id", "BTF type of a value", (in m, in to) => to.Number(m.Record.btf_value_type_id), (in m) => m.Record.btf_value_type_id != 0),
        new("btf_vmlinux_value_type_id", "the kernel's BTF type of a struct_ops value", (in m, in to) => to.Number(m.Record.btf_vmlinux_value_type_id), (in m) => m.Record.btf_vmlinux_value_type_id != 0),
        new("map_extra", "what its type makes of it (bloom filter: hash functions); absent: nothing, or it may be a kernel address", (in m, in to) => to.Number(m.Record.map_extra), (in m) => m.Record.map_extra != 0 && !Code.KernelAddress.IsPossible(m.Record.map_extra)),
        new("numa_node", "NUMA node its memory is on; absent: any", (in m, in to) => to.Number(m.Record.numa_node), (in m) => m.Record.numa_node >= 0),
        new("elem_count", "elements in it now; absent: the kernel does not count them", (in m, in to) => to.Number(m.Record.elem_count), (in m) => Knows(m, map_known_flags.MAP_HAS_ELEM_COUNT)) { Metric = new("entries", MetricType.Gauge) },
        new("ring_consumer_pos", "bytes consumed of a ring buffer", (in m, in to) => to.Number(m.Record.ring_consumer), (in m) => Knows(m, map_known_flags.MAP_HAS_RING)) { Tier = Tier.Group, Metric = new("ring_consumed_bytes_total", MetricType.Counter) },
        new("ring_producer_pos", "bytes produced into a ring buffer; less what was consumed: its fill", (in m, in to) => to.Number(m.Record.ring_producer), (in m) => Knows(m, map_known_flags.MAP_HAS_RING)) { Tier = Tier.Group, Metric = new("ring_produced_bytes_total", MetricType.Counter) },
        new("struct_ops_state", "whether it is in use: init, ready, inuse, tobefree", (in m, in to) => Names.StructOpsStates.Write(to, m.Record.struct_ops_state), (in m) => Knows(m, map_known_flags.MAP_HAS_STRUCT_OPS)),
        new("inner_type", "type of the maps in it", (in m, in to) => Names.MapTypes.Write(to, m.Record.inner_type), (in m) => Knows(m, map_known_flags.MAP_HAS_INNER)),
        new("inner_bytes_key", "bytes of an inner map's key", (in m, in to) => to.Number(m.Record.inner_key_size), (in m) => Knows(m, map_known_flags.MAP_HAS_INNER) && Knows(m, map_known_flags.MAP_HAS_KEY_SIZE)),
        new("inner_bytes_value", "bytes of an inner map's value", (in m, in to) => to.Number(m.Record.inner_value_size), (in m) => Knows(m, map_known_flags.MAP_HAS_INNER) && Knows(m, map_known_flags.MAP_HAS_VALUE_SIZE)),
        new("inner_max_entries", "how many elements fit into an inner map", (in m, in to) => to.Number(m.Record.inner_max_entries), (in m) => Knows(m, map_known_flags.MAP_HAS_INNER) && Knows(m, map_known_flags.MAP_HAS_MAX_ENTRIES)),
        new("refcnt", "references: programs, pins, descriptors, other maps", (in m, in to) => to.Number(m.Record.refcnt), (in m) => Knows(m, map_known_flags.MAP_HAS_REFCNT)) { Metric = new("references", MetricType.Gauge) },
        new("usercnt", "references from user space: pins and descriptors", (in m, in to) => to.Number(m.Record.usercnt), (in m) => Knows(m, map_known_flags.MAP_HAS_USERCNT)) { Metric = new("user_references", MetricType.Gauge) },
    ];

    /// <summary>Those that everybody may read.</summary>
    public static readonly Field<Map>[] PublicFields = FieldFiles.PublicOf(Fields);

    private static bool Knows(in Map m, map_known_flags what) => ((map_known_flags)m.Record.known & what) != 0;
}
