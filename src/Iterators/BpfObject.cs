using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;

namespace Iterators;

/// <summary>
/// One compiled object (bpf/objects/*.bpf.o), embedded in this assembly, loaded into the kernel by libbpf. Disposing it unloads
/// every program that no link or pin holds.
/// </summary>
internal sealed unsafe class BpfObject : SafeHandle
{
    private readonly string _name;
    private readonly string _kernelBtf;

    private BpfObject(string name, string? kernelBtf, nint handle)
        : base(0, ownsHandle: true)
    {
        _name = name;
        _kernelBtf = kernelBtf ?? "/sys/kernel/btf/vmlinux";
        SetHandle(handle);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>Opens an embedded object. <paramref name="kernelBtf"/>: a BTF file to take for the running kernel's, or null.</summary>
    /// <exception cref="BpfException">It cannot be parsed.</exception>
    public static BpfObject Open(string name, string? kernelBtf)
    {
        using var stream = (UnmanagedMemoryStream)(typeof(BpfObject).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"no embedded object {name}"));
        return Open(name, stream.PositionPointer, (nuint)stream.Length, kernelBtf); // it lies in the loaded image: libbpf reads it in place
    }

    /// <summary>Opens an object that lies in memory, and must stay there while this lives.</summary>
    /// <exception cref="BpfException">It cannot be parsed.</exception>
    public static BpfObject Open(string name, byte* bytes, nuint length, string? kernelBtf)
    {
        fixed (byte* objectName = "bpffs_view"u8)
        fixed (byte* btf = kernelBtf is null ? null : Encoding.UTF8.GetBytes(kernelBtf + '\0'))
        {
            var opts = new LibBpf.bpf_object_open_opts
            {
                sz = (nuint)sizeof(LibBpf.bpf_object_open_opts),
                object_name = objectName,
                btf_custom_path = btf,
            };
            nint handle = LibBpf.bpf_object__open_mem(bytes, length, &opts);
            return handle == 0 ? throw Failure("open", name, Marshal.GetLastPInvokeError()) : new BpfObject(name, kernelBtf, handle);
        }
    }

    /// <summary>Loads every program that was not left out.</summary>
    /// <exception cref="BpfException">A program was refused; the detail is the verifier's last lines.</exception>
    public void Load()
    {
        LibBpfLog.Clear();
        int result = LibBpf.bpf_object__load(handle);
        if (result < 0)
        {
            // libbpf says only EIO, ENOENT or EINVAL of the object
            if (!HasKernelBtf()) throw new BpfException("load", _kernelBtf, -result, LibBpfLog.Tail(12), "not the kernel's BTF (it must be built with CONFIG_DEBUG_INFO_BTF)");
            if (!KernelMemory.IsReadable()) throw new BpfException("load", _name, -result, "", KernelMemory.Forbidden);
            throw Failure("load", _name, -result);
        }
        LastingDescriptors.AddAll(handle);
    }

    /// <summary>Leaves a program out of the load.</summary>
    public void LeaveOut(string program) => LibBpf.bpf_program__set_autoload(Find(program), false);

    /// <summary>Name and section of every program.</summary>
    public List<(string Name, string Section)> Programs()
    {
        List<(string, string)> programs = [];
        for (nint p = LibBpf.bpf_object__next_program(handle, 0); p != 0; p = LibBpf.bpf_object__next_program(handle, p))
        {
            programs.Add((Text(LibBpf.bpf_program__name(p)), Text(LibBpf.bpf_program__section_name(p))));
        }
        return programs;
    }

    /// <summary>The descriptor of a loaded program; negative if it was left out. The object keeps owning it.</summary>
    public int ProgramFd(string program) => LibBpf.bpf_program__fd(Find(program));

    /// <summary>The descriptor of a map. The object keeps owning it.</summary>
    public int MapFd(string map)
    {
        fixed (byte* name = Encoding.UTF8.GetBytes(map + '\0')) return LibBpf.bpf_object__find_map_fd_by_name(handle, name);
    }

    private bool HasKernelBtf()
    {
        try
        {
            using Btf? btf = Btf.TryParse(File.ReadAllBytes(_kernelBtf), out _);
            return btf is not null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    protected override bool ReleaseHandle()
    {
        LastingDescriptors.RemoveAll(handle);
        LibBpf.bpf_object__close(handle);
        return true;
    }

    private nint Find(string program)
    {
        for (nint p = LibBpf.bpf_object__next_program(handle, 0); p != 0; p = LibBpf.bpf_object__next_program(handle, p))
        {
            if (Text(LibBpf.bpf_program__name(p)) == program) return p;
        }
        throw new InvalidOperationException($"{_name} has no program {program}");
    }

    private static string Text(byte* text) => Marshal.PtrToStringUTF8((nint)text) ?? "";

    private static BpfException Failure(string operation, string name, int errno) => new(operation, name, errno, LibBpfLog.Tail(12));
}
