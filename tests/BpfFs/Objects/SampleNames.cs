using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.Objects;

/// <summary>The names of a sample's functions: the second has none, a kernel function is a module's, and there are no more than three.</summary>
internal sealed class SampleNames : IProgNames
{
    public Fd OpenProg(uint id) => new(-EBADF);

    public int ReadProgName(in Fd prog, prog_name_kind kind, uint index, out one_prog_name_record record)
    {
        record = new one_prog_name_record { kind = kind, index = index };
        if (index > 2) return EMFILE;
        if (index == 1 && kind == prog_name_kind.PROG_NAME_FUNC) return ENOENT;
        Samples.Fill(record.name, kind == prog_name_kind.PROG_NAME_FUNC ? index == 0 ? "main"u8 : "helper_of_main"u8 : index == 0 ? "bpf_task_acquire"u8 : "in_module"u8);
        if (index == 1) Samples.Fill(record.module, "some_module"u8);
        return 0;
    }
}
