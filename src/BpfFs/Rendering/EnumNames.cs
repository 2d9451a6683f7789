using System.Text;
using Iterators;

namespace BpfFs.Rendering;

/// <summary>
/// The names of an enumeration of the kernel's: those that this version knows, as libbpf and bpftool spell them, and of values to come as the running kernel's BTF has them.
/// </summary>
internal sealed class EnumNames(string known, KernelEnum kernel)
{
    private readonly byte[][] _known = [.. known.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(Encoding.UTF8.GetBytes)];

    /// <summary>One more than the greatest value that this version knows.</summary>
    public uint KnownCount => (uint)_known.Length;

    /// <summary>Those that this version knows.</summary>
    public IEnumerable<(uint Number, string Name)> Known => _known.Select((name, i) => ((uint)i, Encoding.UTF8.GetString(name)));

    /// <summary>The name; empty: there is none.</summary>
    public ReadOnlySpan<byte> Of(uint value) => value < _known.Length ? _known[value] : kernel.NameOf(value);

    /// <summary>The name, or the number's digits in <paramref name="digits"/>.</summary>
    public ReadOnlySpan<byte> Of(uint value, Span<byte> digits) => Of(value) is { IsEmpty: false } name ? name : Digits(value, digits);

    /// <summary>The name, or the number where there is none.</summary>
    public void Write(in ValueWriter to, uint value)
    {
        ReadOnlySpan<byte> name = Of(value);
        if (name.IsEmpty) to.Number(value);
        else to.Text(name);
    }

    internal static ReadOnlySpan<byte> Digits(uint value, Span<byte> digits)
    {
        System.Buffers.Text.Utf8Formatter.TryFormat(value, digits, out int length);
        return digits[..length];
    }
}
