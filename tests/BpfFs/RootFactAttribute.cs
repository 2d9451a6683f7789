using static Tmds.Linux.LibC;

namespace BpfFs.Tests;

/// <summary>A test that loads BPF.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if ((uint)geteuid() != 0) Skip = "bpf(2) needs root";
    }
}
