using System.Runtime.InteropServices;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// A BTF object as C declarations, type by type, by libbpf's btf_dump. Not thread-safe.
/// </summary>
public sealed unsafe class BtfDump : IDisposable
{
    /// <summary>Takes pieces of text.</summary>
    public delegate void Sink(ReadOnlySpan<byte> text);

    private readonly Sink _sink;
    private nint _base, _btf, _dump;
    private GCHandle _self;
    private byte* _text;
    private const int TextSize = 4096;

    private BtfDump(Sink sink) => _sink = sink;

    /// <summary>How many type ids there are; 0 is void.</summary>
    public uint Count { get; private set; }

    /// <summary>The first type id that is this object's own: a module's BTF builds on the kernel's.</summary>
    public uint First { get; private set; } = 1;

    /// <summary>Opens one; 0 or an errno: ELOOP where its types go in circles or too deep.</summary>
    public static int Open(uint id, Sink sink, out BtfDump? dump)
    {
        dump = null;
        Span<byte> name = stackalloc byte[64];
        int errno = BtfObjects.Read(id, out bpf_btf_info info, name);
        if (errno != 0) return errno;
        var opened = new BtfDump(sink);
        bool isModule = info.kernel_btf != 0 && !name.StartsWith("vmlinux\0"u8);
        errno = opened.Load(id, isModule, isTrusted: info.kernel_btf != 0);
        if (errno == 0) dump = opened;
        else opened.Dispose();
        return errno;
    }

    /// <summary>Writes the declaration of a type, and before it those it needs that were not yet written. 0 or an errno.</summary>
    public int DumpType(uint id) => -LibBpf.btf_dump__dump_type(_dump, id);

    /// <summary>Begins anew, as if nothing had been written. 0 or an errno.</summary>
    public int Restart()
    {
        if (_dump != 0) LibBpf.btf_dump__free(_dump);
        _dump = LibBpf.btf_dump__new(_btf, &Print, (void*)GCHandle.ToIntPtr(_self), null);
        return _dump == 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_dump != 0) LibBpf.btf_dump__free(_dump);
        if (_btf != 0) LibBpf.btf__free(_btf);
        if (_base != 0) LibBpf.btf__free(_base);
        if (_self.IsAllocated) _self.Free();
        NativeMemory.Free(_text);
        _dump = _btf = _base = 0;
        _text = null;
    }

    private int Load(uint id, bool isModule, bool isTrusted)
    {
        _self = GCHandle.Alloc(this);
        _text = (byte*)NativeMemory.Alloc((nuint)TextSize);
        if (isModule)
        {
            _base = LibBpf.btf__load_from_kernel_by_id(BtfObjects.KernelId);
            if (_base == 0) return Marshal.GetLastPInvokeError();
            First = LibBpf.btf__type_cnt(_base);
        }
        _btf = isModule ? LibBpf.btf__load_from_kernel_by_id_split(id, _base) : LibBpf.btf__load_from_kernel_by_id(id);
        if (_btf == 0) return Marshal.GetLastPInvokeError();
        int errno = CleanStrings();
        if (errno != 0) return errno;
        Count = LibBpf.btf__type_cnt(_btf);
        if (!isTrusted && !BtfNesting.IsBounded(_btf, First, Count)) return LibC.ELOOP;
        return Restart();
    }

    /// <summary>
    /// Names that nothing has checked would come out of libbpf as they are: see <see cref="BtfStrings"/>. What it gives is the memory that it reads itself,
    /// a copy of the kernel's, and nobody else's (btf__raw_data, tools/lib/bpf/btf.c).
    /// </summary>
    private int CleanStrings()
    {
        uint size;
        byte* raw = LibBpf.btf__raw_data(_btf, &size);
        if (raw == null) return LibC.ENOMEM;
        // struct btf_header: magic, version, flags, hdr_len, type_off, type_len, str_off, str_len; libbpf has checked it
        uint* header = (uint*)raw;
        BtfStrings.Clean(new Span<byte>(raw + header[1] + header[4], (int)header[5]));
        return 0;
    }

    private void Append(byte* format, void* args)
    {
        // A va_list is used up by one call: the first must be right. No piece is longer than a name and what stands around it.
        int length = Native.LibC.vsnprintf(_text, (nuint)TextSize, format, args);
        _sink(new ReadOnlySpan<byte>(_text, Math.Clamp(length, 0, TextSize - 1)));
    }

    [UnmanagedCallersOnly]
    private static void Print(void* context, byte* format, void* args) =>
        ((BtfDump)GCHandle.FromIntPtr((nint)context).Target!).Append(format, args);
}
