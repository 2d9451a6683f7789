using System.Runtime.InteropServices;
using Iterators.Native;

namespace Iterators;

/// <summary>The libbpf that is linked in, or loaded.</summary>
public static unsafe class LibBpfInfo
{
    /// <summary>Its version, <c>1.1.2</c>.</summary>
    public static string Version => (Marshal.PtrToStringUTF8((nint)LibBpf.libbpf_version_string()) ?? "").TrimStart('v');
}
