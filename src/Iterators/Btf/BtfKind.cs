namespace Iterators;

/// <summary>BTF_KIND_*, <c>&lt;linux/btf.h&gt;</c>.</summary>
public enum BtfKind
{
    /// <summary>void, type id 0.</summary>
    Void = 0,

    /// <summary>An integer.</summary>
    Int = 1,

    /// <summary>A pointer.</summary>
    Ptr = 2,

    /// <summary>An array.</summary>
    Array = 3,

    /// <summary>A struct.</summary>
    Struct = 4,

    /// <summary>A union.</summary>
    Union = 5,

    /// <summary>An enum of up to 32 bits.</summary>
    Enum = 6,

    /// <summary>A forward declaration.</summary>
    Fwd = 7,

    /// <summary>A typedef.</summary>
    Typedef = 8,

    /// <summary>volatile.</summary>
    Volatile = 9,

    /// <summary>const.</summary>
    Const = 10,

    /// <summary>restrict.</summary>
    Restrict = 11,

    /// <summary>A function.</summary>
    Func = 12,

    /// <summary>A function's prototype.</summary>
    FuncProto = 13,

    /// <summary>A variable.</summary>
    Var = 14,

    /// <summary>A section of variables, as the value of a .bss or .data map.</summary>
    Datasec = 15,

    /// <summary>A floating-point number.</summary>
    Float = 16,

    /// <summary>A tag on a declaration.</summary>
    DeclTag = 17,

    /// <summary>A tag on a type.</summary>
    TypeTag = 18,

    /// <summary>An enum of 64 bits.</summary>
    Enum64 = 19,
}
