using System.Text;

namespace Iterators;

/// <summary>
/// The types of a BTF file in their order, read from its bytes: <c>Documentation/bpf/btf.rst</c>. It needs no library, so a kind that libbpf does not know
/// ends nothing, and finding a handful of names takes one pass of a few milliseconds. What it refers to is not checked: for the kernel's own BTF.
/// </summary>
public sealed class RawBtf : IDisposable
{
    private readonly BtfBytes _bytes;
    private readonly BtfSections _sections;

    private RawBtf(BtfBytes bytes, BtfSections sections)
    {
        _bytes = bytes;
        _sections = sections;
    }

    private ReadOnlySpan<byte> Bytes => _bytes.Span;

    private ReadOnlySpan<byte> Strings => Bytes[_sections.Strings];

    /// <summary>The BTF of the running kernel, or of a file; null: there is none, or it is no BTF of this machine's byte order.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static RawBtf? Read(string? path) => Of(BtfBytes.Read(path ?? KernelTypes.Path));

    /// <summary>BTF as it stands in a .BTF section; null: it is none.</summary>
    public static RawBtf? Of(ReadOnlySpan<byte> section)
    {
        BtfBytes bytes = new(section.Length);
        section.CopyTo(bytes.Span);
        return Of(bytes);
    }

    private static RawBtf? Of(BtfBytes bytes)
    {
        if (BtfSections.TryFind(bytes.Span, out BtfSections sections)) return new RawBtf(bytes, sections);
        bytes.Dispose();
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _bytes.Dispose();

    /// <summary>The ids of functions by their names, in their order; 0: there is none.</summary>
    public uint[] FindFunctions(IReadOnlyList<string> names)
    {
        var ids = new uint[names.Count];
        var wanted = new Dictionary<uint, int>();
        for (int i = 0; i < names.Count; i++)
        {
            if (OffsetOf(names[i]) is > 0 and uint offset) wanted[offset] = i;
        }
        for (BtfCursor at = First(); at.MoveNext();)
        {
            if (at.Kind == BtfKind.Func && wanted.TryGetValue(at.NameOffset, out int i) && ids[i] == 0) ids[i] = at.Id;
        }
        return ids;
    }

    /// <summary>The enumerators of enumerations by their names, in their order: names and values as they are declared. Empty: there is no such enumeration.</summary>
    public List<(byte[] Name, uint Value)>[] FindEnumerators(IReadOnlyList<string> enumerations)
    {
        List<(byte[], uint)>[] found = [.. enumerations.Select(_ => new List<(byte[], uint)>())];
        var wanted = new Dictionary<uint, int>();
        for (int i = 0; i < found.Length; i++)
        {
            if (OffsetOf(enumerations[i]) is > 0 and uint offset) wanted[offset] = i;
        }
        for (BtfCursor at = First(); wanted.Count > 0 && at.MoveNext();)
        {
            if (at.Kind is not (BtfKind.Enum or BtfKind.Enum64) || at.Length == 0 || !wanted.Remove(at.NameOffset, out int i)) continue;
            int size = at.Tail.Length / at.Length; // name_off and the value, of which an enum64 has the lower half first
            for (ReadOnlySpan<byte> rest = at.Tail; !rest.IsEmpty; rest = rest[size..]) found[i].Add((Name(BitConverter.ToUInt32(rest)).ToArray(), BitConverter.ToUInt32(rest[4..])));
        }
        return found;
    }

    /// <summary>
    /// The same types, with the same ids and strings, as libbpf 1.1 parses them: see <see cref="BtfForLibBpf"/>. Empty: it parses the original; null: there is a
    /// kind of which nobody knows how long it is.
    /// </summary>
    public byte[]? ForLibBpf()
    {
        var form = new BtfForLibBpf(Bytes);
        if (form.Plan() != 0) return null;
        if (!form.IsNeeded) return [];
        byte[] bytes = new byte[form.Size];
        form.Write(bytes);
        return bytes;
    }

    /// <summary>Before the first type.</summary>
    public BtfCursor First() => new(Bytes[_sections.Types], Bytes[_sections.Layout]);

    /// <summary>A string of the string section.</summary>
    public ReadOnlySpan<byte> Name(uint offset) => NameIn(Strings, offset);

    /// <summary>Where a whole string stands in the string section; 0: nowhere. Strings are there once: pahole and the linker of BTF see to it.</summary>
    public uint OffsetOf(string name)
    {
        int at = Strings.IndexOf(Encoding.UTF8.GetBytes($"\0{name}\0"));
        return at < 0 ? 0 : (uint)at + 1;
    }

    internal static ReadOnlySpan<byte> NameIn(ReadOnlySpan<byte> strings, uint offset)
    {
        if (offset >= strings.Length) return default;
        ReadOnlySpan<byte> rest = strings[(int)offset..];
        int end = rest.IndexOf((byte)0);
        return end < 0 ? rest : rest[..end];
    }
}
