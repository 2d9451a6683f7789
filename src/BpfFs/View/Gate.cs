using Fuse;

namespace BpfFs.View;

/// <summary>Owner and permissions of one node.</summary>
/// <param name="Uid">User.</param>
/// <param name="Gid">Group.</param>
/// <param name="Permissions">Of a file; a directory may also be entered by whom it may be read by.</param>
/// <param name="State">Another number once anything has changed that decides who may read.</param>
internal readonly record struct Access(uint Uid, uint Gid, uint Permissions, ulong State = 0)
{
    /// <summary>The lower bits of st_mode.</summary>
    public uint ModeOf(Row row) => row is DirectoryRow ? Permissions | ((Permissions & 0x124) >> 2) : Permissions;
}

/// <summary>
/// Decides who may see nodes where this depends on the object and not on the row. The kernel asks anew for each access (their timeouts are 0), so
/// that nobody gets in on what it remembers of another moment.
/// </summary>
internal abstract class Gate
{
    /// <summary>True: a node that somebody may not read is not there for him, in lookups and listings, as with hidepid in /proc.</summary>
    public abstract bool Hides { get; }

    /// <summary>0 or an errno; ENOENT: there is no such object.</summary>
    public abstract int Find(ViewContext context, ulong key, out Access access);

    /// <summary>
    /// The kernel let the reader in by the owner that stat told it; this decides by the owner whose the contents are. Nobody, root included, gets anything that is made after they have
    /// become somebody else's: it would lie in the kernel's memory for whoever had the node open before. 0 or EACCES.
    /// </summary>
    public static int Bind(ViewContext context, in Request request, Row row, OpenFile opened)
    {
        if (row.Gate is not { Hides: true } gate) return 0;
        ulong key = NodeId.From(opened.Node).Key;
        bool isHis = gate.Find(context, key, out Access access) == 0 && opened.Access == access && gate.Admits(context, request, key);
        return isHis ? 0 : Tmds.Linux.LibC.EACCES;
    }

    /// <summary>Whether who asks may read what is there under a key.</summary>
    public abstract bool Admits(ViewContext context, in Request request, ulong key);

    /// <summary>Which keys he may read, of all that there are: for listings, in one pass.</summary>
    public abstract Predicate<ulong> AdmittedTo(ViewContext context, in Request request);
}
