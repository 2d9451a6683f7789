using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// When to try to load what is loaded when first wanted: once. After a failure for want of descriptors or memory, which a reader can bring about and which passes, once a second.
/// </summary>
internal struct LoadAttempt
{
    private const long Pause = 1000;
    private bool _isOver;
    private long _notBefore;

    /// <summary>Whether to try now; nobody else is then told to. Under the caller's lock.</summary>
    public bool TryBegin()
    {
        if (_isOver && (_notBefore == 0 || Environment.TickCount64 < _notBefore)) return false;
        _isOver = true;
        _notBefore = 0;
        return true;
    }

    /// <summary>It failed with this errno.</summary>
    public void Fail(int errno)
    {
        _notBefore = Passes(errno) ? Environment.TickCount64 + Pause : 0;
    }

    /// <summary>Whether an errno says nothing of the kernel, only of a moment.</summary>
    public static bool Passes(int errno) => errno == LibC.EMFILE || errno == LibC.ENFILE || errno == LibC.ENOMEM || errno == LibC.EAGAIN || errno == LibC.EINTR;

    /// <summary>There is nothing to try any more.</summary>
    public void End()
    {
        _isOver = true;
        _notBefore = 0;
    }
}
