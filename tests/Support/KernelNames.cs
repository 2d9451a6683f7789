using System.Text;

namespace Support;

/// <summary>Whether the kernel has a type, function or enumerator of some name, as its BTF tells. For tests only.</summary>
public static class KernelNames
{
    private static readonly Lazy<byte[]> s_btf = new(() => File.ReadAllBytes("/sys/kernel/btf/vmlinux"));

    /// <summary>Whether to leave out a part of a test: the kernel has no such name, and is older than the first Linux that has it.</summary>
    public static bool Lacks(string name, string since) => KernelRelease.Skip(Has(name), name, since) is not null;

    public static bool Has(string name) => s_btf.Value.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0")) >= 0;
}
