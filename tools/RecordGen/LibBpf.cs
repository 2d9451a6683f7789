using System.Runtime.InteropServices;

namespace RecordGen;

/// <summary>The calls of libbpf that read BTF, under their own names (libbpf 1.0 or newer: a failing call returns NULL and sets errno).</summary>
internal static unsafe partial class LibBpf
{
    private const string Library = "libbpf.so.1";

    [LibraryImport(Library, SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint btf__parse_elf(string path, nint btf_ext);

    [LibraryImport(Library)]
    internal static partial void btf__free(nint btf);

    [LibraryImport(Library)]
    internal static partial uint btf__type_cnt(SafeBtfHandle btf);

    [LibraryImport(Library)]
    internal static partial btf_type* btf__type_by_id(SafeBtfHandle btf, uint type_id);

    [LibraryImport(Library)]
    internal static partial byte* btf__name_by_offset(SafeBtfHandle btf, uint offset);

    [LibraryImport(Library)]
    internal static partial nint libbpf_set_print(nint fn);
}

/// <summary>Owns a <c>struct btf</c>.</summary>
internal sealed class SafeBtfHandle : SafeHandle
{
    internal SafeBtfHandle(nint btf)
        : base(0, ownsHandle: true) => SetHandle(btf);

    public override bool IsInvalid => handle == 0;

    protected override bool ReleaseHandle()
    {
        LibBpf.btf__free(handle);
        return true;
    }
}

/// <summary>A type's head, from linux/btf.h; what follows it in memory depends on the kind.</summary>
internal struct btf_type
{
    public uint name_off;
    public uint info;
    public uint size_or_type;

    public readonly BtfKind Kind => (BtfKind)((info >> 24) & 0x1f);

    public readonly int VLen => (int)(info & 0xffff);

    public readonly bool KindFlag => info >> 31 != 0;
}

internal struct btf_array
{
    public uint type;
    public uint index_type;
    public uint nelems;
}

internal struct btf_member
{
    public uint name_off;
    public uint type;
    public uint offset;
}

internal struct btf_enum
{
    public uint name_off;
    public int val;
}

internal struct btf_enum64
{
    public uint name_off;
    public uint val_lo32;
    public uint val_hi32;
}

internal enum BtfKind
{
    Unknown,
    Int,
    Ptr,
    Array,
    Struct,
    Union,
    Enum,
    Fwd,
    Typedef,
    Volatile,
    Const,
    Restrict,
    Func,
    FuncProto,
    Var,
    DataSec,
    Float,
    DeclTag,
    TypeTag,
    Enum64,
}
