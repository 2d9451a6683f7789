using static Tmds.Linux.LibC;

namespace Fuse.Tests;

/// <summary>A test that mounts.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if ((uint)geteuid() != 0) Skip = "mount(2) needs root";
        else if (!File.Exists("/dev/fuse")) Skip = "no /dev/fuse";
    }
}

/// <summary>A test that mounts over io_uring: skipped before Linux 6.14; a later kernel without it fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RingFactAttribute : FactAttribute
{
    public RingFactAttribute() => Skip = new RootFactAttribute().Skip ?? RingTheoryAttribute.Reason;
}

/// <summary>The same with data.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RingTheoryAttribute : TheoryAttribute
{
    public RingTheoryAttribute() => Skip = new RootFactAttribute().Skip ?? Reason;

    internal static string? Reason => Support.KernelRelease.Skip(Support.RingSwitch.IsThere, "FUSE over io_uring", "6.14");
}
