using BpfFs.Objects;
using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary><c>kernel/kmem_cache</c>: slab caches.</summary>
internal static class KmemCaches
{
    public static readonly RecordTable<kmem_cache_record> Table = new(
        Walk,
        (new("name", "name it was made with", (in k, in to) => to.Text(k.name.Text)), 26),
        (new("object_size", "bytes asked for", (in k, in to) => to.Number(k.object_size), Knows(kmem_cache_known_flags.KMEM_HAS_OBJECT_SIZE)), 11),
        (new("slab_size", "bytes an object takes in a slab", (in k, in to) => to.Number(k.slab_size), Knows(kmem_cache_known_flags.KMEM_HAS_SLAB_SIZE)), 9),
        (new("align", "alignment", (in k, in to) => to.Number(k.align), Knows(kmem_cache_known_flags.KMEM_HAS_ALIGN)), 5),
        (new("objects_per_slab", "objects in a slab of the usual size", (in k, in to) => to.Number(k.objects_per_slab), Knows(kmem_cache_known_flags.KMEM_HAS_ORDER)), 16),
        (new("pages_per_slab", "pages of such a slab", (in k, in to) => to.Number(k.pages_per_slab), Knows(kmem_cache_known_flags.KMEM_HAS_ORDER)), 14),
        (new("slabs", "slabs; absent: this kernel does not count them", (in k, in to) => to.Number(k.slabs), Knows(kmem_cache_known_flags.KMEM_HAS_TOTALS)), 7),
        (new("objects", "objects in all slabs, used and free; absent likewise", (in k, in to) => to.Number(k.objects), Knows(kmem_cache_known_flags.KMEM_HAS_TOTALS)), 9),
        (new("aliases", "caches that were merged into it, itself included", (in k, in to) => to.Number(k.aliases), Knows(kmem_cache_known_flags.KMEM_HAS_ALIASES)), 7),
        (new("flags", "SLAB_*, <linux/slab.h>", (in k, in to) => to.Flags(k.flags), Knows(kmem_cache_known_flags.KMEM_HAS_FLAGS)), 0));

    private static Field<kmem_cache_record>.Predicate Knows(kmem_cache_known_flags what) => (in k) => ((kmem_cache_known_flags)k.known & what) != 0;

    private static int Walk(ViewContext context, RecordTable<kmem_cache_record>.Visitor visit)
    {
        using var walk = new RecordWalk<kmem_cache_record>(context, context.Iterators.KmemCaches.Create(IteratorParameter.None));
        while (walk.MoveNext()) visit(walk.Current);
        return walk.Errno;
    }
}
