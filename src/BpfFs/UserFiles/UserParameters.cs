using BpfFs.KernelTables;
using BpfFs.Objects;
using BpfFs.Tasks;
using BpfFs.View;
using Iterators;
using Iterators.User;
using static Tmds.Linux.LibC;

namespace BpfFs.UserFiles;

/// <summary>
/// <c>iter/PROGRAM/</c>: what the program can be aimed at, by id, and <c>all</c> where it can also go over everything. Of maps, those that the kernel lets
/// it be attached to.
/// </summary>
internal sealed class UserParameters : ChildSource
{
    private const uint All = 0; // nothing has this id

    public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
    {
        key = 0;
        if (ProgramOf(context, parent) is not { } program) return ENOENT;
        uint id = All;
        if (program.Parameter == UserParameter.Map || !name.SequenceEqual("all"u8))
        {
            if (!TryParseId(name, out id)) return ENOENT;
        }
        key = UserKey.Of(program.Number, id);
        return 0; // whoever opens it finds out whether it exists
    }

    public override int List(ViewContext context, ulong parent, EntryList to)
    {
        if (ProgramOf(context, parent) is not { } program) return ENOENT;
        if (program.Parameter != UserParameter.Map) to.Add("all"u8, UserKey.Of(program.Number, All));
        EntryList ids = new();
        int errno = program.Parameter switch
        {
            UserParameter.Map => new ObjectIds(Maps.Kind).List(context, 0, ids),
            UserParameter.Task => new Processes().List(context, 0, ids),
            _ => ListCgroups(context, ids),
        };
        for (int i = 0; i < ids.Count; i++)
        {
            uint id = program.Parameter == UserParameter.Task ? TaskKey.PidOf(ids.Key(i)) : (uint)ids.Key(i);
            if (program.Parameter != UserParameter.Map || Fits(program, id)) to.Add(ids.Name(i), UserKey.Of(program.Number, id));
        }
        ids.Dispose();
        return errno;
    }

    /// <summary>Makes an iterator aimed at an id, or at everything. ENOENT: there is nothing of this id that it can be aimed at.</summary>
    public static Fd Create(UserProgram program, uint id)
    {
        if (program.Parameter == UserParameter.Map)
        {
            using Fd map = OneObject.OpenMap(id);
            return map.Errno != 0 ? new Fd(-map.Errno) : Missing(program.Create(IteratorParameter.Map(map)));
        }
        if (program.Parameter == UserParameter.Task) return Missing(program.Create(id == All ? IteratorParameter.None : IteratorParameter.Thread(id)));
        return Missing(program.Create(id == All ? IteratorParameter.AllCgroups : IteratorParameter.Cgroup(id)));
    }

    private static UserProgram? ProgramOf(ViewContext context, ulong parent) => context.UserIterators?.Current.Find((ushort)parent);

    private static bool Fits(UserProgram program, uint map)
    {
        using Fd fd = Create(program, map);
        return fd.Errno == 0;
    }

    /// <summary>What a wrong target is refused with: ESRCH, no such process; EINVAL, another type of map; EACCES, the program reads more than the map's values have.</summary>
    private static Fd Missing(Fd fd) => fd.Errno is var e && (e == ESRCH || e == EINVAL || e == EACCES || e == EBADF) ? new Fd(-ENOENT) : fd;

    private static int ListCgroups(ViewContext context, EntryList to) => !context.Iterators.Cgroups.IsThere ? 0 : Cgroup.Walk(context, (in Cgroup row) =>
    {
        if (row.Record.id <= uint.MaxValue) to.Add((uint)row.Record.id);
    });
}
