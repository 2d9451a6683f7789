using System.Runtime.InteropServices;
using Iterators.Native;

namespace Iterators;

/// <summary>
/// Programs, maps and links as far as bpf(2) and fdinfo tell of them, in the records that iterators write: for kernels that let no BPF program read their memory
/// (lockdown=confidentiality). Each method gives 0 or a positive errno.
/// </summary>
public static unsafe class SyscallRecords
{
    /// <summary>What bpf(2) and fdinfo tell of a program, in <see cref="prog_record.known"/>; the rest only the kernel's structures do.</summary>
    private const prog_known_flags KnownOfProgs = prog_known_flags.PROG_HAS_UID | prog_known_flags.PROG_HAS_XLATED | prog_known_flags.PROG_HAS_JITED | prog_known_flags.PROG_HAS_PAGES
        | prog_known_flags.PROG_HAS_TAG | prog_known_flags.PROG_HAS_RUNS | prog_known_flags.PROG_HAS_MISSES | prog_known_flags.PROG_HAS_GPL_COMPATIBLE;

    /// <summary>Likewise of a map, in <see cref="map_record.known"/>.</summary>
    private const map_known_flags KnownOfMaps = map_known_flags.MAP_HAS_KEY_SIZE | map_known_flags.MAP_HAS_VALUE_SIZE | map_known_flags.MAP_HAS_MAX_ENTRIES | map_known_flags.MAP_HAS_FLAGS
        | map_known_flags.MAP_HAS_FROZEN;

    private static readonly Lazy<Btf?> s_kernelBtf = new(() => Btf.TryLoad(BtfObjects.KernelId, out _));

    /// <summary>A program, and as many ids of its maps as there is room for.</summary>
    public static int ReadProg(in Fd fd, out prog_record record, Span<uint> mapIds)
    {
        record = default;
        bpf_prog_info info = default;
        int errno;
        fixed (uint* ids = mapIds)
        {
            info.map_ids = (ulong)ids;
            info.nr_map_ids = (uint)mapIds.Length;
            errno = LibBpf.ReadInfo(fd.Value, &info);
        }
        if (errno != 0) return errno;
        errno = MapFdInfo.Read(fd, out MapFdInfo fdInfo);
        if (errno != 0) return errno;
        record.load_time = info.load_time;
        record.run_time_ns = info.run_time_ns;
        record.run_cnt = info.run_cnt;
        record.recursion_misses = info.recursion_misses;
        record.id = info.id;
        record.type = info.type;
        record.flags = (info.reserved & 1) != 0 ? (uint)prog_flags.PROG_GPL_COMPATIBLE : 0;
        record.known = (uint)KnownOfProgs;
        record.uid = info.created_by_uid;
        record.btf_id = info.btf_id;
        record.bytes_xlated = info.xlated_prog_len;
        record.bytes_jited = info.jited_prog_len;
        record.pages = (uint)(fdInfo.memlock / Environment.SystemPageSize);
        record.used_map_cnt = info.nr_map_ids;
        record.func_cnt = info.nr_jited_ksyms > 1 ? info.nr_jited_ksyms : 0;
        record.verified_insns = info.verified_insns;
        record.attach_btf_id = info.attach_btf_id;
        record.line_info_cnt = info.nr_line_info;
        mapIds[..Math.Min(Math.Min(mapIds.Length, (int)info.nr_map_ids), FirstMaps)].CopyTo(record.map_ids);
        new ReadOnlySpan<byte>(info.tag, 8).CopyTo(record.tag);
        new ReadOnlySpan<byte>(info.name, 16).CopyTo(record.name);
        CopyFullName(fd, info, record.name);
        CopyTypeName(info.attach_btf_obj_id, info.attach_btf_id, record.attach_func);
        return 0;
    }

    /// <summary>A map.</summary>
    public static int ReadMap(in Fd fd, out map_record record)
    {
        record = default;
        bpf_map_info info = default;
        int errno = LibBpf.ReadInfo(fd.Value, &info);
        if (errno != 0) return errno;
        errno = MapFdInfo.Read(fd, out MapFdInfo fdInfo);
        if (errno != 0) return errno;
        record.known = (uint)KnownOfMaps;
        record.map_extra = info.map_extra;
        record.id = info.id;
        record.type = info.type;
        record.key_size = info.key_size;
        record.value_size = info.value_size;
        record.max_entries = info.max_entries;
        record.map_flags = info.map_flags;
        record.btf_id = info.btf_id;
        record.btf_key_type_id = info.btf_key_type_id;
        record.btf_value_type_id = info.btf_value_type_id;
        record.btf_vmlinux_value_type_id = info.btf_vmlinux_value_type_id;
        record.struct_ops_btf_id = info.btf_vmlinux_id;
        record.frozen = fdInfo.frozen;
        record.numa_node = -1;
        new ReadOnlySpan<byte>(info.name, 16).CopyTo(record.name);
        return 0;
    }

