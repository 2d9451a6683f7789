using System.Runtime.InteropServices;

namespace RecordGen;

/// <summary>The BTF of one object file. Reads each type into a <see cref="CType"/> and declares what it meets on the way.</summary>
internal sealed unsafe class BtfObject : IDisposable
{
    private readonly SafeBtfHandle _btf;
    private readonly string _path;
    private readonly Dictionary<uint, Declaration> _declared = [];

    private BtfObject(SafeBtfHandle btf, string path)
    {
        _btf = btf;
        _path = path;
    }

    public static BtfObject Open(string path)
    {
        // libbpf says several lines of its own about a file it does not like
        LibBpf.libbpf_set_print(0);
        if (!File.Exists(path))
        {
            throw new RecordGenException(Directory.Exists(path) ? $"{path}: is a directory" : $"{path}: no such file");
        }

        nint btf = LibBpf.btf__parse_elf(path, 0);
        int error = Marshal.GetLastPInvokeError();
        if (btf == 0)
        {
            throw new RecordGenException($"{path}: {Describe(error)}");
        }

        return new BtfObject(new SafeBtfHandle(btf), path);
    }

    public void Dispose() => _btf.Dispose();

    /// <summary>Every record and *_flags enum of the object, and every struct and enum that a record's members need.</summary>
    /// <param name="incomplete">Takes the names of records that the object mentions but whose members its BTF lacks.</param>
    public IReadOnlyCollection<Declaration> Declarations(ISet<string> incomplete)
    {
        uint count = LibBpf.btf__type_cnt(_btf);
        for (uint id = 1; id < count; id++)
        {
            btf_type* type = Type(id);
            string name = Name(type->name_off);
            bool isRecord = name.EndsWith("_record", StringComparison.Ordinal);
            switch (type->Kind)
            {
                case BtfKind.Struct when isRecord:
                    Struct(id, type, name);
                    break;
                case BtfKind.Union when isRecord:
                    throw Error($"union {name}: a record must be a struct");
                case BtfKind.Fwd when isRecord:
                    incomplete.Add(name);
                    break;
                case BtfKind.Enum or BtfKind.Enum64 when name.EndsWith("_flags", StringComparison.Ordinal):
                    Enum(id, type, name);
                    break;
                default:
                    break;
            }
        }

        return _declared.Values;
    }

    private CStruct Struct(uint id, btf_type* type, string name)
    {
        if (_declared.TryGetValue(id, out Declaration? known))
        {
            return (CStruct)known;
        }

        if (type->VLen == 0)
        {
            throw Error($"struct {name}: has no members");
        }

        var members = new List<CMember>();
        var member = (btf_member*)(type + 1);
        for (int i = 0; i < type->VLen; i++, member++)
        {
            string of = $"struct {name}, member {Name(member->name_off)}";
            if (member->name_off == 0)
            {
                throw Error($"struct {name}: member {i + 1} has no name");
            }

            // with the kind flag, the offset's upper byte is a bitfield's width
            if ((type->KindFlag && member->offset >> 24 != 0) || member->offset % 8 != 0)
            {
                throw Error($"{of}: a bitfield has no C# counterpart");
            }

            uint bits = type->KindFlag ? member->offset & 0xffffff : member->offset;
            members.Add(new CMember(Name(member->name_off), (int)(bits / 8), TypeOf(member->type, of)));
        }

        var declaration = new CStruct(name, (int)type->size_or_type, members);
        _declared.Add(id, declaration);
        return declaration;
    }

