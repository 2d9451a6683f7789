using System.Globalization;

namespace BpfFs.Objects.Code;

/// <summary>
/// What a program's instructions say of the numbers in its machine code: which are its own constants, shown in <c>xlated</c> too and so no secret, and
/// which are maps.
/// </summary>
internal sealed class KnownConstants
{
    private readonly HashSet<uint> _own = [];
    private readonly HashSet<ulong> _ownWide = [];
    private readonly Dictionary<ulong, string> _maps = [];

    /// <param name="shown">As bpf(2) shows them: maps by id.</param>
    /// <param name="raw">As the kernel holds them: maps by address. Empty: not known.</param>
    public KnownConstants(ReadOnlySpan<ulong> shown, ReadOnlySpan<ulong> raw)
    {
        for (int i = 0; i < shown.Length; i++)
        {
            Insn insn = new(shown[i]), next = new(i + 1 < shown.Length ? shown[i + 1] : 0);
            if (insn.Code == Insn.LoadImmediate64)
            {
                AddWide(insn, next, i + 1 < raw.Length ? Wide(new(raw[i]), new(raw[i + 1])) : 0);
                i++;
            }
            else if (insn.Code != Insn.Call && !insn.IsAddressFor(next))
            {
                _own.Add((uint)insn.Immediate);
            }
        }
    }

    /// <summary>Whether a 32-bit number is the program's own.</summary>
    public bool IsOwn(uint value) => _own.Contains(value);

    /// <summary>Whether a 64-bit number is the program's own.</summary>
    public bool IsOwn(ulong value) => _ownWide.Contains(value);

    /// <summary>The map, or the place in a map's value, at an address; null: there is none.</summary>
    public string? MapAt(ulong address) => _maps.GetValueOrDefault(address);

    private void AddWide(Insn insn, Insn next, ulong address)
    {
        if (insn.Src is Pseudo.MapFd or Pseudo.MapValue)
        {
            if (address != 0)
            {
                string place = insn.Src == Pseudo.MapFd ? "" : string.Create(CultureInfo.InvariantCulture, $"[0]+{(uint)next.Immediate}");
                _maps[address] = string.Create(CultureInfo.InvariantCulture, $"map[id:{(uint)insn.Immediate}]{place}");
            }
            return;
        }
        ulong value = Wide(insn, next);
        if (KernelAddress.IsPossible(value)) return; // hidden there too
        _ownWide.Add(value);
        _own.Add((uint)value); // the kernel's compiler shortens what 32 bits can hold
    }

    private static ulong Wide(Insn low, Insn high) => (uint)low.Immediate | ((ulong)(uint)high.Immediate << 32);
}
