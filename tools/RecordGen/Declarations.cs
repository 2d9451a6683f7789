namespace RecordGen;

/// <summary>A C type that a record's member may have. <paramref name="Tag"/> is its part of a generated buffer's name: u32 in u32_64.</summary>
internal abstract record CType(string C, string CSharp, string Tag, int Size, int Align);

internal sealed record Scalar(string C, string CSharp, string Tag, int Size) : CType(C, CSharp, Tag, Size, Size);

/// <summary>A struct or an enum, declared elsewhere in the same output.</summary>
internal sealed record Named(string C, string Name, int Size, int Align) : CType(C, Name, Name, Size, Align);

internal sealed record ArrayOf(CType Element, int Length)
    : CType(Element.C, $"{Element.Tag}_{Length}", $"{Element.Tag}_{Length}", Element.Size * Length, Element.Align)
{
    public bool IsText => Element is Scalar { C: "char" };
}

/// <summary>A struct or an enum of the output. Its <see cref="Lines"/> say all of it, so equal lines mean equal declarations.</summary>
internal abstract record Declaration(string Name, int Size)
{
    public abstract IEnumerable<string> Lines { get; }
}

internal sealed record CStruct(string Name, int Size, IReadOnlyList<CMember> Members) : Declaration(Name, Size)
{
    public int Align => Members.Max(m => m.Type.Align);

    /// <summary>True where C was told to place members closer than their alignment asks for.</summary>
    public bool IsPacked => Size % Align != 0 || Members.Any(m => m.Offset % m.Type.Align != 0);

    public override IEnumerable<string> Lines => Members.Select(m => $"{m.C} at {m.Offset}").Append($"{Size} bytes");
}

internal sealed record CMember(string Name, int Offset, CType Type)
{
    /// <summary>The member as C declares it, without the semicolon.</summary>
    public string C
    {
        get
        {
            string dimensions = "";
            CType type = Type;
            for (; type is ArrayOf array; type = array.Element)
            {
                dimensions += $"[{array.Length}]";
            }

            return $"{type.C} {Name}{dimensions}";
        }
    }
}

internal sealed record CEnum(string Name, int Size, string CSharpBase, IReadOnlyList<(string Name, string Value)> Constants)
    : Declaration(Name, Size)
{
    public bool IsFlags => Name.EndsWith("_flags", StringComparison.Ordinal);

    public override IEnumerable<string> Lines => Constants.Select(c => $"{c.Name} = {c.Value}").Append($"{Size} bytes, {CSharpBase}");
}

/// <summary>What the user is told in one line: an object that cannot be read, or a declaration that cannot be had in C#.</summary>
internal sealed class RecordGenException(string message) : Exception(message);
