namespace BpfFs.Objects;

/// <summary>What a sample says: a counter only grows, a gauge goes up and down.</summary>
internal enum MetricType
{
    Gauge,
    Counter,
}

/// <summary>A field as a metric: its name ends in the unit (and <c>_total</c> for a counter), which is Prometheus' base unit.</summary>
/// <param name="Suffix">What follows <c>bpf_prog_</c>.</param>
/// <param name="Type">Gauge or counter.</param>
/// <param name="Help">Null: the field's meaning.</param>
internal sealed record Metric(string Suffix, MetricType Type, string? Help = null)
{
    /// <summary>By how many decimal places the field's unit is smaller than the metric's: 9 for nanoseconds.</summary>
    public int Decimals { get; init; }

    /// <summary>There is a sample also where the field is absent because it is 0: what appears only with its first increment, rate() does not see grow.</summary>
    public bool IsNeverAbsent { get; init; }
}

/// <summary>Which samples have a field as a label.</summary>
internal enum Labels
{
    None,

    /// <summary>Every sample of the object.</summary>
    All,

    /// <summary>The one of <c>bpf_prog_info</c>, which others are joined with.</summary>
    Info,
}
