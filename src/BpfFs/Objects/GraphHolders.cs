using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>
/// The holders in <c>graph.holders.dot</c>: a cluster per process. What one process alone holds lies in its cluster; what several hold lies outside, with an
/// edge from each. It allocates: a file that is looked at, not polled.
/// </summary>
internal static class GraphHolders
{
    private const int ShownDescriptors = 4;

    /// <summary>0 or an errno.</summary>
    public static int Append(ViewContext context, TextBuffer to)
    {
        int errno = Holders.Get(context, out List<holder_record> holders);
        if (errno != 0) return errno;
        // One holding: a process and an object, with all the descriptors between them.
        var holdings = holders.Where(r => r.kind != holder_kind.HOLDER_BTF) // no node
            .GroupBy(r => (r.pid, Object: (Kind: NodeKind(r.kind), r.id)))
            .ToList();
        HashSet<(string, uint)> shared = [.. holdings.GroupBy(h => h.Key.Object).Where(g => g.Count() > 1).Select(g => g.Key)];
        foreach (var process in holdings.GroupBy(h => h.Key.pid).OrderBy(g => g.Key))
        {
            AppendCluster(process.Key, process.First().First(), to);
            foreach (var holding in process.Where(h => !shared.Contains(h.Key.Object)).OrderBy(h => h.Key.Object))
            {
                to.Append("\t\t"u8);
                AppendNode(holding.Key.Object, to);
                to.Append(";\n"u8);
            }
            to.Append("\t}\n"u8);
            foreach (var holding in process.Where(h => shared.Contains(h.Key.Object)).OrderBy(h => h.Key.Object))
            {
                to.Append("\t"u8);
                Graph.AppendId("pid"u8, process.Key, to);
                to.Append(" -> "u8);
                AppendNode(holding.Key.Object, to);
                AppendDescriptors(holding, to);
            }
        }
        return 0;
    }

    private static void AppendCluster(uint pid, in holder_record holder, TextBuffer to)
    {
        to.Append("\tsubgraph "u8);
        Graph.AppendId("cluster_pid"u8, pid, to);
        to.Append(" {\n\t\tstyle=rounded; color=gray50; bgcolor=gray97;\n\t\t"u8);
        Graph.AppendId("pid"u8, pid, to);
        to.Append(" [shape=house, label=\"pid "u8);
        to.Append((ulong)pid);
        ReadOnlySpan<byte> comm = holder.comm.Text;
        if (!comm.IsEmpty)
        {
            to.Append("\\n"u8);
            to.AppendQuoted(comm);
        }
        to.Append("\"];\n"u8);
    }

    private static void AppendDescriptors(IEnumerable<holder_record> holding, TextBuffer to)
    {
        to.Append(" [style=dashed, color=darkgreen, label=\"holds: fd"u8);
        int shown = 0;
        foreach (holder_record r in holding)
        {
            if (shown == ShownDescriptors)
            {
                to.Append(" ..."u8);
                break;
            }
            shown++;
            to.Append((byte)' ');
            to.Append((ulong)r.fd);
        }
        to.Append("\"];\n"u8);
    }

    private static void AppendNode((string Kind, uint Id) of, TextBuffer to)
    {
        to.Append(System.Text.Encoding.ASCII.GetBytes(of.Kind));
        to.Append((ulong)of.Id);
    }

    /// <summary>What a descriptor of this kind keeps, as the graph's nodes are named.</summary>
    private static string NodeKind(holder_kind kind) => kind switch
    {
        holder_kind.HOLDER_MAP => "map",
        holder_kind.HOLDER_LINK => "link",
        _ => "prog",
    };
}
