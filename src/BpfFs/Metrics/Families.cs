using System.Text;
using BpfFs.Objects;
using BpfFs.Rendering;

namespace BpfFs.Metrics;

/// <summary>Appends what a sample's labels have beside the fields': <c>,name="value"</c>.</summary>
internal delegate void MoreLabels<T>(in T value, TextBuffer to)
    where T : allows ref struct;

/// <summary>
/// The metrics of one kind of object, out of its fields. The format wants all samples of a metric in one group, and the objects come one by one: so the samples of each
/// metric are collected in a buffer of their own.
/// </summary>
/// <typeparam name="T">What is read of one object.</typeparam>
internal sealed class Families<T> : IDisposable
    where T : allows ref struct
{
    private readonly Field<T>[] _labels;
    private readonly Field<T>[] _infoLabels;
    private readonly MoreLabels<T>? _moreInfo;
    private readonly Family _info;
    private readonly (Family Family, Field<T> Field)[] _families;
    private readonly TextBuffer _scratch = new();

    /// <param name="kind">In the names: <c>bpf_KIND_...</c></param>
    /// <param name="fields">All of the kind.</param>
    /// <param name="moreInfo">What no field has.</param>
    public Families(string kind, Field<T>[] fields, MoreLabels<T>? moreInfo = null)
    {
        _labels = [.. fields.Where(field => field.Labels == Labels.All)];
        _infoLabels = [.. fields.Where(field => field.Labels == Labels.Info)];
        _moreInfo = moreInfo;
        _info = new Family($"bpf_{kind}_info", MetricType.Gauge, $"a {kind} that is there; always 1");
        _families = [.. fields.Where(field => field.Metric is not null).Select(field => (FamilyOf(kind, field), field))];
    }

    /// <summary>The names of its metrics, with their types.</summary>
    public IEnumerable<(string Name, MetricType Type)> Names => _families.Select(f => (f.Family.Name, f.Family.Type)).Prepend((_info.Name, _info.Type));

    /// <summary>Adds one object's samples.</summary>
    public void Add(in T value)
    {
        _scratch.Clear();
        _scratch.Append((byte)'{');
        foreach (Field<T> label in _labels) AppendLabel(label, value);
        int common = _scratch.Length;
        foreach (Field<T> label in _infoLabels) AppendLabel(label, value);
        _moreInfo?.Invoke(value, _scratch);
        _info.Begin(_scratch.Written).Append("1\n"u8);
        _scratch.Truncate(common);
        foreach ((Family family, Field<T> field) in _families)
        {
            Metric metric = field.Metric!;
            if (metric.IsNeverAbsent ? field.IsKnown is { } isKnown && !isKnown(value) : !field.IsPresent(value)) continue;
            TextBuffer to = family.Begin(_scratch.Written);
            field.Write(value, new ValueWriter(to, metric.Decimals));
            to.Append((byte)'\n');
        }
    }

    /// <summary>Appends all that was added, and forgets it.</summary>
    public void MoveTo(TextBuffer to)
    {
        _info.MoveTo(to);
        foreach ((Family family, _) in _families) family.MoveTo(to);
    }

    public void Dispose()
    {
        ((IDisposable)_scratch).Dispose();
        _info.Dispose();
        foreach ((Family family, _) in _families) family.Dispose();
    }

    /// <summary>Nothing where the object lacks it: to Prometheus an empty label is none.</summary>
    private void AppendLabel(Field<T> label, in T value)
    {
        if (!label.IsPresent(value)) return;
        Label.Begin(label.Utf8Name, _scratch);
        int start = _scratch.Length;
        label.Write(value, new ValueWriter(_scratch));
        _scratch.QuoteFrom(start);
        _scratch.Append((byte)'"');
    }

    private static Family FamilyOf(string kind, Field<T> field) => new($"bpf_{kind}_{field.Metric!.Suffix}", field.Metric.Type, field.Metric.Help ?? field.Meaning);
}

/// <summary>One metric: its name, what stands above its samples, and the samples.</summary>
internal sealed class Family(string name, MetricType type, string help) : IDisposable
{
    private readonly byte[] _utf8Name = Encoding.UTF8.GetBytes(name);
    private readonly byte[] _head = Encoding.UTF8.GetBytes($"# HELP {name} {help}\n# TYPE {name} {(type == MetricType.Counter ? "counter" : "gauge")}\n");
    private readonly TextBuffer _samples = new();

    public string Name => name;

    public MetricType Type => type;

    /// <summary>Begins a sample.</summary>
    /// <param name="labels"><c>{a="b",c="d"</c>; empty: it has none.</param>
    /// <returns>Where the value and the end of the line go.</returns>
    public TextBuffer Begin(ReadOnlySpan<byte> labels = default)
    {
        _samples.Append(_utf8Name);
        _samples.Append(labels);
        if (!labels.IsEmpty) _samples.Append((byte)'}');
        _samples.Append((byte)' ');
        return _samples;
    }

    /// <summary>A sample that is a whole number.</summary>
    public void Add(long value, ReadOnlySpan<byte> labels = default)
    {
        Begin(labels).Append(value);
        _samples.Append((byte)'\n');
    }

    /// <summary>Appends the samples, and forgets them; nothing where there is none.</summary>
    public void MoveTo(TextBuffer to)
    {
        if (_samples.Length == 0) return;
        to.Append(_head);
        to.Append(_samples.Written);
        _samples.Clear();
    }

    public void Dispose() => ((IDisposable)_samples).Dispose();
}

/// <summary>Labels of samples.</summary>
internal static class Label
{
    /// <summary>Appends <c>name="</c>, after a comma unless it is the first.</summary>
    public static void Begin(ReadOnlySpan<byte> name, TextBuffer to)
    {
        if (to.Written[^1] != (byte)'{') to.Append((byte)',');
        to.Append(name);
        to.Append("=\""u8);
    }

    /// <summary>Appends a label.</summary>
    public static void Append(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, TextBuffer to)
    {
        Begin(name, to);
        to.AppendQuoted(value);
        to.Append((byte)'"');
    }
}
