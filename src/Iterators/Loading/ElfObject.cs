using System.Runtime.InteropServices;

namespace Iterators;

/// <summary>What libbpf does not tell of an object file: elf(5), 64 bits, this machine's byte order.</summary>
internal static class ElfObject
{
    private const int HeaderSize = 64;
    private const int SectionSize = 64;

    /// <summary>The license that its programs are loaded with, the string in its section <c>license</c>; empty: there is none.</summary>
    public static byte[] LicenseOf(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> section = Section(file, "license"u8);
        int end = section.IndexOf((byte)0);
        return [.. end < 0 ? section : section[..end], 0];
    }

    private static ReadOnlySpan<byte> Section(ReadOnlySpan<byte> file, ReadOnlySpan<byte> name)
    {
        if (file.Length < HeaderSize) return default;
        ulong table = MemoryMarshal.Read<ulong>(file[40..]); // e_shoff
        (ushort entry, ushort count, ushort names) = (MemoryMarshal.Read<ushort>(file[58..]), MemoryMarshal.Read<ushort>(file[60..]), MemoryMarshal.Read<ushort>(file[62..]));
        if (entry != SectionSize || table > (ulong)file.Length || (ulong)count * SectionSize > (ulong)file.Length - table || names >= count) return default;
        ReadOnlySpan<byte> headers = file.Slice((int)table, count * SectionSize);
        ReadOnlySpan<byte> strings = Contents(file, headers[(names * SectionSize)..]);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = headers[(i * SectionSize)..];
            uint at = MemoryMarshal.Read<uint>(header); // sh_name
            if (at >= strings.Length) continue;
            ReadOnlySpan<byte> rest = strings[(int)at..];
            if (rest.Length > name.Length && rest[name.Length] == 0 && rest.StartsWith(name)) return Contents(file, header);
        }
        return default;
    }

    private static ReadOnlySpan<byte> Contents(ReadOnlySpan<byte> file, ReadOnlySpan<byte> header)
    {
        (ulong offset, ulong size) = (MemoryMarshal.Read<ulong>(header[24..]), MemoryMarshal.Read<ulong>(header[32..])); // sh_offset, sh_size
        return offset > (ulong)file.Length || size > (ulong)file.Length - offset ? default : file.Slice((int)offset, (int)size);
    }
}
