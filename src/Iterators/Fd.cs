using System.Diagnostics.CodeAnalysis;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Owns one file descriptor for the length of a scope, without allocating. Negative values are a failed call's -errno and own nothing.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "a ref struct is disposed by `using`")]
public ref struct Fd
{
    private int _fd;

    /// <summary>Takes over <paramref name="fd"/>.</summary>
    public Fd(int fd) => _fd = fd;

    /// <summary>The descriptor, or a negative errno.</summary>
    public readonly int Value => _fd;

    /// <summary>0, or the errno of the call that should have made the descriptor.</summary>
    public readonly int Errno => _fd < 0 ? -_fd : 0;

    /// <summary>Gives the descriptor away: the caller closes it.</summary>
    public int Disown()
    {
        int fd = _fd;
        _fd = -LibC.EBADF;
        return fd;
    }

    /// <summary>Closes the descriptor.</summary>
    public void Dispose()
    {
        if (_fd >= 0) LibC.close(_fd);
        _fd = -LibC.EBADF;
    }
}
