using System.Buffers.Text;
using BpfFs.Rendering;

namespace BpfFs.View;

/// <summary>
/// The entries of a directory that come and go: finds one by name, lists all. Both give 0 or a positive errno.
/// </summary>
internal abstract class ChildSource
{
    /// <summary>ENOENT: there is none of that name.</summary>
    public abstract int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key);

    /// <summary>Adds every entry, in one pass over the kernel's objects.</summary>
    public abstract int List(ViewContext context, ulong parent, EntryList to);

    /// <summary>How many rows its entries are of.</summary>
    public virtual int Shapes => 1;

    /// <summary>Which of them an entry is of, in the order of the table.</summary>
    public virtual int ShapeOf(ViewContext context, ulong key) => 0;

    /// <summary>An id as it is printed: decimal digits, no sign, no leading zero.</summary>
    protected static bool TryParseId(ReadOnlySpan<byte> name, out uint id) =>
        Utf8Parser.TryParse(name, out id, out int length) && length == name.Length && id != 0 && name[0] is >= (byte)'1' and <= (byte)'9';
}

/// <summary>A directory's entries as they were when it was opened: names, keys, times.</summary>
internal sealed class EntryList : IDisposable
{
    private readonly TextBuffer _names = new();
    private readonly List<(int NameStart, int NameLength, ulong Key, ulong LoadTime)> _entries = [];

    public int Count => _entries.Count;

    public void Clear()
    {
        _names.Clear();
        _entries.Clear();
        if (_entries.Capacity > 4096) _entries.Capacity = 0;
    }

    /// <param name="name">Copied.</param>
    /// <param name="key">Of the entry's node.</param>
    /// <param name="loadTime">Nanoseconds since boot; 0: not known.</param>
    public void Add(ReadOnlySpan<byte> name, ulong key, ulong loadTime = 0)
    {
        _entries.Add((_names.Length, name.Length, key, loadTime));
        _names.Append(name);
    }

    /// <summary>An entry whose name is its id.</summary>
    public void Add(uint id, ulong loadTime = 0)
    {
        int start = _names.Length;
        _names.Append((ulong)id);
        _entries.Add((start, _names.Length - start, id, loadTime));
    }

    /// <summary>Leaves only entries whose key is wanted.</summary>
    public void Keep(Predicate<ulong> isWanted) => _entries.RemoveAll(entry => !isWanted(entry.Key));

    /// <summary>All entries as bytes: each one's key, time and length of name, then the name.</summary>
    public void Save(TextBuffer to)
    {
        for (int i = 0; i < Count; i++)
        {
            OpenDirectory.Put(to, Key(i));
            OpenDirectory.Put(to, LoadTime(i));
            OpenDirectory.Put(to, (long)_entries[i].NameLength);
            to.Append(Name(i));
        }
    }

    /// <summary>The reverse.</summary>
    public void Load(ReadOnlySpan<byte> from)
    {
        while (from.Length > 0)
        {
            ulong key = OpenDirectory.Get<ulong>(ref from), loadTime = OpenDirectory.Get<ulong>(ref from);
            int length = (int)OpenDirectory.Get<long>(ref from);
            Add(from[..length], key, loadTime);
            from = from[length..];
        }
    }

    public void Dispose() => ((IDisposable)_names).Dispose();

    public ulong Key(int index) => _entries[index].Key;

    public ulong LoadTime(int index) => _entries[index].LoadTime;

    public ReadOnlySpan<byte> Name(int index) => _names.Written.Slice(_entries[index].NameStart, _entries[index].NameLength);
}
