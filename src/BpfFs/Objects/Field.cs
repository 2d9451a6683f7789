using System.Text;
using System.Text.Json;
using BpfFs.Rendering;
using BpfFs.View;

namespace BpfFs.Objects;

/// <summary>
/// One thing known of a kind of object, declared once: from it come the file of that name, the line in <c>info</c>, the key in JSON, the metric.
/// </summary>
/// <typeparam name="T">What is read of one object.</typeparam>
internal sealed class Field<T>
    where T : allows ref struct
{
    public delegate void Writer(in T value, in ValueWriter to);

    public delegate bool Predicate(in T value);

    /// <param name="name">bpftool's JSON key where it has the same thing.</param>
    /// <param name="meaning">For the manual: what it is and its unit.</param>
    /// <param name="write">Writes the value.</param>
    /// <param name="isPresent">Whether this object has it; null: always. What is not there is absent, not zero.</param>
    public Field(string name, string meaning, Writer write, Predicate? isPresent = null)
    {
        Name = name;
        Meaning = meaning;
        Write = write;
        IsPresent = isPresent ?? ((in T _) => true);
        Utf8Name = Encoding.UTF8.GetBytes(name);
        JsonName = JsonEncodedText.Encode(name);
    }

    public string Name { get; }

    public string Meaning { get; }

    public byte[] Utf8Name { get; }

    public JsonEncodedText JsonName { get; }

    public Writer Write { get; }

    public Predicate IsPresent { get; }

    /// <summary>Whether this kernel tells it at all; null: always. Where a metric is never absent, it is so where this holds.</summary>
    public Predicate? IsKnown { get; init; }

    /// <summary>In a table, the least width of its column.</summary>
    public int Width { get; init; }

    /// <summary>In a table it stands at the right of its column.</summary>
    public bool IsNumber { get; init; }

    /// <summary>False: only a line in <c>info</c> and a key in JSON, as a file of that name is something else.</summary>
    public bool HasFile { get; init; } = true;

    /// <summary>
    /// Who may read it: public, or the group's, if it counts what goes through an object, event by event. Then it is in its own file and in the group's lists, and not in <c>info</c> and JSON that are
    /// everybody's.
    /// </summary>
    public Tier Tier { get; init; } = Tier.Public;

    /// <summary>What it is in metrics/bpf.prom; null: nothing.</summary>
    public Metric? Metric { get; init; }

    /// <summary>Which samples there have it as a label.</summary>
    public Labels Labels { get; init; }
}
