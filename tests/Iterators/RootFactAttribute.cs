using Support;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

/// <summary>A test that loads BPF.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    /// <param name="targets">Iterators that it cannot do without: it is skipped, with the kernel's reason, where the kernel refuses every program of one.</param>
    public RootFactAttribute(params string[] targets) =>
        Skip = (uint)LibC.geteuid() != 0 ? "bpf(2) needs root" : targets.Select(KernelRefuses.Iterator).FirstOrDefault(reason => reason is not null);
}
