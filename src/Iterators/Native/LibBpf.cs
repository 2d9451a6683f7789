using System.Runtime.InteropServices;

namespace Iterators.Native;

/// <summary>
/// The functions of libbpf (1.1 and later) that are used, each once. Those returning <see cref="int"/> give 0 or a descriptor, or a
/// negative errno; those returning a pointer give null and leave the error in errno.
/// </summary>
internal static unsafe partial class LibBpf
{
    private const string Library = "libbpf.so.1"; // the string that DirectPInvoke names: linked in statically, or loaded by dotnet run

    public const int BPF_TRACE_ITER = 28; // enum bpf_attach_type

    // Layouts: <bpf/libbpf.h>, <bpf/bpf.h>. sz is the structure's size as the caller knows it.
    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_object_open_opts
    {
        public nuint sz;
        public byte* object_name;
        public byte relaxed_maps;
        public byte* pin_root_path;
        public uint reserved;
        public byte* kconfig;
        public byte* btf_custom_path;
        public byte* kernel_log_buf;
        public nuint kernel_log_size;
        public uint kernel_log_level;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_prog_load_opts
    {
        public nuint sz;
        public int attempts;
        public int expected_attach_type;
        public uint prog_btf_fd;
        public uint prog_flags;
        public uint prog_ifindex;
        public uint kern_version;
        public uint attach_btf_id;
        public uint attach_prog_fd;
        public uint attach_btf_obj_fd;
        public int* fd_array;
        public void* func_info;
        public uint func_info_cnt;
        public uint func_info_rec_size;
        public void* line_info;
        public uint line_info_cnt;
        public uint line_info_rec_size;
        public uint log_level;
        public uint log_size;
        public byte* log_buf;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct libbpf_prog_handler_opts
    {
        public nuint sz;
        public nint cookie;
        public void* prog_setup_fn;
        public delegate* unmanaged[Cdecl]<nint, bpf_prog_load_opts*, nint, int> prog_prepare_load_fn;
        public void* prog_attach_fn;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_link_create_opts
    {
        public nuint sz;
        public uint flags;
        public void* iter_info;
        public uint iter_info_len;
        public uint target_btf_id;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_test_run_opts
    {
        public nuint sz;
        public void* data_in;
        public void* data_out;
        public uint data_size_in;
        public uint data_size_out;
        public void* ctx_in;
        public void* ctx_out;
        public uint ctx_size_in;
        public uint ctx_size_out;
        public uint retval;
        public int repeat;
        public uint duration;
        public uint flags;
        public uint cpu;
        public uint batch_size;
    }

    // prog_attach_flags came after 1.1 was frozen in some headers; what is beyond our sz libbpf takes for zero
    [StructLayout(LayoutKind.Sequential)]
    public struct bpf_prog_query_opts
    {
        public nuint sz;
        public uint query_flags;
        public uint attach_flags;
        public uint* prog_ids;
        public uint prog_cnt;
        private readonly uint _padding;
    }

    [LibraryImport(Library, EntryPoint = "bpf_prog_query_opts")]
    public static partial int bpf_prog_query_opts_call(int target, int type, bpf_prog_query_opts* opts);

    [LibraryImport(Library)]
    public static partial int bpf_task_fd_query(int pid, int fd, uint flags, byte* buf, uint* buf_len, uint* prog_id, uint* fd_type, ulong* probe_offset, ulong* probe_addr);

    [LibraryImport(Library)]
    public static partial nint libbpf_set_print(delegate* unmanaged<int, byte*, void*, int> fn);

    [LibraryImport(Library)]
    public static partial int libbpf_strerror(int err, byte* buf, nuint size);

    [LibraryImport(Library)]
    public static partial byte* libbpf_version_string();

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint bpf_object__open_mem(void* obj_buf, nuint obj_buf_sz, bpf_object_open_opts* opts);

    [LibraryImport(Library)]
    public static partial int bpf_object__load(nint obj);

    [LibraryImport(Library)]
    public static partial int bpf_prog_load(int prog_type, byte* prog_name, byte* license, void* insns, nuint insn_cnt, void* opts);

    [LibraryImport(Library)]
    public static partial void bpf_object__close(nint obj);

    [LibraryImport(Library)]
    public static partial nint bpf_object__next_program(nint obj, nint prog);

    [LibraryImport(Library)]
    public static partial nint bpf_object__next_map(nint obj, nint map);

    [LibraryImport(Library)]
    public static partial int bpf_map__fd(nint map);

    [LibraryImport(Library)]
    public static partial byte* bpf_map__name(nint map);

    [LibraryImport(Library)]
    public static partial void* bpf_map__initial_value(nint map, nuint* psize);

    [LibraryImport(Library)]
    public static partial nint bpf_object__find_map_by_name(nint obj, byte* name);

    [LibraryImport(Library)]
    public static partial int libbpf_register_prog_handler(byte* sec, int prog_type, int exp_attach_type, libbpf_prog_handler_opts* opts);

    [LibraryImport(Library)]
    public static partial byte* bpf_program__name(nint prog);

    [LibraryImport(Library)]
    public static partial byte* bpf_program__section_name(nint prog);

    [LibraryImport(Library)]
    public static partial void* bpf_program__insns(nint prog);

    [LibraryImport(Library)]
    public static partial nuint bpf_program__insn_cnt(nint prog);

    [LibraryImport(Library)]
    public static partial int bpf_program__set_insns(nint prog, void* new_insns, nuint new_insn_cnt);

    [LibraryImport(Library)]
    public static partial int bpf_program__set_autoload(nint prog, [MarshalAs(UnmanagedType.U1)] bool autoload);

    [LibraryImport(Library)]
    public static partial int libbpf_num_possible_cpus();

    [LibraryImport(Library)]
    public static partial int bpf_link_create(int prog_fd, int target_fd, int attach_type, bpf_link_create_opts* opts);

    [LibraryImport(Library)]
    public static partial int bpf_iter_create(int link_fd);

    [LibraryImport(Library)]
    public static partial int bpf_obj_get(byte* pathname);

    [LibraryImport(Library)]
    public static partial int bpf_obj_pin(int fd, byte* pathname);

    [LibraryImport(Library)]
    public static partial int bpf_prog_test_run_opts(int prog_fd, bpf_test_run_opts* opts);

    [LibraryImport(Library)]
    public static partial int bpf_prog_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    public static partial int bpf_map_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    public static partial int bpf_link_get_fd_by_id(uint id);

    [LibraryImport(Library)]
    private static partial int bpf_obj_get_info_by_fd(int bpf_fd, void* info, uint* info_len);

    /// <summary>bpf_obj_get_info_by_fd(), libbpf's: fills *<paramref name="info"/>, where it may say what else is wanted; 0 or a positive errno.</summary>
    public static int ReadInfo<T>(int fd, T* info)
        where T : unmanaged
    {
        uint length = (uint)sizeof(T);
        return -bpf_obj_get_info_by_fd(fd, info, &length);
    }

    [LibraryImport(Library)]
    public static partial int bpf_enable_stats(int type);

    [LibraryImport(Library)]
    public static partial int bpf_map_lookup_elem(int fd, void* key, void* value);

    [LibraryImport(Library)]
    public static partial int bpf_map_lookup_elem_flags(int fd, void* key, void* value, ulong flags);

    [LibraryImport(Library)]
    public static partial int bpf_map_get_next_key(int fd, void* key, void* next_key);

    [LibraryImport(Library)]
    public static partial int bpf_map_lookup_batch(int fd, void* in_batch, void* out_batch, void* keys, void* values, uint* count, void* opts);

    [LibraryImport(Library)]
    public static partial int bpf_prog_get_next_id(uint start_id, uint* next_id);

    [LibraryImport(Library)]
    public static partial int bpf_map_get_next_id(uint start_id, uint* next_id);

    [LibraryImport(Library)]
    public static partial int bpf_link_get_next_id(uint start_id, uint* next_id);

    [LibraryImport(Library)]
    public static partial int bpf_btf_get_next_id(uint start_id, uint* next_id);

    [LibraryImport(Library)]
    public static partial int bpf_btf_get_fd_by_id(uint id);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint btf_dump__new(nint btf, delegate* unmanaged<void*, byte*, void*, void> printf_fn, void* ctx, void* opts);

    [LibraryImport(Library)]
    public static partial int btf_dump__dump_type(nint d, uint id);

    [LibraryImport(Library)]
    public static partial void btf_dump__free(nint d);

    [LibraryImport(Library, SetLastError = true)]
    public static partial nint btf__new(void* data, uint size);

    [LibraryImport(Library)]
    public static partial void btf__free(nint btf);

    [LibraryImport(Library)]
    public static partial uint btf__type_cnt(nint btf);
}
