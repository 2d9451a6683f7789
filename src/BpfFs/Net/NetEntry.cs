using BpfFs.Objects;
using BpfFs.View;

namespace BpfFs.Net;

/// <summary>One record, and the names of what it refers to.</summary>
internal readonly ref struct NetEntry<T>(ref readonly T record, NetNames names)
    where T : unmanaged
{
    public readonly ref readonly T Record = ref record;

    public readonly NetNames Names = names;
}

/// <summary>
/// Names of programs, maps and cgroups, each looked up once per reading of a file: thousands of sockets share a few of them.
/// </summary>
internal sealed class NetNames(ViewContext context)
{
    private const int Kept = 4096;
    private readonly Dictionary<uint, byte[]> _progs = [], _maps = [];
    private readonly Dictionary<ulong, byte[]> _cgroups = [];

    /// <summary>Empty: gone meanwhile, or without a name.</summary>
    public ReadOnlySpan<byte> Prog(uint id) => NameOf(Progs.Kind, _progs, id);

    /// <summary>Empty: gone meanwhile, or without a name.</summary>
    public ReadOnlySpan<byte> Map(uint id) => NameOf(Maps.Kind, _maps, id);

    /// <summary>From the root of the hierarchy; empty: it is gone.</summary>
    public ReadOnlySpan<byte> Cgroup(ulong id)
    {
        if (_cgroups.TryGetValue(id, out byte[]? path)) return path;
        if (_cgroups.Count >= Kept) _cgroups.Clear();
        return _cgroups[id] = CgroupPaths.Of(id).ToArray(); // what is gone costs a walk of all cgroups, so that is kept, too
    }

    private byte[] NameOf(ObjectKind kind, Dictionary<uint, byte[]> known, uint id)
    {
        if (known.TryGetValue(id, out byte[]? name)) return name;
        if (known.Count >= Kept) known.Clear();
        var namer = default(Namer);
        kind.VisitOne(context, id, ref namer);
        return known[id] = namer.Name ?? [];
    }

    private struct Namer : IObjectVisitor
    {
        public byte[]? Name;

        public void Visit(uint id, ulong loadTime, uint type, ReadOnlySpan<byte> name, ReadOnlySpan<byte> tag) => Name = name.ToArray();
    }
}
