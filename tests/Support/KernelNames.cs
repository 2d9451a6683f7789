using System.Text;

namespace Support;

/// <summary>Whether the kernel has a type, function or enumerator of some name, as its BTF tells. For tests only.</summary>
public static class KernelNames
{
    /// <summary>Of the kernel, and of its module for FUSE where it is one.</summary>
    private static readonly Lazy<byte[][]> s_btf = new(() => [.. ((string[])["/sys/kernel/btf/vmlinux", "/sys/kernel/btf/fuse"]).Where(File.Exists).Select(File.ReadAllBytes)]);

    /// <summary>Whether to leave out a part of a test: the kernel has no such name, and is older than the first Linux that has it.</summary>
    public static bool Lacks(string name, string since) => KernelRelease.Skip(Has(name), name, since) is not null;

    /// <summary>Whether maps of hash kinds know how many elements they have (commit 25954730461a).</summary>
    public static bool HasElementCounts => !Lacks("bpf_map_sum_elem_count", "6.6");

    public static bool Has(string name) => s_btf.Value.Any(btf => btf.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0")) >= 0);
}
