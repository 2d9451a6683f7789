using Fuse;

namespace BpfFs.View;

/// <summary>
/// The open files, by handle and by node: stat of an open file must tell the size of what was captured, and the kernel's stat
/// names only the node. The newest handle of a node speaks for it.
/// </summary>
internal sealed class OpenFiles
{
    private const int Buckets = 256;
    private readonly HandleTable<OpenFile> _handles = new();
    private readonly OpenFile?[] _chains = new OpenFile?[Buckets];
    private readonly Lock[] _locks = [.. Enumerable.Range(0, Buckets).Select(_ => new Lock())];

    public int Count => _handles.Count;

    public ulong Add(OpenFile file)
    {
        int bucket = BucketOf(file.Node);
        lock (_locks[bucket])
        {
            file.Next = _chains[bucket];
            _chains[bucket] = file;
        }
        return _handles.Add(file);
    }

    public OpenFile? Find(ulong handle) => _handles.Find(handle);

    public OpenFile? Remove(ulong handle)
    {
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

    private static int BucketOf(ulong node) => (int)((node * 0x9E3779B97F4A7C15) >> 56);
}

/// <summary>
/// What size the kernel was last told of a node: at open, if the new capture has another, the kernel must forget what it holds, because
/// sendfile(2) and mmap(2) end where it believes the file ends. One 64-bit word per slot, so no lock; a slot lost to another node only costs a
/// needless notification.
/// </summary>
internal sealed class SizeMemory
{
    private readonly ulong[] _slots = new ulong[4096];

    public void Told(ulong node, long size) => Volatile.Write(ref Slot(node), Mark(node, size));

    public bool WasTold(ulong node, long size) => Volatile.Read(ref Slot(node)) == Mark(node, size);

    public void Forget(ulong node) => Volatile.Write(ref Slot(node), 0);

    private ref ulong Slot(ulong node) => ref _slots[(node * 0x9E3779B97F4A7C15) >> 52];

    private static ulong Mark(ulong node, long size) => ((node ^ ((ulong)size << 1)) * 0xD6E8FEB86659FD93) | 1;
}
