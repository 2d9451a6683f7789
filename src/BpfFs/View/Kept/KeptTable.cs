using System.Runtime.InteropServices;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.View.Kept;

/// <summary>
/// What open handles of one kind hold, in memory that the next server finds: a slot for each handle, at the handle's own index. Whoever owns a handle calls for it
/// from one thread at a time. A server may be killed between any two instructions, so contents are written first and the word that makes them valid last; new
/// contents of a handle go beside the old ones.
/// </summary>
internal sealed unsafe class KeptTable
{
    /// <summary>Contents up to this size lie in a mapped page of the slot's own; larger ones are written to and read from the file.</summary>
    public const int PageSize = 4096;

    public const int MaxSlots = 65536;
    public const int SlotSize = 64;

    /// <summary>Two pages a slot, for the two sides.</summary>
    public const long PagesSize = (long)MaxSlots * 2 * PageSize;

    private const int WindowBits = 31; // of a slot in the file; half of it for each side
    private const long MaxLength = 1L << (WindowBits - 1);
    private const ulong SideBit = 1UL << 63;
    private const ulong AbsentBit = 1UL << 62; // no contents: a stream, or no memory
    private const ulong LengthMask = (1UL << 48) - 1;
    private const int WarmSlots = 256; // those keep their pages when they are free: 2 MiB
    private const int WarmWindows = 32; // and those up to 64 KiB of larger contents, 4 MiB: freeing and taking the pages costs more than filling them
    private const int WarmLength = 64 * 1024;
    private readonly Slot* _slots;
    private readonly byte* _pages;
    private readonly int _fd;
    private readonly long _pagesAt, _windowsAt;
    private readonly int* _used;

    public KeptTable(byte* start, int* used, long slotsAt, long pagesAt, long windowsAt, int fd)
    {
        _slots = (Slot*)(start + slotsAt);
        _pages = start + pagesAt;
        _pagesAt = pagesAt;
        _windowsAt = windowsAt;
        _used = used;
        _fd = fd;
    }

    [StructLayout(LayoutKind.Sequential, Size = SlotSize)]
    private struct Slot
    {
        public ulong Handle; // as HandleTable numbers it: odd generation = open
        public ulong Node;
        public ulong OpenedBy; // unique of OPEN
        public ulong StartedBy; // unique of the first READ, or of the last that took the contents anew; 0: not read
        public ulong Where; // side, absent, length
        public long Time; // OpenFile.Time
        public uint Uid; // of who opened it
        public uint Gid;
        public uint Thread; // SentBack; 0: it is open
    }

    /// <summary>One past the highest slot ever used.</summary>
    public int Used => Math.Clamp(Volatile.Read(ref *_used), 0, MaxSlots);

    /// <summary>
    /// Keeps a new handle. False: there is no slot for it, or no memory, and it is lost with this process. <paramref name="absentSize"/>, if not negative:
    /// there are no contents, but the file is said to have this size.
    /// </summary>
    public bool TryAdd(ulong handle, ulong node, in Opener openedBy, ReadOnlySpan<byte> contents, long absentSize = -1, long time = 0)
    {
        int index = (int)(uint)handle;
        if (index >= MaxSlots) return false;
        Slot* slot = _slots + index;
        bool isWritten = absentSize >= 0 || TryWrite(index, 0, contents);
        slot->Node = node;
        slot->OpenedBy = openedBy.Unique;
        slot->Uid = openedBy.Uid;
        slot->Gid = openedBy.Gid;
        slot->Thread = 0;
        slot->StartedBy = 0;
        slot->Time = time;
        slot->Where = isWritten && absentSize < 0 ? (ulong)contents.Length : AbsentBit | (ulong)Math.Max(absentSize, 0);
        int used;
        while ((used = Volatile.Read(ref *_used)) <= index && Interlocked.CompareExchange(ref *_used, index + 1, used) != used) { }
        Volatile.Write(ref slot->Handle, handle);
        return isWritten;
    }

    /// <summary>Replaces a handle's contents. False: they could not be kept, and the handle has none any more.</summary>
    public bool TryReplace(ulong handle, ulong startedBy, ReadOnlySpan<byte> contents, long absentSize = -1, long time = 0)
    {
        int index = (int)(uint)handle;
        Slot* slot = _slots + index;
        ulong before = slot->Where;
        int side = (before & SideBit) != 0 ? 0 : 1;
        bool isWritten = absentSize >= 0 || TryWrite(index, side, contents);
        // If we die before the last word, the READ that comes again takes the old contents: older, but not a mixture.
        Volatile.Write(ref slot->StartedBy, startedBy);
        slot->Time = time;
        Volatile.Write(ref slot->Where, (side == 1 ? SideBit : 0) | (isWritten && absentSize < 0 ? (ulong)contents.Length : AbsentBit | (ulong)Math.Max(absentSize, 0)));
        Drop(index, before);
        return isWritten;
    }

    /// <summary>Whether the handle has a slot.</summary>
    public bool Has(ulong handle) => (uint)handle < MaxSlots && _slots[(uint)handle].Handle == handle;

    /// <summary>The handle waits for this thread to open it again (<see cref="SentBack"/>).</summary>
    public void SetThread(ulong handle, uint thread)
    {
        if (Has(handle)) Volatile.Write(ref _slots[(uint)handle].Thread, thread);
    }