    /// <summary>A link.</summary>
    /// <param name="fd">Of it.</param>
    /// <param name="record">As <see cref="OneObject.ReadLink"/>.</param>
    /// <param name="info">As there.</param>
    /// <param name="name">As there.</param>
    public static int ReadLink(in Fd fd, out link_record record, out bpf_link_info info, Span<byte> name)
    {
        record = default;
        int errno = OneObject.ReadInfo(fd, 0, out info, default);
        if (errno == 0) errno = OneObject.ReadInfo(fd, info.type, out info, name);
        if (errno != 0) return errno;
        record.id = info.id;
        record.type = info.type;
        record.prog_id = info.prog_id;
        bpf_prog_info prog = default;
        if (info.prog_id != 0 && ReadProgInfo(info.prog_id, ref prog) == 0) new ReadOnlySpan<byte>(prog.name, 16).CopyTo(record.prog_name);
        Span<byte> target = record.target_func;
        ReadOnlySpan<byte> known = name.IndexOf((byte)0) is >= 0 and int end ? name[..Math.Min(end, target.Length - 1)] : default;
        known.CopyTo(target);
        switch (info.type)
        {
            case LinkType.RawTracepoint:
                record.cookie = info.raw_tracepoint_cookie;
                break;
            case LinkType.Tracing:
                record.target_btf_id = info.tracing_target_btf_id;
                record.cookie = info.tracing_cookie;
                CopyTypeName(prog.attach_btf_obj_id, info.tracing_target_btf_id, target);
                if (!IsKernels(prog.attach_btf_obj_id)) SetTargetProg(ref record, info.tracing_target_obj_id);
                break;
            case LinkType.Cgroup:
                record.cgroup_id = info.cgroup_id;
                record.known = (uint)link_known_flags.LINK_HAS_CGROUP;
                break;
            case LinkType.Iter:
                if (known.SequenceEqual("cgroup"u8)) record.cgroup_id = info.iter_cgroup_id;
                else if (known.SequenceEqual("bpf_map_elem"u8) || known.SequenceEqual("bpf_sk_storage_map"u8) || known.SequenceEqual("sockmap"u8)) SetMap(ref record, info.iter_map_id);
                break;
            case LinkType.Netns:
                record.netns_ino = info.first;
                record.known = (uint)link_known_flags.LINK_HAS_NETNS;
                break;
            case LinkType.Xdp or LinkType.Tcx or LinkType.Netkit:
                record.ifindex = info.first;
                record.known = (uint)link_known_flags.LINK_HAS_DEVICE;
                break;
            case LinkType.StructOps or LinkType.Sockmap:
                SetMap(ref record, info.first);
                break;
            case LinkType.Netfilter:
                record.nf_family = info.first;
                record.nf_hook = info.second;
                record.nf_priority = info.netfilter_priority;
                record.known = (uint)link_known_flags.LINK_HAS_NETFILTER;
                break;
            case LinkType.KprobeMulti:
                record.func_cnt = info.buffer_size;
                record.flags = info.kprobe_multi_flags;
                record.known = (uint)(link_known_flags.LINK_HAS_FUNCS | link_known_flags.LINK_HAS_FLAGS);
                break;
            case LinkType.UprobeMulti:
                record.func_cnt = info.uprobe_multi_count;
                record.known = (uint)link_known_flags.LINK_HAS_FUNCS;
                break;
            case LinkType.PerfEvent:
                SetPerfEvent(ref record, info);
                break;
        }
        return 0;
    }

    internal static SyscallWalk<prog_record> Progs { get; } = new(SyscallIds.Progs, (in fd, to) =>
    {
        int errno = ReadProg(fd, out prog_record record, stackalloc uint[FirstMaps]);
        if (errno == 0) to.Add(record);
        return errno;
    });

    internal static SyscallWalk<prog_row_record> ProgRows { get; } = new(SyscallIds.Progs, (in fd, to) =>
    {
        int errno = ReadProg(fd, out prog_record record, default);
        if (errno == 0) to.Add(new prog_row_record { load_time = record.load_time, id = record.id, type = record.type, pages = record.pages, known = record.known, tag = record.tag, name = record.name, attach_func = record.attach_func });
        return errno;
    });

    internal static SyscallWalk<prog_map_record> ProgMaps { get; } = new(SyscallIds.Progs, (in fd, to) =>
    {
        Span<uint> ids = stackalloc uint[MaxUsedMaps];
        int errno = ReadProg(fd, out prog_record record, ids);
        if (errno != 0) return errno;
        foreach (uint id in ids[..Math.Min(ids.Length, (int)record.used_map_cnt)]) to.Add(new prog_map_record { prog_id = record.id, map_id = id });
        return 0;
    });

    internal static SyscallWalk<map_record> Maps { get; } = new(SyscallIds.Maps, (in fd, to) =>
    {
        int errno = ReadMap(fd, out map_record record);
        if (errno == 0) to.Add(record);
        return errno;
    });

