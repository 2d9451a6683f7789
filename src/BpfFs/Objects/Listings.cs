using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>The objects of a kind, by id.</summary>
internal sealed class ObjectIds(ObjectKind kind) : ChildSource
{
    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (!TryParseId(name, out uint id)) return ENOENT;
        key = id;
        return 0; // whoever fills the attributes finds out whether it exists
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        var adder = new Adder { To = to };
        return kind.Walk(context, ref adder);
    }

    private struct Adder : IObjectVisitor
    {
        public EntryList To;

        public readonly void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag) => To.Add(id, loadTime);
    }
}

/// <summary>Counts.</summary>
internal struct ObjectCounter : IObjectVisitor
{
    public ulong Count;

    public void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag) => Count++;
}

/// <summary>The maps that a program uses.</summary>
internal sealed class UsedMaps : ChildSource
{
    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (!TryParseId(name, out uint id)) return ENOENT;
        int errno = Progs.Read(context, (uint)parent, out Prog prog);
        key = id;
        return errno != 0 ? errno : prog.MapIds.Contains(id) ? 0 : ENOENT;
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        int errno = Progs.Read(context, (uint)parent, out Prog prog);
        if (errno != 0) return errno;
        foreach (uint id in prog.MapIds) to.Add(id);
        return 0;
    }
}

/// <summary>What objects are put together by.</summary>
internal enum GroupBy
{
    Name,
    Type,
    Tag,
}

/// <summary>The values that a kind's objects have: <c>by-name</c>, <c>by-type</c>, <c>by-tag</c>. The key is the value's hash.</summary>
internal sealed class Groups(ObjectKind kind, GroupBy by) : ChildSource
{
    private readonly Pool<HashSet<ulong>> _seen = new(() => [], 2);

    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = NodeId.KeyOf(name);
        var finder = new Finder { Kind = kind, By = by, Key = key };
        int errno = kind.Walk(context, ref finder);
        return errno != 0 ? errno : finder.Found ? 0 : ENOENT;
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        HashSet<ulong> seen = _seen.Rent();
        seen.Clear();
        var adder = new Adder { Kind = kind, By = by, To = to, Seen = seen };
        int errno = kind.Walk(context, ref adder);
        _seen.Return(seen);
        return errno;
    }

    /// <summary>
    /// An object's value as a file name; empty: it has none and stands in no group. Names have only letters, digits, '_' and '.'
    /// (bpf_obj_name_cpy, kernel/bpf/syscall.c), but may be "." and "..".
    /// </summary>
    internal static ReadOnlySpan<byte> ValueOf(ObjectKind kind, GroupBy by, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag, Span<byte> room)
    {
        switch (by)
        {
            case GroupBy.Name:
                return name.SequenceEqual("."u8) ? "\\x2e"u8 : name.SequenceEqual(".."u8) ? "\\x2e\\x2e"u8 : name;
            case GroupBy.Type:
                return kind.Types!.Of(type, room);
            default:
                Convert.TryToHexStringLower(tag, room, out int length);
                return room[..length];
        }
    }

    private struct Finder : IObjectVisitor
    {
        public ObjectKind Kind;
        public GroupBy By;
        public ulong Key;
        public bool Found;

        public void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag) =>
            Found |= NodeId.KeyOf(ValueOf(Kind, By, type, name, tag, stackalloc byte[16])) == Key;
    }

    private struct Adder : IObjectVisitor
    {
        public ObjectKind Kind;
        public GroupBy By;
        public EntryList To;
        public HashSet<ulong> Seen;

        public readonly void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag)
        {
            ReadOnlySpan<byte> value = ValueOf(Kind, By, type, name, tag, stackalloc byte[16]);
            if (value.IsEmpty) return;
            ulong key = NodeId.KeyOf(value);
            if (Seen.Add(key)) To.Add(value, key);
        }
    }
}

/// <summary>The objects that have one value.</summary>
internal sealed class GroupMembers(ObjectKind kind, GroupBy by) : ChildSource
{
    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (!TryParseId(name, out uint id)) return ENOENT;
        key = id;
        var matcher = new Matcher { Kind = kind, By = by, Key = parent };
        int errno = kind.VisitOne(context, id, ref matcher);
        return errno != 0 ? errno : matcher.Matched ? 0 : ENOENT;
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        var matcher = new Matcher { Kind = kind, By = by, Key = parent, To = to };
        return kind.Walk(context, ref matcher);
    }

    private struct Matcher : IObjectVisitor
    {
        public ObjectKind Kind;
        public GroupBy By;
        public ulong Key;
        public EntryList? To;
        public bool Matched;

        public void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag)
        {
            if (NodeId.KeyOf(Groups.ValueOf(Kind, By, type, name, tag, stackalloc byte[16])) != Key) return;
            Matched = true;
            To?.Add(id, loadTime);
        }
    }
}
