using System.Text;

namespace Support;

/// <summary>Whether the kernel has a type or function of some name, as its BTF tells. For tests only.</summary>
public static class KernelNames
{
    private static readonly Lazy<byte[]> s_btf = new(() => File.ReadAllBytes("/sys/kernel/btf/vmlinux"));

    public static bool Has(string name) => s_btf.Value.AsSpan().IndexOf(Encoding.ASCII.GetBytes($"\0{name}\0")) >= 0;
}
