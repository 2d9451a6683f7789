using System.Text;
using BpfFs.Rendering;

namespace BpfFs.View;

/// <summary>Who may read a file. The mount options choose the group.</summary>
internal enum Tier
{
    /// <summary>0644: names, types, sizes, counts, relations.</summary>
    Public,

    /// <summary>0640: what is the group's, but names no process.</summary>
    Group,

    /// <summary>0640: who holds what; with hidepids 0600, and for others than root not there.</summary>
    Processes,

    /// <summary>0600: contents of maps, code.</summary>
    Private,
}

/// <summary>Fills a file's contents about the object <paramref name="key"/>. 0 or a positive errno; ENOENT: there is no such object, or it has no such file.</summary>
internal delegate int Render(ViewContext context, ulong key, TextBuffer to);

/// <summary>One row of the view's table: everything that is known of the paths of one shape.</summary>
internal abstract class Row(string path, Tier tier)
{
    /// <summary>From the root; <c>&lt;x&gt;</c> stands for a name that its parent's <see cref="ChildSource"/> knows. The root's is empty.</summary>
    public string Path { get; } = path;

    public Tier Tier { get; } = tier;

    /// <summary>The upper part of its nodes' numbers.</summary>
    public ushort Number { get; } = NodeId.RowOf(path);

    /// <summary>
    /// Of its nodes as those see them who may not read what is in them: stat(2) then says nothing of the contents. 0: it has no such nodes, everybody may read it, or its
    /// <see cref="Gate"/> decides.
    /// </summary>
    public ushort SealedNumber => IsSealable ? NodeId.RowOf(Path + "\0sealed") : (ushort)0;

    /// <summary>The last part of the path.</summary>
    public byte[] Name { get; } = Encoding.UTF8.GetBytes(path[(path.LastIndexOf('/') + 1)..]);

    public bool IsDynamic => Name.Length > 0 && Name[0] == '<';

    /// <summary>The kind of object that the key names; null: none, or a name's hash.</summary>
    public ObjectKind? Subject { get; init; }

    /// <summary>Decides on each node; null: <see cref="Tier"/> does.</summary>
    public Gate? Gate { get; init; }

    /// <summary>Whose file it is, where that depends on who asks; null: everybody's. The kernel then does not keep the name, but asks each time.</summary>
    public KeyOfAsker? ByAsker { get; init; }

    /// <summary>Its time is that of its contents: now, and of an open file, when they were taken. Else it is the object's or the view's.</summary>
    public bool IsOfNow { get; init; }

    /// <summary>Whether what it is made from is there; null: it always is. A row whose source the kernel refuses is absent.</summary>
    public Func<bool>? IsThere { get; init; }

    /// <summary>
    /// What it is made of is behind locks that a user can hold as long as he likes: of his process's memory, of his sockets, of the network. Only a bounded number of such requests are served at
    /// a time, so that there is always a thread for the others (<see cref="UserAccounts.TryWait"/>); more are EBUSY.
    /// </summary>
    public bool MayWait { get; init; }

    /// <summary>S_IFMT bits and permissions.</summary>
    public abstract uint Mode { get; }

    /// <summary>Whether its size is a secret of those who may read it.</summary>
    public bool IsSealable => this is FileRow or StreamRow && Tier != Tier.Public && Gate is null;
}

/// <summary>A directory: the rows below it, and what <paramref name="children"/> finds.</summary>
internal sealed class DirectoryRow(string path, ChildSource? children = null, Tier tier = Tier.Public) : Row(path, tier)
{
    public ChildSource? Children { get; } = children;

    /// <summary>Rows below it with fixed names.</summary>
    public List<Row> Fixed { get; } = [];

    /// <summary>The rows of what <see cref="Children"/> finds, by <see cref="ChildSource.ShapeOf"/>.</summary>
    public List<Row> Dynamic { get; } = [];

    public override uint Mode => 0x4000u | Tier switch // S_IFDIR
    {
        Tier.Public => 0x1ED, // 0755
        Tier.Group or Tier.Processes => 0x1E8, // 0750: the names in it tell who holds something
        _ => 0x1C0, // 0700
    };
}

/// <summary>A file whose contents are rendered at open and held until it is closed or read from the start again.</summary>
internal sealed class FileRow(string path, Tier tier, Render render) : Row(path, tier)
{
    public Render Render { get; } = render;

    /// <summary>The kernel counts the runs of programs while the file is open, and each read from its start renders it anew.</summary>
    public bool CountsRuns { get; init; }

    /// <summary>It stays as it is for the life of the object, and rendering it is so much work that its size is worth remembering.</summary>
    public bool Lasts { get; init; }

    /// <summary>Whether the object has such a file, as far as what is public tells, without rendering it; 0 or an errno. Null: it always has.</summary>
    public Func<ViewContext, ulong, int>? Exists { get; init; }

    public override uint Mode => FileMode(Tier);

    public static uint FileMode(Tier tier) => 0x8000u | tier switch // S_IFREG
    {
        Tier.Public => 0x1A4, // 0644
        Tier.Group or Tier.Processes => 0x1A0, // 0640
        _ => 0x180, // 0600
    };
}

/// <summary>A file that may be larger than memory: produced while it is read.</summary>
internal sealed class StreamRow(string path, Tier tier, StreamSource source) : Row(path, tier)
{
    public StreamSource Source { get; } = source;

    /// <summary>Its contents are the same for everybody and do not change while the object lives: they are made and held once (<see cref="SharedFile"/>).</summary>
    public bool IsShared { get; init; }

    public override uint Mode => FileRow.FileMode(Tier);
}

/// <summary>A symbolic link; <paramref name="target"/> renders where it points.</summary>
internal sealed class SymlinkRow(string path, Render target) : Row(path, Tier.Public)
{
    public Render Target { get; } = target;

    public override uint Mode => 0xA000 | 0x1FF; // S_IFLNK | 0777
}
