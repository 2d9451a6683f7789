using System.Text;

namespace Iterators;

/// <summary>
/// Enumerations as a kernel's BTF has them: for values that this version has no name for. The BTF is read when such a value comes up for the first time, once for all enumerations;
/// after that a name is an element of an array.
/// </summary>
public sealed class KernelEnums
{
    private readonly List<KernelEnum> _all = [];
    private readonly Lock _lock = new();
    private Func<RawBtf?> _source;

    /// <param name="source">Null: there is no BTF, and no name.</param>
    public KernelEnums(Func<RawBtf?> source) => _source = source;

    /// <summary>Those of the running kernel.</summary>
    public static KernelEnums Running { get; } = new(() => ReadFile(null));

    /// <summary>One of them.</summary>
    /// <param name="name">As in C: <c>bpf_map_type</c>.</param>
    /// <param name="prefix">What its enumerators begin with; what does not (<c>__MAX_BPF_MAP_TYPE</c>) is no name of a value.</param>
    public KernelEnum Add(string name, string prefix)
    {
        KernelEnum added = new(this, name, prefix);
        lock (_lock) _all.Add(added);
        return added;
    }

    /// <summary>From now on another BTF is asked.</summary>
    public void ReadFrom(Func<RawBtf?> source)
    {
        lock (_lock)
        {
            _source = source;
            foreach (KernelEnum one in _all) one.Values = null;
        }
    }

    /// <summary>The BTF in a file, null: of the running kernel; null: it cannot be read.</summary>
    public static RawBtf? ReadFile(string? path)
    {
        try
        {
            return RawBtf.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal byte[]?[] ReadAll(KernelEnum wanted)
    {
        lock (_lock)
        {
            if (wanted.Values is { } known) return known;
            using RawBtf? btf = _source();
            List<(byte[] Name, uint Value)>[]? found = btf?.FindEnumerators([.. _all.Select(one => one.Name)]);
            for (int i = 0; i < _all.Count; i++) _all[i].Values = ByValue(found is null ? [] : found[i], _all[i].Prefix);
            return wanted.Values!;
        }
    }

    /// <summary>Of two names for a value the first; but one that is deprecated gives way (BPF_MAP_TYPE_CGROUP_STORAGE_DEPRECATED).</summary>
    private static byte[]?[] ByValue(List<(byte[] Name, uint Value)> enumerators, string prefix)
    {
        const int most = 1024; // they are small numbers, and indexes here
        List<byte[]?> values = [];
        foreach (bool takesDeprecated in (bool[])[false, true])
        {
            foreach ((byte[] name, uint value) in enumerators)
            {
                string text = Encoding.Latin1.GetString(name);
                if (value >= most || text.Length <= prefix.Length || !text.StartsWith(prefix, StringComparison.Ordinal)) continue;
                if (text.EndsWith("_DEPRECATED", StringComparison.Ordinal) != takesDeprecated || !text.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')) continue;
                while (values.Count <= value) values.Add(null);
                values[(int)value] ??= Encoding.ASCII.GetBytes(text[prefix.Length..].ToLowerInvariant());
            }
        }
        return [.. values];
    }
}

/// <summary>One enumeration of <see cref="KernelEnums"/>.</summary>
public sealed class KernelEnum
{
    private readonly KernelEnums _all;
    private volatile byte[]?[]? _values;

    internal KernelEnum(KernelEnums all, string name, string prefix) => (_all, Name, Prefix) = (all, name, prefix);

    internal string Name { get; }

    internal string Prefix { get; }

    /// <summary>The names by value; null: not yet read.</summary>
    internal byte[]?[]? Values
    {
        get => _values;
        set => _values = value;
    }

    /// <summary>The name without the prefix, in small letters: of BPF_MAP_TYPE_RHASH <c>rhash</c>. Empty: the kernel has none, or its BTF does not tell.</summary>
    public ReadOnlySpan<byte> NameOf(uint value)
    {
        byte[]?[] values = Values ?? _all.ReadAll(this);
        return value < values.Length ? values[value] : default;
    }
}
