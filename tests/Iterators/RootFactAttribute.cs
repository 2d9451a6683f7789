using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

/// <summary>A test that loads BPF.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if ((uint)LibC.geteuid() != 0) Skip = "bpf(2) needs root";
    }
}
