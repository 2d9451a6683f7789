using BpfFs.Rendering;

namespace BpfFs.Objects;

/// <summary>
/// Lays the parts of a large graph side by side. Dot puts what nothing leads to into its first column, whatever its height: 500 programs that have nothing to do with each
/// other would be one column of 500. Invisible edges from part to part make rows of them. (Graphviz' own pack mode would do, if it did not lose the edges' labels.)
/// It allocates: a file that is looked at, not polled.
/// </summary>
internal sealed class GraphBands
{
    private const int LeastParts = 12; // fewer are a column that one sees at once
    private readonly List<(string Kind, uint Id)> _nodes = [];
    private readonly Dictionary<(string, uint), int> _numbers = [];
    private readonly List<(int From, int To)> _edges = [];

    public void AddNode(string kind, uint id)
    {
        _numbers[(kind, id)] = _nodes.Count;
        _nodes.Add((kind, id));
    }

    /// <summary>An edge; one to what came or went while the graph was read is left out.</summary>
    public void AddEdge(string fromKind, uint from, string toKind, uint to)
    {
        if (_numbers.TryGetValue((fromKind, from), out int first) && _numbers.TryGetValue((toKind, to), out int second)) _edges.Add((first, second));
    }

    /// <summary>The invisible edges; none for a small graph.</summary>
    public void Append(TextBuffer to)
    {
        (int First, int Last)[] parts = [.. Parts()];
        if (parts.Length < LeastParts) return;
        // A column is about twice as far from the next as a row is.
        int inRow = (int)Math.Ceiling(Math.Sqrt(parts.Length / 2.0));
        for (int i = 1; i < parts.Length; i++)
        {
            if (i % inRow == 0) continue;
            to.Append((byte)'\t');
            AppendNode(parts[i - 1].Last, to);
            to.Append(" -> "u8);
            AppendNode(parts[i].First, to);
            to.Append(" [style=invis];\n"u8);
        }
    }

    /// <summary>Of each connected part a node that nothing leads to, and one that leads nowhere. Parts of one size come together, so that a row is no higher than it has to be.</summary>
    private IEnumerable<(int First, int Last)> Parts()
    {
        int[] above = [.. Enumerable.Range(0, _nodes.Count)];
        bool[] isLedTo = new bool[_nodes.Count], leads = new bool[_nodes.Count];
        foreach ((int from, int to) in _edges)
        {
            above[Top(from)] = Top(to);
            leads[from] = isLedTo[to] = true;
        }
        return Enumerable.Range(0, _nodes.Count).GroupBy(Top).OrderByDescending(part => part.Count()).ThenBy(part => part.Min())
            .Select(part => (part.FirstOrDefault(node => !isLedTo[node], part.First()), part.LastOrDefault(node => !leads[node], part.Last())));

        int Top(int node)
        {
            while (above[node] != node) node = above[node] = above[above[node]];
            return node;
        }
    }

    private void AppendNode(int number, TextBuffer to) => Graph.AppendId(System.Text.Encoding.ASCII.GetBytes(_nodes[number].Kind), _nodes[number].Id, to);
}
