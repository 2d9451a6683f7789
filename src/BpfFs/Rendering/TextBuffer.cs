using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace BpfFs.Rendering;

/// <summary>
/// The bytes of a file while it is rendered and read: native memory that grows, is used again, and goes back to the system when it was
/// large. Numbers and text are appended as UTF-8 without allocating; <see cref="Json"/> writes into the same bytes.
/// </summary>
internal sealed unsafe class TextBuffer : MemoryManager<byte>, IBufferWriter<byte>
{
    private const int KeptCapacity = 64 * 1024; // what Clear keeps: most files are smaller
    private byte* _start;
    private int _capacity;
    private Utf8JsonWriter? _json;

    /// <summary>How many bytes are written.</summary>
    public int Length { get; private set; }

    /// <summary>What is written.</summary>
    public ReadOnlySpan<byte> Written => new(_start, Length);

    /// <summary>What is written, to change in place.</summary>
    public Span<byte> WrittenSpan => new(_start, Length);

    /// <summary>A JSON writer at the end of what is written; the caller flushes it.</summary>
    public Utf8JsonWriter StartJson()
    {
        if (_json is null) _json = new Utf8JsonWriter((IBufferWriter<byte>)this, new JsonWriterOptions { SkipValidation = true });
        else _json.Reset((IBufferWriter<byte>)this);
        return _json;
    }

    /// <summary>Forgets what is written.</summary>
    public void Clear()
    {
        Length = 0;
        if (_capacity <= KeptCapacity) return;
        NativeMemory.Free(_start);
        _start = null;
        _capacity = 0;
    }

    /// <summary>Forgets all beyond the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Room for at least <paramref name="size"/> more bytes; <see cref="Advance"/> makes them part of what is written.</summary>
    public Span<byte> Room(int size)
    {
        Reserve(size);
        return new Span<byte>(_start + Length, _capacity - Length);
    }

    /// <inheritdoc/>
    public void Advance(int count) => Length += count;

    Memory<byte> IBufferWriter<byte>.GetMemory(int sizeHint)
    {
        Reserve(Math.Max(sizeHint, 256));
        return CreateMemory(Length, _capacity - Length);
    }

    Span<byte> IBufferWriter<byte>.GetSpan(int sizeHint) => Room(Math.Max(sizeHint, 256));

    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    public void Append(byte value)
    {
        Reserve(1);
        _start[Length++] = value;
    }

    public void Append(ulong value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out int written);
        Length += written;
    }

    public void Append(long value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out int written);
        Length += written;
    }

    /// <summary>The number with its last <paramref name="decimals"/> digits behind the point.</summary>
    public void AppendDecimal(ulong value, int decimals)
    {
        ulong unit = 1;
        for (int i = 0; i < decimals; i++) unit *= 10;
        Append(value / unit);
        Append((byte)'.');
        Utf8Formatter.TryFormat(value % unit, Room(20), out int written, new StandardFormat('D', (byte)decimals));
        Length += written;
    }

    public void AppendHex(ulong value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out int written, 'x');
        Length += written;
    }

    /// <summary>Each byte as two hex digits, with <paramref name="separator"/> between them unless it is 0.</summary>
    public void AppendHex(ReadOnlySpan<byte> bytes, byte separator = 0)
    {
        ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
        int width = separator == 0 ? 2 : 3;
        Span<byte> room = Room((bytes.Length * width) + 1);
        int at = 0;
        foreach (byte b in bytes)
        {
            room[at] = digits[b >> 4];
            room[at + 1] = digits[b & 15];
            if (separator != 0) room[at + 2] = separator;
            at += width;
        }
        Length += at - (separator != 0 && at > 0 ? 1 : 0);
    }

    /// <summary>Spaces up to column <paramref name="column"/>, counted from <paramref name="lineStart"/>; at least none.</summary>
    public void PadTo(int lineStart, int column)
    {
        int spaces = lineStart + column - Length;
        if (spaces <= 0) return;
        Room(spaces)[..spaces].Fill((byte)' ');
        Length += spaces;
    }

    /// <summary>The number right-aligned in <paramref name="width"/> columns.</summary>
    public void AppendRight(ulong value, int width)
    {
        Span<byte> digits = stackalloc byte[20];
        Utf8Formatter.TryFormat(value, digits, out int length);
        PadTo(Length, width - length);
        Append(digits[..length]);
    }

    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(_start, _capacity);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0) => new(_start + elementIndex); // native memory does not move; Reserve is not called meanwhile

    /// <inheritdoc/>
    public override void Unpin() { }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        NativeMemory.Free(_start);
        _start = null;
        _capacity = 0;
        Length = 0;
    }

    private void Reserve(int size)
    {
        if (_capacity - Length >= size) return;
        long wanted = Math.Max((long)Length + size, Math.Min(Math.Max(4096, _capacity * 2L), int.MaxValue));
        if (wanted > int.MaxValue) throw new InvalidOperationException("a file's contents exceed 2 GiB");
        _start = (byte*)NativeMemory.Realloc(_start, (nuint)wanted);
        _capacity = (int)wanted;
    }
}
