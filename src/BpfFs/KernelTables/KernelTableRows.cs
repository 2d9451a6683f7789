using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary>The rows of <c>kernel</c>. Who may read what is as where the kernel itself shows it: slab caches (/proc/slabinfo) and DMA buffers (debugfs) are root's.</summary>
internal static class KernelTableRows
{
    public static IEnumerable<Row> Rows(IteratorSet has) =>
    [
        new DirectoryRow("kernel"),
        .. Both("cgroups", Tier.Public, Cgroup.Table, has.Cgroups),
        new StreamRow("kernel/ksyms", Tier.Public, new Ksyms(has.Ksyms)) { IsThere = () => has.Ksyms.IsThere },
        .. Both("kmem_cache", Tier.Private, KmemCaches.Table, has.KmemCaches),
        .. Both("dmabuf", Tier.Private, Dmabufs.Table, has.Dmabufs),
    ];

    private static Row[] Both<T>(string name, Tier tier, RecordTable<T> table, LazyIterator source)
        where T : allows ref struct =>
    [
        new FileRow($"kernel/{name}", tier, table.Text) { IsThere = () => source.IsThere },
        new FileRow($"kernel/{name}.json", tier, table.Json) { IsThere = () => source.IsThere },
    ];
}
