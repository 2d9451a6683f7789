using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// <c>graph.dot</c>: programs, maps and links and what joins them, for graphviz: <c>dot -Tsvg graph.dot</c>.
/// </summary>
internal static class Graph
{
    public static int Render(ViewContext context, ulong key, TextBuffer to) => Render(context, withHolders: false, to);

    /// <summary><c>graph.holders.dot</c>: the same, and who holds what.</summary>
    public static int RenderWithHolders(ViewContext context, ulong key, TextBuffer to) => Render(context, withHolders: true, to);

    private static int Render(ViewContext context, bool withHolders, TextBuffer to)
    {
        to.Append("digraph bpf {\n\trankdir=LR; ranksep=1;\n\tnode [fontname=\"sans-serif\", fontsize=10];\n\tedge [fontname=\"sans-serif\", fontsize=8];\n"u8);
        var bands = new GraphBands();
        int errno = AppendProgs(context, bands, to);
        if (errno == 0) errno = AppendMaps(context, bands, to);
        if (errno == 0) errno = AppendUses(context, bands, to);
        if (errno == 0 && context.Iterators.Links is not null) errno = AppendLinks(context, bands, to);
        if (errno == 0 && withHolders) errno = GraphHolders.Append(context, to);
        if (errno == 0) bands.Append(to);
        to.Append("}\n"u8);
        return errno;
    }

    private static int AppendProgs(ViewContext context, GraphBands bands, TextBuffer to)
    {
        using var walk = new RecordWalk<prog_row_record>(context, context.Iterators.ProgRows!);
        Span<byte> digits = stackalloc byte[10];
        while (walk.MoveNext())
        {
            ref readonly prog_row_record r = ref walk.Current;
            bands.AddNode("prog", r.id);
            AppendNode("prog"u8, r.id, "box"u8, r.name.Text, Names.ProgTypes.Of(r.type, digits), to);
        }
        return walk.Errno;
    }

    private static int AppendMaps(ViewContext context, GraphBands bands, TextBuffer to)
    {
        using var walk = new RecordWalk<map_record>(context, context.Iterators.Maps!);
        Span<byte> digits = stackalloc byte[10];
        while (walk.MoveNext())
        {
            ref readonly map_record r = ref walk.Current;
            bands.AddNode("map", r.id);
            AppendNode("map"u8, r.id, "cylinder"u8, r.name.Text, Names.MapTypes.Of(r.type, digits), to);
        }
        return walk.Errno;
    }

    private static int AppendUses(ViewContext context, GraphBands bands, TextBuffer to)
    {
        using var walk = new RecordWalk<prog_map_record>(context, context.Iterators.ProgMaps!);
        while (walk.MoveNext())
        {
            bands.AddEdge("prog", walk.Current.prog_id, "map", walk.Current.map_id);
            AppendEdge("prog"u8, walk.Current.prog_id, "map"u8, walk.Current.map_id, "uses"u8, "gray30"u8, to);
        }
        return walk.Errno;
    }

    /// <summary>A link is a node, between its program and, where that is a program too, its target; else the target is in its label.</summary>
    private static int AppendLinks(ViewContext context, GraphBands bands, TextBuffer to)
    {
        using var walk = new RecordWalk<link_record>(context, context.Iterators.Links!);
        Span<byte> digits = stackalloc byte[10];
        while (walk.MoveNext())
        {
            ref readonly link_record r = ref walk.Current;
            bands.AddNode("link", r.id);
            AppendNode("link"u8, r.id, "ellipse"u8, r.target_func.Text, Names.LinkTypes.Of(r.type, digits), to);
            if (r.prog_id != 0) bands.AddEdge("prog", r.prog_id, "link", r.id);
            if (r.target_prog_id != 0) bands.AddEdge("link", r.id, "prog", r.target_prog_id);
            if (r.prog_id != 0) AppendEdge("prog"u8, r.prog_id, "link"u8, r.id, "attached"u8, "blue3"u8, to);
            if (r.target_prog_id != 0) AppendEdge("link"u8, r.id, "prog"u8, r.target_prog_id, "target"u8, "red3"u8, to);
        }
        return walk.Errno;
    }

    private static void AppendNode(ReadOnlySpan<byte> kind, uint id, ReadOnlySpan<byte> shape, ReadOnlySpan<byte> name, ReadOnlySpan<byte> type, TextBuffer to)
    {
        to.Append((byte)'\t');
        AppendId(kind, id, to);
        to.Append(" [shape="u8);
        to.Append(shape);
        to.Append(", label=\""u8);
        to.Append(kind);
        to.Append((byte)' ');
        to.Append((ulong)id);
        if (!name.IsEmpty)
        {
            to.Append("\\n"u8);
            to.AppendQuoted(name);
        }
        to.Append("\\n"u8);
        to.AppendQuoted(type);
        to.Append("\"];\n"u8);
    }

    /// <summary>Its label says what it is; its colour too, because graphviz leaves labels out when it packs parts side by side (-Gpack).</summary>
    private static void AppendEdge(
        ReadOnlySpan<byte> fromKind, uint from, ReadOnlySpan<byte> toKind, uint toId, ReadOnlySpan<byte> label, ReadOnlySpan<byte> colour, TextBuffer to)
    {
        to.Append((byte)'\t');
        AppendId(fromKind, from, to);
        to.Append(" -> "u8);
        AppendId(toKind, toId, to);
        to.Append(" [label=\""u8);
        to.Append(label);
        to.Append("\", color="u8);
        to.Append(colour);
        to.Append("];\n"u8);
    }

    internal static void AppendId(ReadOnlySpan<byte> kind, uint id, TextBuffer to)
    {
        to.Append(kind);
        to.Append((ulong)id);
    }
}
