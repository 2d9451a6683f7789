using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.Objects;

/// <summary>The names of a sample's functions (the second has none, and there are no more than three) and maps (those with odd ids have one).</summary>
internal sealed class SampleFunctions : IProgFunctions
{
    public Fd OpenProg(uint id) => new(-EBADF);

    public int ReadFunction(in Fd prog, uint index, out one_prog_func_record record)
    {
        record = new one_prog_func_record { index = index };
        if (index == 1) return ENOENT;
        if (index > 2) return EMFILE;
        Samples.Fill(record.name, index == 0 ? "main"u8 : "helper_of_main"u8);
        return 0;
    }

    public int ReadMap(uint id, out one_map_record record)
    {
        record = default;
        if (id % 2 == 0) return ENOENT;
        Samples.Fill(record.map.name, "odd"u8);
        return 0;
    }
}
