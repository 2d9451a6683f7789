using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// A BTF object as C declarations, type by type, by libbpf's btf_dump; what newer versions of it write otherwise than 1.1 is put right. Not thread-safe.
/// </summary>
public sealed unsafe class BtfDump : IDisposable
{
    /// <summary>Takes pieces of text.</summary>
    public delegate void Sink(ReadOnlySpan<byte> text);

    private readonly Sink _sink;
    private nint _btf, _dump;
    private GCHandle _self;
    private byte* _text;
    private const int TextSize = 4096;
    private BtfChange[] _changes = [];
    private int _told; // of the changes
    private bool _hasOpened; // the parenthesis of a prototype's parameters

    private BtfDump(Sink sink) => _sink = sink;

    /// <summary>How many type ids there are; 0 is void.</summary>
    public uint Count { get; private set; }

    /// <summary>The first type id that is this object's own: a module's BTF builds on the kernel's.</summary>
    public uint First { get; private set; } = 1;

    /// <summary>Opens a BTF object; 0 or an errno: ELOOP where its types go in circles or too deep, EOPNOTSUPP where it has a kind of which nobody knows how long it is.</summary>
    public static int Open(uint id, Sink sink, out BtfDump? dump)
    {
        dump = null;
        Span<byte> name = stackalloc byte[64];
        int errno = BtfObjects.Read(id, out bpf_btf_info info, name);
        if (errno != 0) return errno;
        bool isModule = info.kernel_btf != 0 && !name.StartsWith("vmlinux\0"u8);
        using BtfBytes? own = BtfBytes.TryLoad(id, out errno);
        if (errno != 0) return errno;
        using BtfBytes? kernels = isModule ? BtfBytes.TryLoad(BtfObjects.KernelId, out errno) : null;
        return errno != 0 ? errno : Open(own!, kernels, info.kernel_btf != 0, sink, out dump);
    }

    /// <summary>The same of BTF as it stands in a .BTF section.</summary>
    /// <param name="btf">The section's bytes.</param>
    /// <param name="baseBtf">What it builds on; empty: nothing.</param>
    /// <param name="sink">As above.</param>
    /// <param name="dump">As above.</param>
    public static int Open(ReadOnlySpan<byte> btf, ReadOnlySpan<byte> baseBtf, Sink sink, out BtfDump? dump)
    {
        using BtfBytes own = new(btf.Length), under = new(baseBtf.Length);
        btf.CopyTo(own.Span);
        baseBtf.CopyTo(under.Span);
        return Open(own, baseBtf.IsEmpty ? null : under, isTrusted: false, sink, out dump);
    }

    private static int Open(BtfBytes own, BtfBytes? under, bool isTrusted, Sink sink, out BtfDump? dump)
    {
        dump = new BtfDump(sink);
        int errno = dump.Load(own, under, isTrusted);
        if (errno == 0) return 0;
        dump.Dispose();
        dump = null;
        return errno;
    }

    /// <summary>Writes the declaration of a type, and before it those it needs that were not yet written. 0 or an errno.</summary>
    public int DumpType(uint id)
    {
        for (; _told < _changes.Length && _changes[_told].Id <= id; _told++) Tell(_changes[_told]);
        return -LibBpf.btf_dump__dump_type(_dump, id);
    }

    /// <summary>Begins anew, as if nothing had been written. 0 or an errno.</summary>
    public int Restart()
    {
        if (_dump != 0) LibBpf.btf_dump__free(_dump);
        _told = 0;
        _hasOpened = false;
        _dump = LibBpf.btf_dump__new(_btf, &Print, (void*)GCHandle.ToIntPtr(_self), null);
        return _dump == 0 ? Marshal.GetLastPInvokeError() : 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_dump != 0) LibBpf.btf_dump__free(_dump);
        if (_btf != 0) LibBpf.btf__free(_btf);
        if (_self.IsAllocated) _self.Free();
        NativeMemory.Free(_text);
        _dump = _btf = 0;
        _text = null;
    }

    private int Load(BtfBytes own, BtfBytes? under, bool isTrusted)
    {
        _self = GCHandle.Alloc(this);
        _text = (byte*)NativeMemory.Alloc((nuint)TextSize);
        // Names that nothing has checked would come out of libbpf as they are
        BtfStrings.CleanIn(own.Span);
        if (under is not null) BtfStrings.CleanIn(under.Span);
        var form = new BtfForLibBpf(own.Span, under is null ? default : under.Span, marksAttributes: true);
        int errno = form.Plan();
        if (errno != 0) return errno;
        First = form.First;
        _changes = form.Changes.ToArray();
        if (!form.IsNeeded) return Load(own, isTrusted);
        using BtfBytes written = new(form.Size);
        form.Write(written.Span);
        return Load(written, isTrusted);
    }

    private int Load(BtfBytes bytes, bool isTrusted)
    {
        if (!isTrusted)
        {
            using Btf? types = Btf.TryParse(bytes.Span, out int errno);
            if (types is null) return errno;
            if (!types.IsComplete()) return LibC.EBADMSG; // the kernel has seen to it
            if (!BtfNesting.IsBounded(types, First)) return LibC.ELOOP;
        }
        _btf = LibBpf.btf__new(bytes.Start, (uint)bytes.Span.Length);
        if (_btf == 0) return Marshal.GetLastPInvokeError();
        Count = LibBpf.btf__type_cnt(_btf);
        return Restart();
    }

    private void Append(byte* format, void* args)
    {
        // Without parameters there is nothing between the two parentheses: since 1.5 libbpf writes the void, without which C takes any.
        if (_hasOpened && Is(format, (byte)')')) _sink("void"u8);
        _hasOpened = Is(format, (byte)'(');
        // A va_list is used up by one call: the first must be right. No piece is longer than a name and what stands around it.
        int length = Native.LibC.vsnprintf(_text, (nuint)TextSize, format, args);
        ReadOnlySpan<byte> text = new(_text, Math.Clamp(length, 0, TextSize - 1));
        if (text.StartsWith(TagStart) && text[TagStart.Length..].EndsWith(TagEnd))
        {
            _sink(" __attribute__(("u8);
            _sink(text[TagStart.Length..^TagEnd.Length]);
            text = "))"u8;
        }
        _sink(text);
    }

    /// <summary>A type tag that has <see cref="BtfForLibBpf.AttributeMark"/>, and what of it is not its name.</summary>
    private static ReadOnlySpan<byte> TagStart => " __attribute__((btf_type_tag(\"\u0001"u8;

    private static ReadOnlySpan<byte> TagEnd => "\")))"u8;

    private static bool Is(byte* format, byte character) => format[0] == character && format[1] == 0;

    private void Tell(in BtfChange change) => _sink(Encoding.ASCII.GetBytes(change.Kind > BtfKind.Enum64
        ? $"/* BTF type {change.Id} is of kind {(int)change.Kind}, which this version does not know: where it is used, its name stands alone */\n\n"
        : $"/* BTF type {change.Id} has {change.Length} members, of which the first {BtfForLibBpf.MostMembers} are here */\n\n"));

    [UnmanagedCallersOnly]
    private static void Print(void* context, byte* format, void* args) =>
        ((BtfDump)GCHandle.FromIntPtr((nint)context).Target!).Append(format, args);
}
