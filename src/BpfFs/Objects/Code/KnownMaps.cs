using System.Globalization;

namespace BpfFs.Objects.Code;

/// <summary>Which numbers in a program's machine code are its maps: the kernel shows them in the instructions by their ids (bpf_insn_prepare_dump, kernel/bpf/syscall.c).</summary>
internal sealed class KnownMaps
{
    private readonly Dictionary<ulong, string> _maps = [];

    /// <param name="shown">As bpf(2) shows them: maps by id.</param>
    /// <param name="raw">As the kernel holds them: maps by address. Empty: not known.</param>
    public KnownMaps(ReadOnlySpan<ulong> shown, ReadOnlySpan<ulong> raw)
    {
        int count = Math.Min(shown.Length, raw.Length);
        for (int i = 0; i + 1 < count; i++)
        {
            Insn insn = new(shown[i]);
            if (insn.Code != Insn.LoadImmediate64) continue;
            if (insn.Src is Pseudo.MapFd or Pseudo.MapValue) Add(insn, new(shown[i + 1]), Wide(new(raw[i]), new(raw[i + 1])));
            i++;
        }
    }

    /// <summary>The map, or the place in a map's value, at an address; null: there is none.</summary>
    public string? MapAt(ulong address) => _maps.GetValueOrDefault(address);

    private void Add(Insn insn, Insn next, ulong address)
    {
        string place = insn.Src == Pseudo.MapFd ? "" : string.Create(CultureInfo.InvariantCulture, $"[0]+{(uint)next.Immediate}");
        _maps[address] = string.Create(CultureInfo.InvariantCulture, $"map[id:{(uint)insn.Immediate}]{place}");
    }

    private static ulong Wide(Insn low, Insn high) => (uint)low.Immediate | ((ulong)(uint)high.Immediate << 32);
}
