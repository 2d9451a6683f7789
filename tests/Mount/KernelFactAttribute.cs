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

/// <summary>A test of what an iterator gives; skipped, with the kernel's reason, where the kernel refuses every program of the target.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class IteratorFactAttribute : FactAttribute
{
    /// <param name="targets">As in <c>SEC("iter/TARGET")</c>.</param>
    public IteratorFactAttribute(params string[] targets) => Skip = targets.Select(KernelRefuses.Iterator).FirstOrDefault(reason => reason is not null);
}

/// <summary>A test of a view whose server is killed and whose readers do not notice.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class ResendFactAttribute : FactAttribute
{
    public ResendFactAttribute() => Skip = Reason;

    /// <summary>Why the kernel does not send again what a killed server was asked; null: it does, or should.</summary>
    public static string? Reason => KernelRelease.Skip(KernelNames.Has("FUSE_NOTIFY_RESEND"), "FUSE_NOTIFY_RESEND", "6.9");
}
