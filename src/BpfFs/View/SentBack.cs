using Fuse;

namespace BpfFs.View;

/// <summary>
/// Opens that were sent back to look at the size first. Contents are taken at OPEN, and the kernel may know another size by then: sendfile(2) and mmap(2) end where it
/// believes the file to end. A notification could tell it, but then a worker waits for a page whose READ it should serve itself. So OPEN is ESTALE once: the kernel
/// then looks the path up anew (do_filp_open(), fs/namei.c), is told size and time of the contents that wait here, and opens again, all in the thread that opens.
/// A thread has one such open at most. No call waits for anything but the lock, and nothing is done under it that could.
/// </summary>
/// <param name="close">Closes the handle of one that nobody came back for.</param>
internal sealed class SentBack(Action<ulong> close)
{
    /// <summary>So many threads may be on their way; of them so many of one user who is not root. Others open with the size that the kernel knows.</summary>
    public const int Most = 1024, MostOfUser = 64;

    private const long Lasts = 1000; // ms: what came back later is taken anew, as it is to be of now
    private readonly Dictionary<uint, Entry> _byThread = [];
    private readonly Lock _lock = new();
    private int _count; // to look at without the lock

    private readonly record struct Entry(ulong Node, ulong Handle, uint Uid, uint Gid, long Since);

    /// <summary>False: not this one. Else its OPEN is to be answered with ESTALE, and <see cref="TryTake"/> finds it when it comes again.</summary>
    public bool TryAdd(in Request request, ulong node, ulong handle)
    {
        if (request.Pid == 0) return false; // in another pid namespace: nobody could tell whose it is
        List<ulong>? old = null;
        bool isAdded;
        lock (_lock)
        {
            long now = Environment.TickCount64;
            int ofUser = 0;
            foreach ((uint thread, Entry entry) in _byThread)
            {
                if (now - entry.Since > Lasts)
                {
                    (old ??= []).Add(entry.Handle);
                    _byThread.Remove(thread); // allowed while one enumerates it
                }
                else if (entry.Uid == request.Uid)
                {
                    ofUser++;
                }
            }
            isAdded = _byThread.Count < Most && (request.Uid == 0 || ofUser < MostOfUser)
                && _byThread.TryAdd(request.Pid, new Entry(node, handle, request.Uid, request.Gid, now));
            Volatile.Write(ref _count, _byThread.Count);
        }
        foreach (ulong gone in old ?? []) close(gone);
        return isAdded;
    }

    /// <summary>Of an earlier server's: its thread has still to come back.</summary>
    public void Restore(uint thread, ulong node, ulong handle, uint uid, uint gid)
    {
        lock (_lock)
        {
            if (_byThread.Remove(thread, out Entry before)) close(before.Handle);
            _byThread[thread] = new Entry(node, handle, uid, gid, Environment.TickCount64);
            Volatile.Write(ref _count, _byThread.Count);
        }
    }

    /// <summary>Whether the thread was sent back, and must not be again. The handle: what waits for it; 0: nothing that it may have.</summary>
    public bool TryTake(in Request request, ulong node, out ulong handle)
    {
        handle = 0;
        if (Volatile.Read(ref _count) == 0) return false;
        Entry entry;
        lock (_lock)
        {
            if (!_byThread.Remove(request.Pid, out entry)) return false;
            Volatile.Write(ref _count, _byThread.Count);
        }
        // The number of a thread that was killed on its way may be another's by now.
        bool isIts = entry.Node == node && entry.Uid == request.Uid && entry.Gid == request.Gid && Environment.TickCount64 - entry.Since <= Lasts;
        if (isIts) handle = entry.Handle;
        else close(entry.Handle);
        return true;
    }
}
