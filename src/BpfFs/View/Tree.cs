namespace BpfFs.View;

/// <summary>The table's rows, linked: by number, and each directory to what stands below it.</summary>
internal sealed class Tree
{
    private readonly Row?[] _rows = new Row?[ushort.MaxValue + 1];

    /// <exception cref="InvalidOperationException">A row has no parent, or two have one path or number: the table is wrong.</exception>
    public Tree(IEnumerable<Row> table)
    {
        var byPath = new Dictionary<string, Row>();
        foreach (Row row in table)
        {
            if (!byPath.TryAdd(row.Path, row)) throw new InvalidOperationException($"the view has {row.Path} twice");
            Enter(row, row.Number);
            if (row.SealedNumber != 0) Enter(row, row.SealedNumber);
            if (row.Path.Length == 0) continue;
            string parent = row.Path[..Math.Max(0, row.Path.LastIndexOf('/'))];
            if (byPath.GetValueOrDefault(parent) is not DirectoryRow directory) throw new InvalidOperationException($"the view's {row.Path} has no directory above it");
            if (!row.IsDynamic) directory.Fixed.Add(row);
            else if (directory.Dynamic.Count < (directory.Children?.Shapes ?? 0)) directory.Dynamic.Add(row);
            else throw new InvalidOperationException($"nothing in {parent} finds {row.Path}");
        }
        Rows = [.. byPath.Values];
        Kinds = [.. Rows.Select(row => row.Subject).OfType<ObjectKind>().Distinct()];
    }

    public IReadOnlyList<Row> Rows { get; }

    /// <summary>The kinds of object that rows are about.</summary>
    public IReadOnlyList<ObjectKind> Kinds { get; }

    public Row? Find(ushort number) => _rows[number];

    private void Enter(Row row, ushort number)
    {
        if (_rows[number] is { } other) throw new InvalidOperationException($"the view's paths {row.Path} and {other.Path} have one number: rename one");
        _rows[number] = row;
    }
}
