using System.Runtime.InteropServices;
using BpfFs.Rendering;
using BpfFs.View.Kept;
using Fuse;

namespace BpfFs.View;

/// <summary>
/// An open directory: its entries as they were when it was opened or rewound, so that a listing in pieces neither repeats nor leaves out
/// what was there all the time.
/// </summary>
internal sealed class OpenDirectory : IDisposable
{
    private readonly List<(Row Row, long Size)> _fixed = [];

    public Lock Lock { get; } = new();

    public NodeId Node { get; private set; }

    public DirectoryRow Row { get; private set; } = null!;

    public EntryList Entries { get; } = new();

    /// <summary>Whether any of it was read.</summary>
    public bool IsRead { get; set; }

    /// <summary>When the object it is about was loaded; 0: not known.</summary>
    public ulong LoadTime { get; private set; }

    /// <summary>Where it is kept for the next server; null: nowhere.</summary>
    public KeptTable? Kept { get; set; }

    public ulong Handle { get; set; }

    /// <summary>Who opened it: file system user and group ids.</summary>
    public uint Uid { get; set; }

    public uint Gid { get; set; }

    public int FixedCount => _fixed.Count;

    /// <summary>Takes the entries anew; 0 or an errno.</summary>
    public int Take(ViewFileSystem view, in Request request, DirectoryRow row, NodeId node)
    {
        Row = row;
        Node = node;
        IsRead = false;
        LoadTime = 0;
        _fixed.Clear();
        Entries.Clear();
        if (row.Subject is { } subject)
        {
            // An object's files: which of them it has, and how large they are, out of one reading of it.
            using (ObjectKind.Hold())
            {
                int errno = subject.Stat(view.Context, (uint)node.Key, out ulong loadTime);
                if (errno != 0) return errno;
                LoadTime = loadTime;
                foreach (Row child in row.Fixed)
                {
                    if (!view.Shows(request, child)) continue;
                    // The size of a stream costs a walk: whoever wants it asks for it.
                    long size = -1;
                    errno = child is StreamRow stream ? stream.Source.Exists(view.Context, node.Key) : view.SizeOf(child, node.Key, out size);
                    if (errno != Tmds.Linux.LibC.ENOENT) _fixed.Add((child, errno == 0 ? size : -1));
                }
            }
        }
        else
        {
            foreach (Row child in row.Fixed)
            {
                if (view.Shows(request, child)) _fixed.Add((child, -1));
            }
        }
        int listed = row.Children?.List(view.Context, node.Key, Entries) ?? 0;
        if (listed == 0 && row.Dynamic is [{ Gate.Hides: true } found, ..] && request.Uid != 0) LeaveOutHidden(view.Context, request, found.Gate!);
        return listed;
    }

    /// <summary>
    /// The entries as bytes, for the next server: when the object was loaded, how many rows are fixed, each one's number and size; then what comes and goes.
    /// </summary>
    public void Save(TextBuffer to)
    {
        Put(to, LoadTime);
        Put(to, (long)_fixed.Count);
        foreach ((Row row, long size) in _fixed)
        {
            Put(to, (long)row.Number);
            Put(to, size);
        }
        Entries.Save(to);
    }

    /// <summary>The reverse. False: it does not fit this version's table.</summary>
    public bool TryLoad(Tree tree, DirectoryRow row, NodeId node, ReadOnlySpan<byte> from)
    {
        Row = row;
        Node = node;
        _fixed.Clear();
        Entries.Clear();
        LoadTime = Get<ulong>(ref from);
        for (long count = Get<long>(ref from); count > 0; count--)
        {
            if (tree.Find((ushort)Get<long>(ref from)) is not { } child) return false;
            _fixed.Add((child, Get<long>(ref from)));
        }
        Entries.Load(from);
        return Entries.Count == 0 || row.Dynamic.Count > 0;
    }

    internal static void Put<T>(TextBuffer to, T value)
        where T : unmanaged => to.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    internal static T Get<T>(ref ReadOnlySpan<byte> from)
        where T : unmanaged
    {
        T value = MemoryMarshal.Read<T>(from);
        from = from[Marshal.SizeOf<T>()..];
        return value;
    }

    public void Dispose() => Entries.Dispose();

    private void LeaveOutHidden(ViewContext context, in Request request, Gate gate)
    {
        HashSet<ulong> seen = [];
        for (int i = 0; i < Entries.Count; i++)
        {
            if (gate.Find(context, Entries.Key(i), out Access access) == 0 && gate.Admits(context, request, access)) seen.Add(Entries.Key(i));
        }
        Entries.Keep(seen.Contains);
    }

    public (Row Row, long Size) Fixed(int index) => _fixed[index];
}
