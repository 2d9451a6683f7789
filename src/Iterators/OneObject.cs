using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// The record of one object, at a cost that does not depend on how many exist: the object's descriptor is taken by id, and a BPF
/// program run by BPF_PROG_RUN finds the object behind it (bpf/one.h). Every method gives 0 or a positive errno: ENOENT when there is
/// no such object, EPERM without CAP_SYS_ADMIN, EMFILE. Nothing is allocated.
/// </summary>
public sealed unsafe class OneObject : IProgFunctions
{
    private readonly int _prog, _progMaps, _progFunc, _map, _link, _linkFunc, _btfFunc;

    /// <summary>Where a program is missing, bpf(2) and fdinfo tell what they can; functions have no names then (ENOSYS).</summary>
    internal OneObject(Func<ProgramRow, int> programFd)
    {
        _prog = programFd(BpfPrograms.OneProg);
        _progMaps = programFd(BpfPrograms.OneProgMaps);
        _progFunc = programFd(BpfPrograms.OneProgFunc);
        _map = programFd(BpfPrograms.OneMap);
        _link = programFd(BpfPrograms.OneLink);
        _linkFunc = programFd(BpfPrograms.LinkFunc);
        _btfFunc = programFd(BpfPrograms.BtfFunc);
    }

    /// <summary>Whether the functions of kprobe_multi and uprobe_multi links can be read.</summary>
    public bool ReadsLinkFuncs => _linkFunc >= 0;

