namespace Support;

/// <summary>Writes struct bpf_insn: a byte of opcode, a byte of registers, 16 bits of offset, 32 bits of immediate.</summary>
public static class Instructions
{
    public static ulong Raw(byte code, int dst = 0, int src = 0, short offset = 0, int immediate = 0) =>
        code | ((ulong)(uint)(dst | (src << 4)) << 8) | ((ulong)(ushort)offset << 16) | ((ulong)(uint)immediate << 32);

    /// <summary>dst = immediate.</summary>
    public static ulong Set(int dst, int immediate) => Raw(0xb7, dst, immediate: immediate);

    /// <summary>dst = src.</summary>
    public static ulong Copy(int dst, int src) => Raw(0xbf, dst, src);

    /// <summary>dst += immediate.</summary>
    public static ulong Add(int dst, int immediate) => Raw(0x07, dst, immediate: immediate);

    /// <summary>*(u64 *)(dst + offset) = immediate.</summary>
    public static ulong Store(int dst, short offset, int immediate) => Raw(0x7a, dst, 0, offset, immediate);

    /// <summary>dst = the map of a descriptor: two instructions.</summary>
    public static ulong[] LoadMap(int dst, BpfMap map) => [Raw(0x18, dst, 1, 0, map.Fd), 0];

    /// <summary>A call of a helper.</summary>
    public static ulong Call(int helper) => Raw(0x85, immediate: helper);

    public static ulong Exit => Raw(0x95);

    /// <summary>return value.</summary>
    public static ulong[] Return(int value = 0) => [Set(0, value), Exit];

    /// <summary>Uses each map and returns 0.</summary>
    public static ulong[] Use(params BpfMap[] maps) => [.. maps.SelectMany(m => LoadMap(1, m)), .. Return()];
}
