using Iterators;

namespace BpfFs.View;

/// <summary>
/// One walk over all records of an iterator: creates it, reads it, gives back what it used. <see cref="Errno"/> tells after the last record
/// how it ended. Nothing is allocated.
/// </summary>
internal ref struct RecordWalk<T> : IDisposable
    where T : unmanaged
{
    private readonly ViewContext _context;
    private readonly ReadBuffer _buffer;
    private Fd _iterator;
    private RecordReader<T> _reader;

    public RecordWalk(ViewContext context, IRecordSource source)
        : this(context, source.Create())
    {
    }

    /// <summary>Takes over an iterator, or the errno that it could not be made with.</summary>
    public RecordWalk(ViewContext context, Fd iterator)
    {
        _context = context;
        _buffer = context.ReadBuffers.Rent();
        _iterator = iterator;
        _reader = new RecordReader<T>(_iterator, _buffer.Span);
    }

    /// <summary>0, or why the iterator could not be made or read to its end.</summary>
    public readonly int Errno => _iterator.Errno != 0 ? _iterator.Errno : _reader.Errno;

    /// <summary>The record; valid until the next <see cref="MoveNext"/>.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ref readonly T Current => ref _reader.Current;

    /// <summary>Goes to the next record; false at the end or on an error.</summary>
    public bool MoveNext() => _iterator.Errno == 0 && _reader.MoveNext();

    public void Dispose()
    {
        _iterator.Dispose();
        _context.ReadBuffers.Return(_buffer);
    }
}