    private CType TypeOf(uint id, string of)
    {
        btf_type* type = Type(id);
        string name = Name(type->name_off);
        switch (type->Kind)
        {
            case BtfKind.Typedef or BtfKind.Const or BtfKind.Volatile or BtfKind.TypeTag:
                return TypeOf(type->size_or_type, of);
            case BtfKind.Int:
                return Int((int)type->size_or_type, name, *(uint*)(type + 1), of);
            case BtfKind.Array:
                var array = (btf_array*)(type + 1);
                return array->nelems == 0
                    ? throw Error($"{of}: an array without a length")
                    : new ArrayOf(TypeOf(array->type, of), (int)array->nelems);
            case BtfKind.Struct or BtfKind.Enum or BtfKind.Enum64 when name.Length == 0:
                throw Error($"{of}: its struct or enum needs a name");
            case BtfKind.Struct:
                CStruct nested = Struct(id, type, name);
                return new Named($"struct {name}", name, nested.Size, nested.IsPacked ? 1 : nested.Align);
            case BtfKind.Enum or BtfKind.Enum64:
                CEnum constants = Enum(id, type, name);
                return new Named($"enum {name}", name, constants.Size, constants.Size);
            default:
                throw Error($"{of}: a {type->Kind} cannot be in a record");
        }
    }

    private Scalar Int(int size, string name, uint encoding, string of)
    {
        bool isSigned = (encoding & (1 << 24)) != 0;
        if (name == "char")
        {
            return new Scalar("char", "byte", "char", 1);
        }

        // _Bool too becomes a byte: a C# bool other than 0 and 1 breaks comparisons
        string tag = $"{(isSigned ? 's' : 'u')}{size * 8}";
        string? csharp = tag switch
        {
            "u8" => "byte",
            "s8" => "sbyte",
            "u16" => "ushort",
            "s16" => "short",
            "u32" => "uint",
            "s32" => "int",
            "u64" => "ulong",
            "s64" => "long",
            _ => null,
        };
        return csharp is null ? throw Error($"{of}: {name} has {size} bytes") : new Scalar($"__{tag}", csharp, tag, size);
    }

    private CEnum Enum(uint id, btf_type* type, string name)
    {
        if (_declared.TryGetValue(id, out Declaration? known))
        {
            return (CEnum)known;
        }

        var constants = new List<(string, string)>();
        bool isSigned = type->KindFlag;
        if (type->Kind == BtfKind.Enum)
        {
            // clang before 15 leaves the kind flag clear even for signed enums, so a value below 0 decides
            var constant = (btf_enum*)(type + 1);
            for (int i = 0; i < type->VLen; i++)
            {
                isSigned |= constant[i].val < 0;
            }

            for (int i = 0; i < type->VLen; i++)
            {
                constants.Add((Name(constant[i].name_off), isSigned ? $"{constant[i].val}" : $"{(uint)constant[i].val}"));
            }
        }
        else
        {
            var constant = (btf_enum64*)(type + 1);
            for (int i = 0; i < type->VLen; i++)
            {
                ulong value = ((ulong)constant[i].val_hi32 << 32) | constant[i].val_lo32;
                constants.Add((Name(constant[i].name_off), isSigned ? $"{(long)value}" : $"{value}"));
            }
        }

        int size = (int)type->size_or_type;
        string csharpBase = Int(size, name, isSigned ? 1u << 24 : 0, $"enum {name}").CSharp;
        var declaration = new CEnum(name, size, csharpBase, constants);
        _declared.Add(id, declaration);
        return declaration;
    }

    // Points into memory that libbpf keeps until the handle is released; ids come from this BTF, so they are never out of range.
    private btf_type* Type(uint id) => LibBpf.btf__type_by_id(_btf, id);

    private string Name(uint offset) => Marshal.PtrToStringUTF8((nint)LibBpf.btf__name_by_offset(_btf, offset)) ?? "";

    private RecordGenException Error(string message) => new($"{_path}: {message}");

    private static string Describe(int error) => error switch
    {
        // libbpf's own numbers start at 4000: LIBELF, FORMAT
        4000 or 4001 => "not an ELF object",
        // ENOENT is about the section, for the file is there; newer libbpf says ENODATA
        2 or 61 => "has no BTF (compile it with -g)",
        22 => "its BTF is malformed",
        _ => Marshal.GetPInvokeErrorMessage(error),
    };
}
