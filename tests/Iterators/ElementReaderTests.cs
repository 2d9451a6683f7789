using Support;
using Kind = Support.MapType;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

/// <summary>As the view reads them on this kernel.</summary>
public sealed class ElementReaderTests(LoadedSet loaded) : ElementReaderTestsBase, IClassFixture<LoadedSet>
{
    private IteratorSet Set => loaded.Set;

    [RootFact("bpf_map_elem")]
    public void An_iterator_whose_one_element_exceeds_the_kernels_buffer_is_E2BIG()
    {
        using BpfMap map = BpfMap.Create("e2big", Kind.Array, 4, 40 * 1024, 2);
        using Fd fd = Set.Elements.Create(new Fd(map.Fd));
        Assert.Equal(0, fd.Errno);
        Assert.Equal(-LibC.E2BIG, IteratorFd.Read(fd.Value, new byte[128 * 1024]));
        using Fd again = Set.Elements.Create(new Fd(map.Fd));
        var reader = new RecordReader<element_end_record>(again, new byte[128 * 1024]);
        Assert.False(reader.MoveNext());
        Assert.Equal(LibC.E2BIG, reader.Errno);
    }

    private protected override int Open(uint mapId, out ElementReader? reader) => ElementReader.Open(Set, mapId, out reader);

    private protected override void Prepare() => _ = Set;
}
