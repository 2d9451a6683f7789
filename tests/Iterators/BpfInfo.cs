using System.Runtime.InteropServices;
using System.Text;
using Support;

namespace Iterators.Tests;

/// <summary>struct bpf_prog_info and struct bpf_map_info (linux/bpf.h) of an object, as bpf(2) gives them: members are read by their offset.</summary>
internal sealed unsafe class BpfInfo
{
    private readonly byte[] _bytes = new byte[256];

    private BpfInfo() { }

    public uint[] MapIds { get; private set; } = [];

    public uint U32(int offset) => MemoryMarshal.Read<uint>(_bytes.AsSpan(offset));

    public ulong U64(int offset) => MemoryMarshal.Read<ulong>(_bytes.AsSpan(offset));

    public ReadOnlySpan<byte> Bytes(int offset, int length) => _bytes.AsSpan(offset, length);

    public string Text(int offset, int length) => Encoding.ASCII.GetString(_bytes, offset, length).TrimEnd('\0');

    /// <summary>Null: it is gone.</summary>
    public static BpfInfo? OfProgram(uint id)
    {
        int fd = Open(Bpf.BPF_PROG_GET_FD_BY_ID, id);
        if (fd < 0) return null;
        using Descriptor descriptor = new(fd);
        BpfInfo info = new();
        uint[] maps = new uint[64];
        fixed (uint* p = maps)
        {
            MemoryMarshal.Write(info._bytes.AsSpan(52), 64u);
            MemoryMarshal.Write(info._bytes.AsSpan(56), (ulong)p);
            info.Get(fd);
        }
        info.MapIds = maps[..(int)info.U32(52)];
        return info;
    }

    /// <summary>Null: it is gone.</summary>
    public static BpfInfo? OfMap(uint id)
    {
        int fd = Open(Bpf.BPF_MAP_GET_FD_BY_ID, id);
        if (fd < 0) return null;
        using Descriptor descriptor = new(fd);
        BpfInfo info = new();
        info.Get(fd);
        return info;
    }

    private static int Open(int command, uint id)
    {
        Bpf.words_attr attr = default;
        attr.words[0] = id;
        return Bpf.Try(command, ref attr);
    }

    private void Get(int fd)
    {
        fixed (byte* p = _bytes)
        {
            Bpf.words_attr attr = default;
            attr.words[0] = (uint)fd;
            attr.words[1] = (uint)_bytes.Length;
            *(byte**)&attr.words[2] = p;
            Bpf.Call(Bpf.BPF_OBJ_GET_INFO_BY_FD, ref attr, "info");
        }
    }
}
