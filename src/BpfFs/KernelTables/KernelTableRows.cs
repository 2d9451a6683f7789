using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary>The rows of <c>kernel</c>. Who may read what is as where the kernel itself shows it: slab caches (/proc/slabinfo) and DMA buffers (debugfs) are root's.</summary>
internal static class KernelTableRows
{
    public static IEnumerable<Row> Rows(IteratorSet has) =>
    [
        new DirectoryRow("kernel"),
        .. has.Cgroups is null ? [] : Both("cgroups", Tier.Public, Cgroup.Table),
        .. has.Ksyms is not { } ksyms ? [] : (Row[])[new StreamRow("kernel/ksyms", Tier.Public, new Ksyms(ksyms))],
        .. has.KmemCaches is null ? [] : Both("kmem_cache", Tier.Private, KmemCaches.Table),
        .. has.Dmabufs is null ? [] : Both("dmabuf", Tier.Private, Dmabufs.Table),
    ];

    private static Row[] Both<T>(string name, Tier tier, RecordTable<T> table)
        where T : allows ref struct =>
    [
        new FileRow($"kernel/{name}", tier, table.Text),
        new FileRow($"kernel/{name}.json", tier, table.Json),
    ];
}
