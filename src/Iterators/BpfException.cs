using System.Runtime.InteropServices;

namespace Iterators;

/// <summary>A BPF call failed while loading, attaching or pinning: operation, object and cause in one line.</summary>
public sealed class BpfException : Exception
{
    /// <summary>What was tried, e.g. <c>pin</c>.</summary>
    public string Operation { get; }

    /// <summary>On what, e.g. a path or a program's name.</summary>
    public string Object { get; }

    /// <summary>What it came of.</summary>
    public string Cause { get; }

    /// <summary>The positive errno.</summary>
    public int Errno { get; }

    /// <summary>Somebody else than root could change what the path leads to.</summary>
    public bool IsOfOthers { get; init; }

    /// <summary>The last lines that the verifier or libbpf said; empty if they said nothing.</summary>
    public string Detail { get; }

    /// <summary>Makes the exception; the message is <c>operation object: cause</c>.</summary>
    public BpfException(string operation, string @object, int errno, string detail = "", string? cause = null)
        : base($"{operation} {@object}: {cause ?? CauseOf(errno)}")
    {
        Operation = operation;
        Object = @object;
        Errno = errno;
        Cause = cause ?? CauseOf(errno);
        Detail = detail;
    }

    private static unsafe string CauseOf(int errno)
    {
        const int ownErrors = 4000; // __LIBBPF_ERRNO__START: libbpf's own, which libc does not know
        if (errno < ownErrors) return Marshal.GetPInvokeErrorMessage(errno);
        byte* text = stackalloc byte[256];
        Native.LibBpf.libbpf_strerror(errno, text, 256);
        return Marshal.PtrToStringUTF8((nint)text) ?? "";
    }
}