    internal static SyscallWalk<link_record> Links { get; } = new(SyscallIds.Links, (in fd, to) =>
    {
        int errno = ReadLink(fd, out link_record record, out _, stackalloc byte[256]);
        if (errno == 0) to.Add(record);
        return errno;
    });

    /// <summary>A name that the kernel cut to 15 characters is whole in the program's BTF, by bpftool's rule (get_prog_full_name).</summary>
    private static void CopyFullName(in Fd fd, in bpf_prog_info info, Span<byte> name)
    {
        if (name[14] == 0 || info.btf_id == 0 || info.nr_func_info == 0) return;
        bpf_func_info first = default;
        bpf_prog_info again = new() { func_info = (ulong)&first, nr_func_info = 1, func_info_rec_size = (uint)sizeof(bpf_func_info) };
        if (LibBpf.ReadInfo(fd.Value, &again) != 0) return;
        using Btf? btf = Btf.TryLoad(info.btf_id, out _);
        if (btf is null) return;
        ReadOnlySpan<byte> full = btf.TypeName(first.type_id);
        if (full.Length > 15 && full.StartsWith(name[..15])) full[..Math.Min(full.Length, name.Length - 1)].CopyTo(name);
    }

    private static int FirstMaps => sizeof(u32_4) / sizeof(uint); // of prog_record.map_ids

    private static int MaxUsedMaps => sizeof(u32_64) / sizeof(uint); // of one_prog_maps_record.map_ids

    private static void SetTargetProg(ref link_record record, uint id)
    {
        record.target_prog_id = id;
        bpf_prog_info info = default;
        if (ReadProgInfo(id, ref info) == 0) new ReadOnlySpan<byte>(info.name, 16).CopyTo(record.target_name);
    }

    private static void SetMap(ref link_record record, uint id)
    {
        record.map_id = id;
        using Fd fd = OneObject.OpenMap(id);
        bpf_map_info info = default;
        if (fd.Errno == 0 && LibBpf.ReadInfo(fd.Value, &info) == 0) new ReadOnlySpan<byte>(info.name, 16).CopyTo(record.target_name);
    }

    /// <summary>Before Linux 6.6 bpf(2) tells nothing of perf events.</summary>
    private static void SetPerfEvent(ref link_record record, in bpf_link_info info)
    {
        record.perf_kind = (perf_link_kind)info.perf_event_type;
        switch (info.perf_event_type)
        {
            case PerfEventType.Event:
                record.perf_config = info.perf_event_buffer;
                record.perf_type = info.perf_event_buffer_size;
                record.known = (uint)link_known_flags.LINK_HAS_PERF_EVENT;
                record.cookie = info.perf_event_cookie;
                break;
            case PerfEventType.Kprobe or PerfEventType.Kretprobe:
                record.offset = info.perf_event_offset;
                record.known = (uint)link_known_flags.LINK_HAS_OFFSET;
                record.cookie = info.perf_event_kprobe_cookie;
                break;
            case PerfEventType.Uprobe or PerfEventType.Uretprobe:
                record.offset = info.perf_event_offset;
                record.known = (uint)link_known_flags.LINK_HAS_OFFSET;
                record.cookie = info.perf_event_cookie;
                break;
            case PerfEventType.Tracepoint:
                record.cookie = info.perf_event_cookie;
                break;
        }
    }

    private static bool IsKernels(uint btf) => BtfObjects.Read(btf, out bpf_btf_info info, default) != 0 || info.kernel_btf != 0;

    private static void CopyTypeName(uint btf, uint type, Span<byte> to)
    {
        if (btf == 0 || type == 0) return;
        using Btf? loaded = btf == BtfObjects.KernelId ? null : Btf.TryLoad(btf, out _);
        ReadOnlySpan<byte> name = ((btf == BtfObjects.KernelId ? s_kernelBtf.Value : loaded) is { } found) ? found.TypeName(type) : default;
        to.Clear();
        name[..Math.Min(name.Length, to.Length - 1)].CopyTo(to);
    }

    private static int ReadProgInfo(uint id, ref bpf_prog_info info)
    {
        using Fd fd = new(LibBpf.bpf_prog_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        fixed (bpf_prog_info* to = &info) return LibBpf.ReadInfo(fd.Value, to);
    }

    /// <summary><c>struct bpf_map_info</c>, <c>&lt;linux/bpf.h&gt;</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct bpf_map_info
    {
        public uint type;
        public uint id;
        public uint key_size;
        public uint value_size;
        public uint max_entries;
        public uint map_flags;
        public fixed byte name[16];
        public uint ifindex;
        public uint btf_vmlinux_value_type_id;
        public ulong netns_dev;
        public ulong netns_ino;
        public uint btf_id;
        public uint btf_key_type_id;
        public uint btf_value_type_id;
        public uint btf_vmlinux_id;
        public ulong map_extra;
    }
}
