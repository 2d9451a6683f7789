using System.Runtime.InteropServices;
using Iterators.Native;
using Microsoft.Win32.SafeHandles;

namespace Iterators;

/// <summary>The bytes of a BTF object, taken from the kernel or from somebody; outside of the managed heap, as the kernel's own has megabytes.</summary>
internal sealed unsafe class BtfBytes : SafeHandle
{
    private readonly int _length;

    /// <summary>Room for so many bytes.</summary>
    public BtfBytes(int length)
        : base(0, ownsHandle: true)
    {
        _length = length;
        SetHandle((nint)NativeMemory.Alloc((nuint)length));
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Not to be used after this was disposed.</summary>
    public Span<byte> Span => new((void*)handle, _length);

    public byte* Start => (byte*)handle;

    /// <summary>Takes a copy of the kernel's BTF object with this id; null with the errno if there is none or it is not allowed.</summary>
    public static BtfBytes? TryLoad(uint id, out int errno)
    {
        using Fd fd = OneObject.OpenBtf(id);
        bpf_btf_info info = default;
        errno = fd.Errno != 0 ? fd.Errno : LibBpf.ReadInfo(fd.Value, &info); // a BTF never changes, so neither does its size
        if (errno != 0) return null;
        BtfBytes bytes = new((int)info.btf_size);
        info = new bpf_btf_info { btf = (ulong)bytes.handle, btf_size = info.btf_size };
        errno = LibBpf.ReadInfo(fd.Value, &info);
        if (errno == 0) return bytes;
        bytes.Dispose();
        return null;
    }

    /// <summary>All of a file.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static BtfBytes Read(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        BtfBytes bytes = new((int)RandomAccess.GetLength(file));
        Span<byte> rest = bytes.Span;
        while (!rest.IsEmpty)
        {
            int got = RandomAccess.Read(file, rest, bytes._length - rest.Length);
            if (got == 0) break; // shorter than it said: what is missing is zero
            rest = rest[got..];
        }
        rest.Clear();
        return bytes;
    }

    protected override bool ReleaseHandle()
    {
        NativeMemory.Free((void*)handle);
        return true;
    }
}
