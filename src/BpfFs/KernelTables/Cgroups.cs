using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.KernelTables;

/// <summary><c>kernel/cgroups</c>: the cgroup2 hierarchy.</summary>
internal ref struct Cgroup
{
    public ref readonly cgroup_row_record Record;

    /// <summary>From the root of the hierarchy.</summary>
    public ReadOnlySpan<byte> Path;

    public static readonly RecordTable<Cgroup> Table = new(
        Walk,
        (new("id", "inode of its directory", (in c, in to) => to.Number(c.Record.id)), 12),
        (new("level", "how deep it lies; 0: the root", (in c, in to) => to.Number(c.Record.level)), 5),
        (new("descendants", "cgroups in it and below", (in c, in to) => to.Number(c.Record.descendants), Knows(cgroup_row_known_flags.CGROUP_HAS_DESCENDANTS)), 11),
        (new("dying", "removed ones among them that something still keeps", (in c, in to) => to.Number(c.Record.dying_descendants), Knows(cgroup_row_known_flags.CGROUP_HAS_DYING)), 5),
        (new("populated", "whether there are processes in it or below", (in c, in to) => to.Bool(c.Record.populated != 0), Knows(cgroup_row_known_flags.CGROUP_HAS_POPULATED)), 9),
        (new("path", "from the root of the hierarchy", (in c, in to) => to.Text(c.Path)), 0));

    /// <summary>Every cgroup; 0 or an errno. Parents come before children, so that a path is its parent's and a name.</summary>
    public static int Walk(ViewContext context, RecordTable<Cgroup>.Visitor visit)
    {
        TextBuffer path = context.TextBuffers.Rent();
        path.Clear();
        List<int> ends = [];
        using var walk = new RecordWalk<cgroup_row_record>(context, context.Iterators.Cgroups.Create(IteratorParameter.AllCgroups));
        int top = -1;
        while (walk.MoveNext())
        {
            ref readonly cgroup_row_record r = ref walk.Current;
            if (top < 0) top = (int)r.level; // of the server's cgroup namespace
            int depth = (int)r.level - top;
            if (depth > ends.Count) continue; // its parent came while this walk was past it
            if (depth < ends.Count) ends.RemoveRange(depth, ends.Count - depth);
            path.Truncate(depth == 0 ? 0 : ends[depth - 1]);
            if (depth > 0)
            {
                path.Append((byte)'/');
                path.Append(r.name.Text);
            }
            ends.Add(path.Length);
            visit(new Cgroup { Record = ref r, Path = depth == 0 ? "/"u8 : path.Written });
        }
        int errno = walk.Errno;
        context.TextBuffers.Return(path);
        return errno;
    }

    private static Field<Cgroup>.Predicate Knows(cgroup_row_known_flags what) => (in c) => ((cgroup_row_known_flags)c.Record.known & what) != 0;
}
