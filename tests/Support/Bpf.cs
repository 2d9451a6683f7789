using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Support;

/// <summary>Which kind of BPF object; the values are those of the BPF_*_GET_NEXT_ID commands.</summary>
public enum ObjectKind
{
    Program = 11,
    Map = 12,
    Btf = 23,
    Link = 31,
}

/// <summary>
/// bpf(2) without libbpf: what the tests load must not come from the library under test. Everything that fails throws a
/// <see cref="Win32Exception"/> with the errno.
/// </summary>
public static unsafe partial class Bpf
{
    private const int SYS_bpf = 321; // x86-64

    public const int BPF_MAP_CREATE = 0;
    public const int BPF_MAP_LOOKUP_ELEM = 1;
    public const int BPF_MAP_UPDATE_ELEM = 2;
    public const int BPF_MAP_DELETE_ELEM = 3;
    public const int BPF_PROG_LOAD = 5;
    public const int BPF_OBJ_PIN = 6;
    public const int BPF_PROG_ATTACH = 8;
    public const int BPF_PROG_TEST_RUN = 10;
    public const int BPF_PROG_GET_FD_BY_ID = 13;
    public const int BPF_MAP_GET_FD_BY_ID = 14;
    public const int BPF_OBJ_GET_INFO_BY_FD = 15;
    public const int BPF_RAW_TRACEPOINT_OPEN = 17;
    public const int BPF_MAP_LOOKUP_AND_DELETE_ELEM = 21;
    public const int BPF_MAP_FREEZE = 22;
    public const int BPF_MAP_UPDATE_BATCH = 26;
    public const int BPF_BTF_LOAD = 18;
    public const int BPF_LINK_CREATE = 28;
    public const int BPF_ENABLE_STATS = 32;

    [StructLayout(LayoutKind.Sequential)]
    public struct map_create_attr
    {
        public uint map_type, key_size, value_size, max_entries, map_flags, inner_map_fd, numa_node;
        public fixed byte map_name[16];
        public uint map_ifindex, btf_fd, btf_key_type_id, btf_value_type_id, btf_vmlinux_value_type_id;
        public ulong map_extra;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct map_elem_attr
    {
        public ulong map_fd; // __u32, then padding
        public void* key;
        public void* value;
        public ulong flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct map_batch_attr
    {
        public void* in_batch;
        public void* out_batch;
        public void* keys;
        public void* values;
        public uint count, map_fd;
        public ulong elem_flags, flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct prog_load_attr
    {
        public uint prog_type, insn_cnt;
        public ulong* insns;
        public byte* license;
        public uint log_level, log_size;
        public byte* log_buf;
        public uint kern_version, prog_flags;
        public fixed byte prog_name[16];
        public uint prog_ifindex, expected_attach_type, prog_btf_fd, func_info_rec_size;
        public void* func_info;
        public uint func_info_cnt, line_info_rec_size;
        public void* line_info;
        public uint line_info_cnt, attach_btf_id;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct test_run_attr
    {
        public uint prog_fd, retval, data_size_in, data_size_out;
        public void* data_in;
        public void* data_out;
        public uint repeat, duration, ctx_size_in, ctx_size_out;
        public void* ctx_in;
        public void* ctx_out;
        public uint flags, cpu, batch_size, padding;
    }

    /// <summary>A path or name and a descriptor: BPF_OBJ_PIN, BPF_RAW_TRACEPOINT_OPEN.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct named_attr
    {
        public byte* name;
        public uint fd, flags;
        public ulong cookie; // of BPF_RAW_TRACEPOINT_OPEN; elsewhere zero
    }

    /// <summary>Up to eight words: the commands that take ids, descriptors and numbers only.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct words_attr
    {
        public fixed uint words[8];
    }

    [LibraryImport("libc.so.6", SetLastError = true)]
    private static partial long syscall(long number, int command, void* attr, uint size);

    [LibraryImport("libc.so.6")]
    private static partial int close(int fd);

    /// <summary>The command's result, or a negative errno. Retries EAGAIN, which BPF_PROG_LOAD gives when a signal is pending.</summary>
    public static int Try<T>(int command, ref T attr)
        where T : unmanaged
    {
        fixed (T* p = &attr)
        {
            for (int attempt = 0; ; attempt++)
            {
                long result = syscall(SYS_bpf, command, p, (uint)sizeof(T));
                if (result >= 0) return (int)result;
                int errno = Marshal.GetLastPInvokeError();
                if (errno != 11 || attempt == 10) return -errno;
            }
        }
    }

    public static int Call<T>(int command, ref T attr, string what)
        where T : unmanaged
    {
        int result = Try(command, ref attr);
        return result >= 0 ? result : throw Failed(-result, what);
    }

    public static void Close(int fd) => _ = close(fd);

    /// <summary>Every id of a kind that the kernel has now.</summary>
    public static SortedSet<uint> Ids(ObjectKind kind)
    {
        SortedSet<uint> ids = [];
        words_attr attr = default;
        while (Try((int)kind, ref attr) == 0)
        {
            uint next = attr.words[1]; // { start_id; next_id; open_flags }
            ids.Add(next);
            attr = default;
            attr.words[0] = next;
        }
        return ids;
    }

    /// <summary>The id of the program, map, link or BTF behind a descriptor: the second word of each bpf_*_info but BTF's.</summary>
    public static uint IdOf(int fd)
    {
        uint* info = stackalloc uint[2];
        words_attr attr = default;
        attr.words[0] = (uint)fd;
        attr.words[1] = 2 * sizeof(uint);
        *(uint**)&attr.words[2] = info;
        Call(BPF_OBJ_GET_INFO_BY_FD, ref attr, "the id of a descriptor");
        return info[1];
    }

    /// <summary>Pins what a descriptor refers to.</summary>
    public static void Pin(int fd, string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(path + "\0");
        fixed (byte* p = name)
        {
            named_attr attr = new() { name = p, fd = (uint)fd };
            Call(BPF_OBJ_PIN, ref attr, $"pin {path}");
        }
    }

    /// <summary>Counts runs and their time while the descriptor is open.</summary>
    public static Descriptor EnableStatistics()
    {
        words_attr attr = default; // BPF_STATS_RUN_TIME
        return new Descriptor(Call(BPF_ENABLE_STATS, ref attr, "enable statistics"));
    }

    /// <summary>A name as the kernel takes it: 15 bytes and a zero.</summary>
    internal static void CopyName(string name, byte* to)
    {
        for (int i = 0; i < Math.Min(name.Length, 15); i++) to[i] = (byte)name[i];
    }

    internal static Win32Exception Failed(int errno, string what) => new(errno, $"{what}: {Marshal.GetPInvokeErrorMessage(errno)}");
}

/// <summary>A descriptor that is closed with its owner.</summary>
public class Descriptor(int fd) : IDisposable
{
    private int _fd = fd;

    public int Fd => _fd >= 0 ? _fd : throw new ObjectDisposedException(GetType().Name);

    public void Dispose()
    {
        int fd = Interlocked.Exchange(ref _fd, -1);
        if (fd >= 0) Bpf.Close(fd);
        GC.SuppressFinalize(this);
    }
}
