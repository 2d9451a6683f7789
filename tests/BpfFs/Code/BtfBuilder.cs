using System.Text;
using Iterators;

namespace BpfFs.Tests.Code;

/// <summary>Makes BTF, type by type: ids count from 1.</summary>
internal sealed class BtfBuilder
{
    private readonly List<uint> _types = [];
    private readonly List<byte> _strings = [0];

    private uint _count;

    /// <summary>The offset of a string, whatever bytes it has.</summary>
    public uint String(string text) => String(Encoding.UTF8.GetBytes(text));

    public uint String(byte[] text)
    {
        if (text.Length == 0) return 0;
        uint offset = (uint)_strings.Count;
        _strings.AddRange(text);
        _strings.Add(0);
        return offset;
    }

    public uint Int(string name, int size) => Add(BtfKind.Int, String(name), 0, (uint)size, (uint)size * 8);

    public uint Pointer(uint to) => Add(BtfKind.Ptr, 0, 0, to);

    public uint Struct(string name) => Add(BtfKind.Struct, String(name), 0, 0);

    public uint Prototype(uint result, params (string Name, uint Type)[] parameters) =>
        Add(BtfKind.FuncProto, 0, parameters.Length, result, [.. parameters.SelectMany(p => new[] { String(p.Name), p.Type })]);

    public uint Function(string name, uint prototype) => Add(BtfKind.Func, String(name), 0, prototype);

    public Btf Build()
    {
        using MemoryStream data = new();
        using BinaryWriter to = new(data);
        to.Write((ushort)0xEB9F); // magic
        to.Write((byte)1); // version
        to.Write((byte)0);
        to.Write(24); // header's length
        to.Write(0);
        to.Write(_types.Count * 4);
        to.Write(_types.Count * 4);
        to.Write(_strings.Count);
        foreach (uint word in _types) to.Write(word);
        to.Write([.. _strings]);
        return Btf.TryParse(data.ToArray(), out int errno) ?? throw new InvalidOperationException($"no BTF: errno {errno}");
    }

    private uint Add(BtfKind kind, uint name, int length, uint sizeOrType, params uint[] rest)
    {
        _types.AddRange([name, ((uint)kind << 24) | (uint)length, sizeOrType, .. rest]);
        return ++_count;
    }
}
