using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Reads the records of one iterator in one network namespace, from its start as often as wanted. Memory: 64 KiB, of unix sockets up to 2 MiB. Keeps the namespace until it is
/// disposed, as an open file of /proc/net does. Not thread-safe.
/// </summary>
public sealed unsafe class NetReader<T> : IDisposable
    where T : unmanaged
{
    private const int BufferSize = 64 * 1024;
    private readonly NetNamespaces _namespaces;
    private readonly IteratorLink _link;
    private readonly UnixWalks? _walks;
    private readonly int _size;
    private readonly byte* _buffer;
    private uint _from;
    private int _ns, _iterator = -1;
    private int _start, _end;
    private bool _isDisposed;

    /// <param name="namespaces">Of the readers.</param>
    /// <param name="link">The iterator.</param>
    /// <param name="ns">From <see cref="NetNamespaces.Open"/>; closed with this.</param>
    /// <param name="walks">Where the iterator writes into a map instead of its output; else null.</param>
    internal NetReader(NetNamespaces namespaces, IteratorLink link, int ns, UnixWalks? walks)
    {
        _namespaces = namespaces;
        _link = link;
        _ns = ns;
        _walks = walks;
        _size = walks is null ? BufferSize : UnixWalks.OutputSize; // of which only what is written to becomes memory
        _buffer = (byte*)NativeMemory.Alloc((nuint)_size);
    }

    /// <summary>The record that <see cref="ReadNext"/> found; valid until the next call.</summary>
    public ref readonly T Current => ref Unsafe.AsRef<T>(_buffer + _start - sizeof(T));

    /// <summary>Goes back to the first; 0 or an errno.</summary>
    public int Restart()
    {
        Close(ref _iterator);
        _start = _end = 0;
        _from = 0;
        if (_walks is not null) return 0;
        using Fd fd = _namespaces.Create(_link, _ns);
        if (fd.Errno != 0) return fd.Errno;
        _iterator = fd.Disown();
        return 0;
    }

    /// <summary>Goes to the next record: 1, 0 at the end, or a negative errno.</summary>
    public int ReadNext()
    {
        int left = _end - _start;
        if (left < sizeof(T) && _walks is not null)
        {
            _start = _end = 0;
            int got = _walks.Next(_namespaces, _link, _ns, ref _from, new Span<byte>(_buffer, _size));
            if (got <= 0) return got;
            _end = got;
        }
        else if (left < sizeof(T))
        {
            new ReadOnlySpan<byte>(_buffer + _start, left).CopyTo(new Span<byte>(_buffer, _size));
            _start = 0;
            _end = left;
            while (_end < sizeof(T))
            {
                int got = IteratorFd.Read(_iterator, new Span<byte>(_buffer + _end, _size - _end));
                if (got <= 0) return got < 0 ? got : _end > 0 ? -LibC.EPROTO : 0;
                _end += got;
            }
        }
        _start += sizeof(T);
        return 1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isDisposed) return;
        _isDisposed = true;
        Close(ref _iterator);
        Close(ref _ns);
        NativeMemory.Free(_buffer);
    }

    private static void Close(ref int fd)
    {
        if (fd >= 0) LibC.close(fd);
        fd = -1;
    }
}
