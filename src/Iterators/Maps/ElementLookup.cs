using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// Reads the value of one key by BPF_MAP_LOOKUP_ELEM until two readings agree: others write into values while they are copied. Memory: one value, when first needed. Not thread-safe.
/// </summary>
/// <param name="map">The map's descriptor, which somebody else owns.</param>
/// <param name="layout">Of its elements.</param>
/// <param name="isPercpu">Whether an element has a value for each CPU. The kernel copies those word by word, and their CPUs may change them faster than anyone can read all.</param>
/// <param name="room">How many bytes the kernel may write, where that may be more than an element has by the layout; else 0.</param>
internal sealed unsafe class ElementLookup(int map, ElementLayout layout, bool isPercpu, long room = 0) : IDisposable
{
    private const int Readings = 1000, PercpuReadings = 16;
    private readonly int _size = (int)(layout.EndOffset - layout.ValueOffset);
    private byte* _second;
    private bool* _agreed; // one for each CPU
    private byte* _room;

    public int Map => map;

    public ElementLayout Layout => layout;

    public bool IsPercpu => isPercpu;

    /// <summary>Whether values are numbers that the kernel makes of its own references: they are never half written.</summary>
    public bool IsReference { get; init; }

    /// <summary>Whether a value may be copied while it is half written. A word is written at once.</summary>
    public bool CanTear => !IsReference && (!isPercpu || layout.ValueSize > sizeof(ulong));

    /// <summary>
    /// Reads the value of an element whose key is there. 0 or an errno; ENOENT: it is gone; EBUSY: it changed in every one of many readings. A CPU's value that does so is left as the
    /// kernel copied it.
    /// </summary>
    public int Read(byte* element)
    {
        int error = LookUp(element, element + layout.ValueOffset);
        return error < 0 ? -error : CanTear ? Confirm(element, default) : 0;
    }

    /// <summary>
    /// Makes sure of an element that was read once, and of whose value there may be another reading. The values of different CPUs are different values, so each has to agree with
    /// itself. 0 or an errno, as <see cref="Read"/>.
    /// </summary>
    public int Confirm(byte* element, ReadOnlySpan<byte> second)
    {
        byte* first = element + layout.ValueOffset;
        if (_second is null)
        {
            // bpf_percpu_hash_copy and bpf_percpu_array_copy give all CPUs' values, each filled up to 8 bytes; others give just the value
            _second = (byte*)NativeMemory.AllocZeroed((nuint)_size);
            _agreed = (bool*)NativeMemory.Alloc((nuint)layout.Cpus);
        }
        new Span<bool>(_agreed, layout.Cpus).Clear();
        second.CopyTo(new Span<byte>(_second, _size));
        if (second.Length > 0 && Agree(first, _second)) return 0;
        for (int reading = 0; reading < (isPercpu ? PercpuReadings : Readings); reading++)
        {
            int error = LookUp(element, _second);
            if (error < 0) return -error;
            if (Agree(first, _second)) return 0;
        }
        return isPercpu ? 0 : LibC.EBUSY;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_second);
        NativeMemory.Free(_agreed);
        NativeMemory.Free(_room);
        _second = null;
        _room = null;
        _agreed = null;
    }

    private int LookUp(byte* element, byte* to)
    {
        byte* key = layout.KeySize == 0 ? null : element;
        if (room == 0) return LibBpf.bpf_map_lookup_elem(map, key, to);
        if (_room is null) _room = (byte*)NativeMemory.AllocZeroed((nuint)Math.Max(room, _size));
        int error = LibBpf.bpf_map_lookup_elem(map, key, _room);
        if (error >= 0) Buffer.MemoryCopy(_room, to, _size, _size);
        return error;
    }

    /// <summary>Whether each CPU's value agrees by now; one that does not becomes what was read last.</summary>
    private bool Agree(byte* first, byte* second)
    {
        bool all = true;
        int stride = layout.ValueStride;
        for (int cpu = 0; cpu < layout.Cpus; cpu++, first += stride, second += stride)
        {
            if (_agreed[cpu]) continue;
            Span<byte> value = new(first, stride);
            ReadOnlySpan<byte> again = new(second, stride);
            _agreed[cpu] = value.SequenceEqual(again);
            if (_agreed[cpu]) continue;
            again.CopyTo(value);
            all = false;
        }
        return all;
    }
}
