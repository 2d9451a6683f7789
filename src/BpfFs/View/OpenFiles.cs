using BpfFs.View.Kept;
using Fuse;

namespace BpfFs.View;

/// <summary>
/// The open files, by handle and by node: stat of an open file must tell the size of what was captured, and the kernel's stat
/// names only the node. The newest handle of a node speaks for it.
/// </summary>
/// <param name="kept">Where they are kept for the next server; null: nowhere.</param>
internal sealed class OpenFiles(KeptTable? kept = null)
{
    private const int Buckets = 256;
    private readonly HandleTable<OpenFile> _handles = new();
    private readonly OpenFile?[] _chains = new OpenFile?[Buckets];
    private readonly Lock[] _locks = [.. Enumerable.Range(0, Buckets).Select(_ => new Lock())];

    private readonly Dictionary<ulong, ulong> _openedBy = []; // of adopted ones; does not change while requests are served

    public int Count => _handles.Count;

    /// <param name="file">To enter.</param>
    /// <param name="openedBy">Unique of the request that opens it.</param>
    public ulong Add(OpenFile file, ulong openedBy = 0)
    {
        Chain(file);
        ulong handle = _handles.Add(file);
        if (kept is not null) file.Keep(kept, handle, openedBy);
        return handle;
    }

    /// <summary>
    /// Goes on with what an earlier server had open. Of those that it may have opened without being able to say so, the requests come again:
    /// <see cref="FindOpenedBy"/>.
    /// </summary>
    /// <param name="adopt">Makes the file; null: it cannot be gone on with.</param>
    public void Adopt(Func<KeptHandle, OpenFile?> adopt)
    {
        if (kept is null) return;
        ulong[] numbers = new ulong[kept.Used];
        var files = new OpenFile?[numbers.Length];
        List<(ulong OpenedBy, OpenFile File)> inOrder = [];
        for (int i = 0; i < numbers.Length; i++)
        {
            KeptHandle found = kept.At(i);
            numbers[i] = found.Handle;
            files[i] = found.IsOpen ? adopt(found) : null;
            if (files[i] is { } file) inOrder.Add((found.OpenedBy, file));
            if (files[i] is not null) _openedBy[found.OpenedBy] = found.Handle;
            else if (found.IsOpen) kept.Remove(found.Handle);
        }
        _handles.Restore(numbers, files);
        inOrder.Sort((a, b) => a.OpenedBy.CompareTo(b.OpenedBy));
        foreach ((_, OpenFile file) in inOrder) Chain(file); // the newest of a node comes first
    }

    /// <summary>The handle that an earlier server made for a request which now comes again; 0: none.</summary>
    public ulong FindOpenedBy(in Request request) => request.IsResent && _openedBy.TryGetValue(request.Unique, out ulong handle) ? handle : 0;

    /// <summary>Whether a successor would know of it that it was sent back.</summary>
    public bool MayBeSentBack(ulong handle) => kept is null || kept.Has(handle);

    /// <summary>Its OPEN is answered with ESTALE, and comes again from this thread.</summary>
    public void SentBack(ulong handle, uint thread) => kept?.SetThread(handle, thread);

    /// <summary>It was opened after all, by this request.</summary>
    public void CameBack(ulong handle, ulong openedBy) => kept?.SetOpened(handle, openedBy);

    public OpenFile? Find(ulong handle) => _handles.Find(handle);

    public OpenFile? Remove(ulong handle)
    {
        if (kept is not null && _handles.Find(handle) is not null) kept.Remove(handle); // before the number can be another's
        if (!_handles.TryRemove(handle, out OpenFile? file)) return null;
        int bucket = BucketOf(file.Node);
        lock (_locks[bucket])
        {
            if (_chains[bucket] == file)
            {
                _chains[bucket] = file.Next;
            }
            else
            {
                OpenFile before = _chains[bucket]!;
                while (before.Next != file) before = before.Next!;
                before.Next = file.Next;
            }
            file.Next = null;
        }
        return file;
    }

    /// <summary>The size of the newest open file of a node.</summary>
    public bool TryGetSize(ulong node, out long size) => TryGetSize(node, out size, out _);

    /// <summary>Its size, and when its contents were taken (<see cref="OpenFile.Time"/>).</summary>
    public bool TryGetSize(ulong node, out long size, out long time)
    {
        size = time = 0;
        int bucket = BucketOf(node);
        if (_chains[bucket] is null) return false; // none, or one that is being added: its opener has not yet been told
        lock (_locks[bucket])
        {
            for (OpenFile? file = _chains[bucket]; file is not null; file = file.Next)
            {
                if (file.Node != node) continue;
                size = file.Size;
                time = file.Time;
                return true;
            }
        }
        return false;
    }

    private void Chain(OpenFile file)
    {
        int bucket = BucketOf(file.Node);
        lock (_locks[bucket])
        {
            file.Next = _chains[bucket];
            _chains[bucket] = file;
        }
    }

    private static int BucketOf(ulong node) => (int)((node * 0x9E3779B97F4A7C15) >> 56);
}

/// <summary>
/// What size the kernel was last told of a node: an open whose capture has another is sent back (<see cref="SentBack"/>). One 64-bit word per slot, so no
/// lock; a slot lost to another node only costs a needless way back.
/// </summary>
internal sealed class SizeMemory
{
    private readonly ulong[] _slots = new ulong[4096];

    public void Told(ulong node, long size) => Volatile.Write(ref Slot(node), Mark(node, size));

    public bool WasTold(ulong node, long size) => Volatile.Read(ref Slot(node)) == Mark(node, size);

    private ref ulong Slot(ulong node) => ref _slots[(node * 0x9E3779B97F4A7C15) >> 52];

    private static ulong Mark(ulong node, long size) => ((node ^ ((ulong)size << 1)) * 0xD6E8FEB86659FD93) | 1;
}
