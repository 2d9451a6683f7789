using System.Runtime.InteropServices;

namespace Support;

/// <summary>
/// An object of Fixtures/*.bpf.c, compiled by clang when it is asked for and loaded by the shared libbpf: for what has BTF.
/// </summary>
public sealed partial class BtfObject : IDisposable
{
    /// <summary>What the fixtures leave out on kernels before.</summary>
    private static readonly (string Name, string Since)[] s_newer = [("bpf_rcu_read_lock", "6.2"), ("BPF_MAP_TYPE_CGRP_STORAGE", "6.2")];

    private readonly nint _object;

    public BtfObject(string name)
    {
        string source = Path.Combine(AppContext.BaseDirectory, "Fixtures", name + ".bpf.c");
        string compiled = Path.Combine(AppContext.BaseDirectory, "Fixtures", name + ".bpf.o");
        Tool.Run("clang", ["-O2", "-g", "-Wall", "-Werror", "-target", "bpf", "-mcpu=v3", "-idirafter", "/usr/include/x86_64-linux-gnu",
            .. s_newer.Where(n => !KernelNames.Lacks(n.Name, n.Since)).Select(n => $"-DHAS_{n.Name}"), "-c", source, "-o", compiled]).Succeeded();
        _object = bpf_object__open_file(compiled, 0);
        if (_object == 0) throw Bpf.Failed(Marshal.GetLastPInvokeError(), $"open {compiled}");
        int result = bpf_object__load(_object);
        if (result < 0) throw Bpf.Failed(-result, $"load {compiled}");
    }

    /// <summary>A map of it; the result must not be used after this object is disposed.</summary>
    public BpfMap Map(string name, MapType type, int keySize, int valueSize)
    {
        int fd = bpf_object__find_map_fd_by_name(_object, name);
        if (fd < 0) throw Bpf.Failed(-fd, $"find map {name}");
        return BpfMap.Adopt(fcntl(fd, F_DUPFD_CLOEXEC, 0), name, type, keySize, valueSize);
    }

    /// <summary>A program's descriptor; the object keeps owning it.</summary>
    public int ProgramFd(string name)
    {
        nint program = bpf_object__find_program_by_name(_object, name);
        return program != 0 ? bpf_program__fd(program) : throw new ArgumentException($"no program {name}", nameof(name));
    }

    /// <summary>Id of a program of it.</summary>
    public uint ProgramId(string name)
    {
        nint program = bpf_object__find_program_by_name(_object, name);
        return program != 0 ? Bpf.IdOf(bpf_program__fd(program)) : throw new ArgumentException($"no program {name}", nameof(name));
    }

    public void Dispose() => bpf_object__close(_object);

    private const int F_DUPFD_CLOEXEC = 1030; // a view started now must not inherit it

    [LibraryImport("libbpf.so.1", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint bpf_object__open_file(string path, nint opts);

    [LibraryImport("libbpf.so.1")]
    private static partial int bpf_object__load(nint obj);

    [LibraryImport("libbpf.so.1")]
    private static partial void bpf_object__close(nint obj);

    [LibraryImport("libbpf.so.1", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int bpf_object__find_map_fd_by_name(nint obj, string name);

    [LibraryImport("libbpf.so.1", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial nint bpf_object__find_program_by_name(nint obj, string name);

    [LibraryImport("libbpf.so.1")]
    private static partial int bpf_program__fd(nint program);

    [LibraryImport("libc.so.6")]
    private static partial int fcntl(int fd, int command, int argument);
}
