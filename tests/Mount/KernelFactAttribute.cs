namespace Mount.Tests;

/// <summary>A test of what only newer kernels have; where it must be there, it runs.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class KernelFactAttribute : FactAttribute
{
    /// <param name="name">What the kernel's BTF has if it has the feature.</param>
    /// <param name="feature">For a person.</param>
    /// <param name="since">The first Linux that has it.</param>
    public KernelFactAttribute(string name, string feature, string since) => Skip = KernelRelease.Skip(KernelNames.Has(name), feature, since);
}
