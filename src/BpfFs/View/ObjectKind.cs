using BpfFs.Rendering;

namespace BpfFs.View;

/// <summary>Sees objects, one after the other, in one pass over the kernel's.</summary>
internal interface IObjectVisitor
{
    /// <param name="id">Of the object.</param>
    /// <param name="loadTime">Nanoseconds since boot; 0: not known.</param>
    /// <param name="type">By number.</param>
    /// <param name="name">May be empty.</param>
    /// <param name="tag">Of a program; else empty.</param>
    void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag);
}

/// <summary>A kind of BPF object that nodes are about.</summary>
internal abstract class ObjectKind
{
    /// <summary>The directory at the root: <c>progs</c>.</summary>
    public abstract string Plural { get; }

    /// <summary>Whether the object exists, and when it was loaded (nanoseconds since boot; 0: not known). 0 or an errno.</summary>
    public abstract int Stat(ViewContext context, uint id, out ulong loadTime);

    /// <summary>The names of its types; null: it has none.</summary>
    public abstract EnumNames? Types { get; }

    /// <summary>Shows every object to a visitor; 0 or an errno.</summary>
    public abstract int Walk<TVisitor>(ViewContext context, ref TVisitor visitor)
        where TVisitor : struct, IObjectVisitor;

    /// <summary>Shows one object to a visitor; 0 or an errno.</summary>
    public abstract int VisitOne<TVisitor>(ViewContext context, uint id, ref TVisitor visitor)
        where TVisitor : struct, IObjectVisitor;

    /// <summary>
    /// Reads the object once for all that this thread renders of it until the result is disposed: a listing wants every file of one object.
    /// </summary>
    public static HeldReading Hold()
    {
        if (t_held++ == 0) t_holding++; // what was read before is not of this holding
        return default;
    }

    /// <summary>Whether what this thread read last may still be used.</summary>
    public static bool IsHeld => t_held > 0;

    [ThreadStatic]
    private static int t_held;

    /// <summary>Counts the holdings of this thread, so that a reading is not used beyond them.</summary>
    [ThreadStatic]
    private static uint t_holding;

    /// <summary>Which holding this is.</summary>
    internal static uint Holding => t_holding;

    /// <summary>The length of <see cref="Hold"/>.</summary>
    internal readonly ref struct HeldReading
    {
        [System.Diagnostics.CodeAnalysis.SuppressMessage("Performance", "CA1822", Justification = "`using` calls it on the instance")]
        public void Dispose() => t_held--;
    }
}

/// <summary>What this thread last read of a kind of object: it may be used again for the same object within one holding.</summary>
internal class Reading<T>
    where T : struct
{
    public T Value;
    private uint _id, _holding;
    private bool _isValid;

    /// <summary>Whether it is of this object, and of the holding that this thread is in.</summary>
    public bool Has(uint id) => ObjectKind.IsHeld && _isValid && _id == id && _holding == ObjectKind.Holding;

    /// <summary>Notes what a reading came to, and gives its errno back.</summary>
    public int Took(uint id, int errno)
    {
        _isValid = errno == 0;
        _id = id;
        _holding = ObjectKind.Holding;
        return errno;
    }

    /// <summary>The value was used for something else.</summary>
    public void Drop() => _isValid = false;
}