    /// <summary>The program with this id, and the ids of the maps it uses: the first <c>cnt</c> of <c>map_ids</c>.</summary>
    public int ReadProg(uint id, out one_prog_record record, out one_prog_maps_record maps)
    {
        record = default;
        maps = default;
        using Fd fd = new(LibBpf.bpf_prog_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        record.fd = maps.fd = (uint)fd.Value;
        if (_prog < 0)
        {
            int failed = SyscallRecords.ReadProg(fd, out record.prog, maps.map_ids);
            maps.cnt = Math.Min(record.prog.used_map_cnt, (uint)((ReadOnlySpan<uint>)maps.map_ids).Length);
            return failed;
        }
        int errno = Run(_prog, ref record);
        if (errno != 0 || record.error != 0) return errno != 0 ? errno : record.error;
        ReadOnlySpan<uint> first = record.prog.map_ids;
        if (record.prog.used_map_cnt <= (uint)first.Length)
        {
            maps.cnt = record.prog.used_map_cnt;
            first[..(int)maps.cnt].CopyTo(maps.map_ids);
            return 0;
        }
        if (_progMaps < 0) return ReadMapIds(fd, ref maps);
        errno = Run(_progMaps, ref maps);
        return errno != 0 ? errno : maps.error;
    }

    /// <summary>The ids of the maps that the program with this id uses: the first <c>cnt</c> of <c>map_ids</c>.</summary>
    public int ReadProgMaps(uint id, out one_prog_maps_record record)
    {
        record = default;
        using Fd fd = new(LibBpf.bpf_prog_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        record.fd = (uint)fd.Value;
        if (_progMaps < 0) return ReadMapIds(fd, ref record);
        int errno = Run(_progMaps, ref record);
        return errno != 0 ? errno : record.error;
    }

    private static int ReadMapIds(in Fd fd, ref one_prog_maps_record record)
    {
        int errno = SyscallRecords.ReadProg(fd, out prog_record prog, record.map_ids);
        record.cnt = Math.Min(prog.used_map_cnt, (uint)((ReadOnlySpan<uint>)record.map_ids).Length);
        return errno;
    }

    /// <inheritdoc/>
    public Fd OpenProg(uint id) => new(LibBpf.bpf_prog_get_fd_by_id(id));

    /// <inheritdoc/>
    public int ReadFunction(in Fd prog, uint index, out one_prog_func_record record)
    {
        record = new one_prog_func_record { fd = (uint)prog.Value, index = index };
        int errno = prog.Errno != 0 ? prog.Errno : _progFunc < 0 ? LibC.ENOSYS : Run(_progFunc, ref record);
        return errno != 0 ? errno : record.error;
    }

    /// <summary>The map with this id.</summary>
    public int ReadMap(uint id, out one_map_record record)
    {
        using Fd fd = OpenMap(id);
        return ReadMap(in fd, out record);
    }

    /// <summary>The map behind a descriptor.</summary>
    public int ReadMap(in Fd fd, out one_map_record record)
    {
        record = default;
        if (fd.Errno != 0) return fd.Errno;
        record.fd = (uint)fd.Value;
        if (_map < 0) return SyscallRecords.ReadMap(fd, out record.map);
        int errno = Run(_map, ref record);
        return errno != 0 ? errno : record.error;
    }

    /// <summary>The link with this id.</summary>
    /// <param name="id">Of the link.</param>
    /// <param name="record">What the kernel's structures say.</param>
    /// <param name="info">What bpf(2) says.</param>
    /// <param name="name">Takes the name that bpf(2) has for it: tracepoint, iterator target, function, path; NUL at its end. Empty: none.</param>
    public int ReadLink(uint id, out one_link_record record, out bpf_link_info info, Span<byte> name)
    {
        record = default;
        info = default;
        name.Clear();
        using Fd fd = new(LibBpf.bpf_link_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        if (_link < 0) return SyscallRecords.ReadLink(fd, out record.link, out info, name);
        record.fd = (uint)fd.Value;
        int errno = Run(_link, ref record);
        if (errno == 0) errno = record.error;
        return errno != 0 ? errno : ReadInfo(fd, record.link.type, out info, name);
    }

    /// <summary>One function, counted from 0, of a kprobe_multi or uprobe_multi link; EINVAL: it has no such function.</summary>
    public int ReadLinkFunc(in Fd link, uint index, out link_func_record record) => ReadFunc(_linkFunc, link, index, out record);

    /// <summary>The name of a type of a BTF, the kernel's or a module's included; empty: it has no such type.</summary>
    public int ReadBtfName(in Fd btf, uint typeId, out link_func_record record) => ReadFunc(_btfFunc, btf, typeId, out record);

    private static int ReadFunc(int program, in Fd fd, uint func, out link_func_record record)
    {
        record = default;
        if (fd.Errno != 0) return fd.Errno;
        if (program < 0) return LibC.ENOSYS;
        record.fd = (uint)fd.Value;
        record.func = func;
        int errno = Run(program, ref record);
        return errno != 0 ? errno : record.error;
    }

    /// <summary>What a tracing_multi link is attached to: BTF type ids of functions, and their cookies, as many as both have room for.</summary>
    public static int ReadTracingMulti(in Fd link, Span<uint> ids, Span<ulong> cookies, out bpf_link_info info)
    {
        info = default;
        if (link.Errno != 0) return link.Errno;
        fixed (uint* idsStart = ids)
        fixed (ulong* cookiesStart = cookies)
        fixed (bpf_link_info* to = &info)
        {
            info.tracing_multi_ids = (ulong)idsStart;
            info.tracing_multi_cookies = (ulong)cookiesStart;
            info.tracing_multi_count = (uint)Math.Min(ids.Length, cookies.Length);
            int errno = LibBpf.ReadInfo(link.Value, to);
            return errno == LibC.ENOSPC ? 0 : errno; // there are more
        }
    }

    /// <summary>Whether a descriptor is of an iterator link with this target.</summary>
    internal static bool IsIteratorOf(in Fd fd, Target target)
    {
        if (!IsLink(fd)) return false;
        Span<byte> name = stackalloc byte[64];
        name.Clear();
        if (ReadInfo(fd, LinkType.Iter, out bpf_link_info info, name) != 0 || info.type != LinkType.Iter) return false;
        return name[..name.IndexOf((byte)0)].SequenceEqual(System.Text.Encoding.UTF8.GetBytes(target.Name));
    }

    /// <summary>The id of the link behind a descriptor; 0: it is no link, or no descriptor.</summary>
    internal static uint LinkIdOf(in Fd fd)
    {
        if (fd.Errno != 0 || !IsLink(fd)) return 0;
        return ReadInfo(fd, 0, out bpf_link_info info, default) == 0 ? info.id : 0;
    }

    /// <summary>
    /// Only the name of a descriptor tells its kind: bpf(2) fills in whatever structure belongs to it. A link that was opened is
    /// "bpf-link" (bpf_link_new_fd), one that was created "bpf_link" (bpf_link_prime, kernel/bpf/syscall.c).
    /// </summary>
    private static bool IsLink(in Fd fd) =>
        new FileInfo($"/proc/self/fd/{fd.Value}").LinkTarget is "anon_inode:bpf-link" or "anon_inode:bpf_link";

    internal static int ReadInfo(in Fd fd, uint linkType, out bpf_link_info info, Span<byte> name)
    {
        info = default;
        fixed (byte* buffer = name)
        fixed (bpf_link_info* to = &info)
        {
            int errno = LibBpf.ReadInfo(fd.Value, to);
            if (errno != 0) return errno;
            // Where the name's buffer is told depends on the type.
            switch (linkType)
            {
                case LinkType.RawTracepoint or LinkType.Iter:
                    info.buffer = (ulong)buffer;
                    info.buffer_size = (uint)name.Length;
                    break;
                case LinkType.UprobeMulti when info.uprobe_multi_path_size != 0:
                    uint pathSize = info.uprobe_multi_path_size;
                    info = default;
                    info.buffer = (ulong)buffer;
                    info.uprobe_multi_path_size = Math.Min(pathSize, (uint)name.Length);
                    break;
                case LinkType.PerfEvent when info.perf_event_type is PerfEventType.Uprobe or PerfEventType.Uretprobe or PerfEventType.Kprobe
                    or PerfEventType.Kretprobe or PerfEventType.Tracepoint:
                    info.perf_event_buffer = (ulong)buffer;
                    info.perf_event_buffer_size = (uint)name.Length;
                    break;
                default:
                    return 0;
            }
            errno = LibBpf.ReadInfo(fd.Value, to);
            return errno == LibC.ENOSPC ? 0 : errno; // a name that was cut is better than none
        }
    }

    /// <summary>A descriptor of the link with this id.</summary>
    public static Fd OpenLink(uint id) => new(LibBpf.bpf_link_get_fd_by_id(id));

    /// <summary>A descriptor of the BTF with this id.</summary>
    public static Fd OpenBtf(uint id) => new(LibBpf.bpf_btf_get_fd_by_id(id));

    /// <summary>A descriptor of the map with this id.</summary>
    public static Fd OpenMap(uint id) => new(LibBpf.bpf_map_get_fd_by_id(id));

    /// <summary>Runs a program of type syscall, whose context the record is, both ways.</summary>
    internal static int Run<T>(int program, ref T record)
        where T : unmanaged
    {
        fixed (T* context = &record)
        {
            var opts = new LibBpf.bpf_test_run_opts
            {
                sz = (nuint)sizeof(LibBpf.bpf_test_run_opts),
                ctx_in = context, // the kernel writes the context back to where it came from
                ctx_size_in = (uint)sizeof(T),
            };
            return -LibBpf.bpf_prog_test_run_opts(program, &opts);
        }
    }
}
