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
