using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary><c>kernel/dmabuf</c>: memory that devices share.</summary>
internal static class Dmabufs
{
    public static readonly RecordTable<dmabuf_record> Table = new(
        Walk,
        (new("ino", "inode, as a descriptor of it has", (in d, in to) => to.Number(d.ino), (in d) => d.ino != 0), 10),
        (new("size", "bytes", (in d, in to) => to.Number(d.size), (in d) => ((dmabuf_known_flags)d.known & dmabuf_known_flags.DMABUF_HAS_SIZE) != 0), 12),
        (new("exporter", "the driver that made it", (in d, in to) => to.Text(d.exporter.Text), (in d) => !d.exporter.Text.IsEmpty), 24),
        (new("name", "given by user space; absent: none", (in d, in to) => to.Text(d.name.Text), (in d) => !d.name.Text.IsEmpty), 0));

    private static int Walk(ViewContext context, RecordTable<dmabuf_record>.Visitor visit)
    {
        using var walk = new RecordWalk<dmabuf_record>(context, context.Iterators.Dmabufs.Create(IteratorParameter.None));
        while (walk.MoveNext()) visit(walk.Current);
        return walk.Errno;
    }
}
