using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Reads records of one type from an iterator. The kernel hands out whole objects' output, but a read may end within a record: what is
/// left over is carried to the next. Nothing is allocated.
/// </summary>
/// <typeparam name="T">A record of bpf/records.h.</typeparam>
public unsafe ref struct RecordReader<T>
    where T : unmanaged
{
    private readonly int _fd;
    private readonly Span<byte> _buffer;
    private int _start, _end;

    /// <summary>A reader of the iterator <paramref name="fd"/>.</summary>
    /// <param name="fd">From <see cref="IteratorLink.Create"/>; the caller closes it.</param>
    /// <param name="buffer">At least one record; 32 KiB (bpf_seq_read's own buffer, 8 pages) or more reads fastest.</param>
    public RecordReader(scoped in Fd fd, Span<byte> buffer)
    {
        if (buffer.Length < sizeof(T)) throw new ArgumentException("the buffer is smaller than a record", nameof(buffer));
        _fd = fd.Value;
        _buffer = buffer;
    }

    /// <summary>
    /// 0 or the errno that ended the reading: E2BIG when one object's output exceeds the kernel's buffer, EPROTO when the output ended
    /// within a record.
    /// </summary>
    public int Errno { get; private set; }

    /// <summary>The record; valid until the next <see cref="MoveNext"/>.</summary>
    public readonly ref readonly T Current => ref MemoryMarshal.AsRef<T>(_buffer[(_start - sizeof(T))..]);

    /// <summary>Goes to the next record; false at the end or on an error.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        if (_end - _start < sizeof(T) && !Fill()) return false;
        _start += sizeof(T);
        return true;
    }

    private bool Fill()
    {
        if (Errno != 0) return false;
        int left = _end - _start;
        _buffer.Slice(_start, left).CopyTo(_buffer);
        _start = 0;
        _end = left;
        while (_end < sizeof(T))
        {
            int got = IteratorFd.Read(_fd, _buffer[_end..]);
            if (got <= 0)
            {
                Errno = got < 0 ? -got : _end > 0 ? LibC.EPROTO : 0;
                return false;
            }
            _end += got;
        }
        return true;
    }
}

/// <summary>read(2) on an iterator's descriptor.</summary>
public static unsafe class IteratorFd
{
    /// <summary>
    /// Bytes read, 0 at the end, or a negative errno. EAGAIN is retried: bpf_seq_read() gives it after 1,000,000 objects without output,
    /// so that a walk can be interrupted, and goes on from there.
    /// </summary>
    public static int Read(int fd, Span<byte> buffer)
    {
        fixed (byte* start = buffer)
        {
            while (true)
            {
                long got = (long)LibC.read(fd, start, buffer.Length);
                if (got >= 0) return (int)got;
                int errno = LibC.errno;
                if (errno != LibC.EAGAIN && errno != LibC.EINTR) return -errno;
            }
        }
    }
}
