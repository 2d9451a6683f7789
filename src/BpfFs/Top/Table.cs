namespace BpfFs.Top;

/// <summary>One table on the screen: which rows, in which order, where it stands.</summary>
internal sealed class Table<T>(IReadOnlyList<Column<T>> columns, Func<T, uint> id, Func<T, string> text, string sortBy)
    where T : class
{
    private int _top;
    private bool _isMoved;

    public IReadOnlyList<Column<T>> Columns { get; } = columns;

    public Column<T> SortedBy { get; private set; } = columns.First(column => column.Name == sortBy);

    public bool IsReversed { get; set; }

    /// <summary>Only rows whose id, name or type has it; upper and lower case are the same.</summary>
    public string Filter { get; set; } = "";

    /// <summary>The rows, filtered and sorted.</summary>
    public IReadOnlyList<T> Rows { get; private set; } = [];

    /// <summary>The bar is on the first row; once somebody moved it, it stays on its row, wherever that goes.</summary>
    public uint SelectedId { get; private set; }

    public T? Selected => Rows.FirstOrDefault(row => id(row) == SelectedId);

    /// <summary>False: there is no such column.</summary>
    public bool TrySortBy(string name)
    {
        if (Columns.FirstOrDefault(column => column.Name == name) is not { } found) return false;
        SortedBy = found;
        return true;
    }

    /// <summary>The column beside the present one.</summary>
    public void SortByNext(int step, int width)
    {
        Column<T>[] shown = [.. Columns.Where(column => width >= column.FromWidth)];
        SortedBy = shown[Math.Clamp(Array.IndexOf(shown, SortedBy) + step, 0, shown.Length - 1)];
    }

    public void Take(IEnumerable<T> all)
    {
        Rows = [.. Top.Columns.Sort(all.Where(Matches), SortedBy, IsReversed)];
        if (Rows.Count == 0 || (_isMoved && Selected is not null)) return;
        _isMoved &= Selected is not null;
        SelectedId = id(Rows[0]);
    }

    public void Move(int step)
    {
        if (Rows.Count == 0 || step == 0) return;
        _isMoved = true;
        int at = Rows.ToList().FindIndex(row => id(row) == SelectedId);
        SelectedId = id(Rows[(int)Math.Clamp((long)at + step, 0, Rows.Count - 1)]);
    }

    /// <summary>The head and as many rows as there is room for.</summary>
    public IEnumerable<string> Lines(int width, int height)
    {
        int at = Rows.ToList().FindIndex(row => id(row) == SelectedId);
        if (at < _top) _top = at;
        if (at >= _top + height - 1) _top = at - height + 2;
        _top = Math.Max(_top, 0);
        yield return "\x1b[7m" + Top.Columns.Line(Columns, width, column => column == SortedBy ? (IsReversed ? "^" : "v") + column.Head : column.Head);
        for (int i = _top; i < Math.Min(Rows.Count, _top + height - 1); i++)
        {
            string line = Top.Columns.Line(Columns, width, column => column.Show(Rows[i]));
            yield return i == at ? "\x1b[1;7m" + line : line;
        }
    }

    private bool Matches(T row) => Filter.Length == 0 || text(row).Contains(Filter, StringComparison.OrdinalIgnoreCase);
}
