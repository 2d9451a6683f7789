using System.ComponentModel;

namespace Support;

/// <summary>
/// What the running kernel refuses, asked by the smallest program of its kind and not by a version. A security module or a hardened kernel may refuse what it has.
/// For tests only.
/// </summary>
public static class KernelRefuses
{
    private static readonly Dictionary<string, string?> s_asked = [];

    /// <summary>The kernel's reason not to load an iterator over a target; null: it loads one.</summary>
    public static string? Iterator(string target)
    {
        lock (s_asked)
        {
            if (!s_asked.TryGetValue(target, out string? reason)) s_asked[target] = reason = Ask(target);
            return reason;
        }
    }

    private static string? Ask(string target)
    {
        if (!KernelNames.Has($"bpf_iter_{target}")) return $"this kernel has no iterator {target}";
        try
        {
            using BpfProgram program = Links.IterProgram("probe", target);
            return null;
        }
        catch (Win32Exception e)
        {
            return $"the kernel refuses iter/{target}: {new Win32Exception(e.NativeErrorCode).Message}";
        }
    }
}
