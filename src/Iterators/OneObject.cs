using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>
/// The record of one object, at a cost that does not depend on how many exist: the object's descriptor is taken by id, and a BPF
/// program run by BPF_PROG_RUN finds the object behind it (bpf/one.h). Every method gives 0 or a positive errno: ENOENT when there is
/// no such object, EPERM without CAP_SYS_ADMIN, EMFILE. Nothing is allocated.
/// </summary>
public sealed unsafe class OneObject
{
    private readonly int _prog, _progMaps, _map, _link;

    internal OneObject(int prog, int progMaps, int map, int link)
    {
        _prog = prog;
        _progMaps = progMaps;
        _map = map;
        _link = link;
    }

    /// <summary>The program with this id, and the ids of the maps it uses: the first <c>cnt</c> of <c>map_ids</c>.</summary>
    public int ReadProg(uint id, out one_prog_record record, out one_prog_maps_record maps)
    {
        record = default;
        maps = default;
        using Fd fd = new(LibBpf.bpf_prog_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        record.fd = maps.fd = (uint)fd.Value;
        int errno = Run(_prog, ref record);
        if (errno != 0 || record.error != 0 || record.prog.used_map_cnt == 0) return errno != 0 ? errno : record.error;
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
        int errno = Run(_progMaps, ref record);
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
        int errno = Run(_map, ref record);
        return errno != 0 ? errno : record.error;
    }

    /// <summary>The link with this id.</summary>
    public int ReadLink(uint id, out one_link_record record)
    {
        record = default;
        if (_link < 0) return LibC.ENOSYS;
        using Fd fd = new(LibBpf.bpf_link_get_fd_by_id(id));
        if (fd.Errno != 0) return fd.Errno;
        record.fd = (uint)fd.Value;
        int errno = Run(_link, ref record);
        return errno != 0 ? errno : record.error;
    }

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
