using System.Runtime.InteropServices;

namespace Fuse;

/// <summary>Mounting or unmounting failed. The message is one line: <c>mount /mnt/x: Operation not permitted</c>.</summary>
public sealed class FuseException : Exception
{
    /// <summary>What was tried: "mount", "open".</summary>
    public string Operation { get; }

    /// <summary>On what: a path.</summary>
    public string Object { get; }

    /// <summary>The system's reason, or 0 when <see cref="Exception.Message"/> gives one that errno has no number for.</summary>
    public int Errno { get; }

    /// <summary>A system call failed.</summary>
    public FuseException(string operation, string @object, int errno)
        : this(operation, @object, errno, Marshal.GetPInvokeErrorMessage(errno)) { }

    /// <summary>Something is not as it has to be.</summary>
    public FuseException(string operation, string @object, int errno, string reason)
        : base($"{operation} {@object}: {reason}")
    {
        Operation = operation;
        Object = @object;
        Errno = errno;
    }
}