    /// <summary>The handle waits no longer: this request has opened it.</summary>
    public void SetOpened(ulong handle, ulong openedBy)
    {
        if (!Has(handle)) return;
        Volatile.Write(ref _slots[(uint)handle].OpenedBy, openedBy); // first: a request that comes again finds it either way
        Volatile.Write(ref _slots[(uint)handle].Thread, 0);
    }

    /// <summary>The handle was read, by this request first.</summary>
    public void Start(ulong handle, ulong unique) => Volatile.Write(ref _slots[(uint)handle].StartedBy, unique);

    /// <summary>Whether it was this request that started reading the contents, or had them taken anew.</summary>
    public bool IsStartedBy(ulong handle, ulong unique) => _slots[(uint)handle].StartedBy == unique;

    /// <summary>Bytes of the contents; how many, or -1: they cannot be read.</summary>
    public int Read(ulong handle, long offset, Span<byte> buffer)
    {
        int index = (int)(uint)handle;
        ulong where = _slots[index].Where;
        long rest = (where & AbsentBit) != 0 ? 0 : (long)(where & LengthMask) - offset;
        if (rest <= 0) return 0;
        int length = (int)Math.Min(rest, buffer.Length), done = 0;
        if ((where & LengthMask) <= PageSize)
        {
            new ReadOnlySpan<byte>(Page(index, SideOf(where)) + offset, length).CopyTo(buffer);
            return length;
        }
        fixed (byte* to = buffer)
        {
            while (done < length)
            {
                nint count = LibC.pread(_fd, to + done, (nuint)(length - done), WindowAt(index, SideOf(where)) + offset + done);
                if (count <= 0) return -1;
                done += (int)count;
            }
        }
        return length;
    }

    /// <summary>Frees the slot, before the handle's number is given to anybody else.</summary>
    public void Remove(ulong handle)
    {
        int index = (int)(uint)handle;
        if (index >= MaxSlots || _slots[index].Handle != handle) return;
        Volatile.Write(ref _slots[index].Handle, handle + (1UL << 32));
        Drop(index, _slots[index].Where);
    }

    /// <summary>The slot at an index.</summary>
    public KeptHandle At(int index)
    {
        Slot* slot = _slots + index;
        bool hasContents = (slot->Where & AbsentBit) == 0;
        return new KeptHandle(slot->Handle, slot->Node, slot->OpenedBy, slot->Uid, slot->Gid, slot->Thread, slot->StartedBy != 0, hasContents, (long)(slot->Where & LengthMask), slot->Time);
    }

    private static int SideOf(ulong where) => (where & SideBit) != 0 ? 1 : 0;

    private byte* Page(int index, int side) => _pages + ((((long)index * 2) + side) * PageSize);

    private long WindowAt(int index, int side) => _windowsAt + ((((long)index * 2) + side) << (WindowBits - 1));

    private bool TryWrite(int index, int side, ReadOnlySpan<byte> contents)
    {
        if (contents.Length <= PageSize)
        {
            contents.CopyTo(new Span<byte>(Page(index, side), PageSize));
            return true;
        }
        if (contents.Length > MaxLength) return false;
        fixed (byte* from = contents)
        {
            for (int done = 0; done < contents.Length;)
            {
                nint count = LibC.pwrite(_fd, from + done, (nuint)(contents.Length - done), WindowAt(index, side) + done);
                if (count > 0)
                {
                    done += (int)count;
                    continue;
                }
                Punch(WindowAt(index, side), contents.Length);
                return false;
            }
        }
        return true;
    }

    private void Drop(int index, ulong where)
    {
        if ((where & AbsentBit) != 0) return;
        long length = (long)(where & LengthMask);
        if (length > PageSize && (index >= WarmWindows || length > WarmLength)) Punch(WindowAt(index, SideOf(where)), length);
        else if (index >= WarmSlots && length is > 0 and <= PageSize) Punch(_pagesAt + ((((long)index * 2) + SideOf(where)) * PageSize), PageSize);
    }

    // Whole pages: of one that it is to free in part the kernel only clears that.
    private void Punch(long offset, long length) => LibC.fallocate(_fd, LibC.FALLOC_FL_PUNCH_HOLE | LibC.FALLOC_FL_KEEP_SIZE, offset, (length + PageSize - 1) & ~(PageSize - 1L));
}

/// <summary>The request that opens a handle.</summary>
/// <param name="Unique">Its number.</param>
/// <param name="Uid">File system user id of who asked.</param>
/// <param name="Gid">His group.</param>
internal readonly record struct Opener(ulong Unique, uint Uid, uint Gid);

/// <summary>A slot as the next server finds it.</summary>
/// <param name="Handle">0: never used.</param>
/// <param name="Node">It is of.</param>
/// <param name="OpenedBy">Unique of the request that opened it.</param>
/// <param name="Uid">Of who opened it.</param>
/// <param name="Gid">His group.</param>
/// <param name="Thread">It waits for this one to open it again; 0: it is open.</param>
/// <param name="IsRead">Whether it was read.</param>
/// <param name="HasContents">False: a stream that is produced while it is read, or contents that could not be kept.</param>
/// <param name="Size">Of the contents, or what the file is said to have.</param>
/// <param name="Time">Of the contents, <see cref="OpenFile.Time"/>.</param>
internal readonly record struct KeptHandle(ulong Handle, ulong Node, ulong OpenedBy, uint Uid, uint Gid, uint Thread, bool IsRead, bool HasContents, long Size, long Time)
{
    public bool IsOpen => ((Handle >> 32) & 1) == 1;
}
