using System.Numerics;
using BpfFs.Rendering;

namespace BpfFs.Objects.Code;

/// <summary>
/// Which numbers may be kernel addresses. Nothing tells an address from a constant of the same value, so whatever lies where the kernel's
/// memory may lie counts as one, and is not shown. The ranges are fixed: what is shown of a number depends on the number alone, not on where this kernel lies.
/// </summary>
internal static class KernelAddress
{
    // The upper half of the address space, with five levels of page tables (x86-64) or 52 bits (arm64); fewer leave it inside. Its last
    // 16 MiB hold nothing that moves (x86-64: fixmap, vsyscall; arm64: fixmap), but all small negative numbers.
    private const ulong First = 0xFF00_0000_0000_0000;
    private const ulong End = 0xFFFF_FFFF_FF00_0000;
    private const ulong FirstOfImage = 0xFFFF_FFFF_8000_0000; // x86-64: the kernel and its modules, where 32 bits make an address

    public static ReadOnlySpan<byte> Unnamed => "<kernel>"u8;

    /// <summary>A 64-bit number. One that is all ones and then all zeros is a mask, or the start of a region, which is no secret.</summary>
    public static bool IsPossible(ulong value) => value is >= First and < End && !BitOperations.IsPow2(unchecked(0 - value));

    /// <summary>
    /// The same, or a per-CPU pointer: a distance between two of the kernel's places, which looks like an address of user space or like little at all. With five levels of page tables
    /// it has 56 bits.
    /// </summary>
    public static bool IsPossibleOrPerCpu(ulong value) => IsPossible(value) || value is > uint.MaxValue and <= ulong.MaxValue >> 8;

    /// <summary>A 32-bit number that is, or is added to, the lower half of an address.</summary>
    public static bool IsPossible(uint value) => value >= unchecked((uint)FirstOfImage) && IsPossible(Extend(value));

    /// <summary>The address that 32 bits are the lower half of.</summary>
    public static ulong Extend(uint value) => (ulong)(int)value;

    /// <summary>Appends the symbol of <c>symbol+0x0/0x20 [module]</c>, as the kernel names an address; a distance from its start is kept.</summary>
    public static void AppendSymbol(ReadOnlySpan<byte> kernelName, TextBuffer to)
    {
        int plus = kernelName.IndexOf((byte)'+');
        if (plus < 0)
        {
            to.AppendText(kernelName);
            return;
        }
        to.AppendText(kernelName[..plus]);
        ReadOnlySpan<byte> distance = kernelName[plus..];
        int end = distance.IndexOfAny((byte)'/', (byte)' ');
        if (end >= 0) distance = distance[..end];
        if (!distance.SequenceEqual("+0x0"u8)) to.AppendText(distance);
    }
}

/// <summary>
/// Who knows the names of what the kernel made: what a call calls, what a jump leads to. Nobody is asked what lies at a constant, as a program's author may have written it
/// to learn whether something lies there. Each gives the length of what it wrote; 0: no name.
/// </summary>
internal abstract class CodeNames
{
    /// <summary>As long as a name can be.</summary>
    public const int MaxLength = 256;

    /// <summary>The kernel function that a call instruction calls.</summary>
    public abstract int Call(int instruction, Span<byte> name);

    /// <summary>What lies at a distance from the start of a function's machine code.</summary>
    public abstract int Near(int function, long offset, Span<byte> name);
}
