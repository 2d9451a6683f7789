using Iterators.Native;

namespace Iterators;

/// <summary>Maps of type prog_array.</summary>
public static unsafe class ProgArray
{
    /// <summary>The id of the program at a place of it: what bpf(2) gives for a value. ENOENT: the place is empty.</summary>
    public static int Lookup(in Fd map, uint index, out uint prog)
    {
        fixed (uint* id = &prog) return -LibBpf.bpf_map_lookup_elem(map.Value, &index, id);
    }
}
