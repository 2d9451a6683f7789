using System.Runtime.InteropServices;
using System.Text;
using static Tmds.Linux.LibC;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.View.Kept;

/// <summary>
/// A memory file (memfd_create(2)) with all that a server of the view must leave to the next one: the session with the kernel and what open handles hold. Somebody
/// else holds its descriptor, too, so it outlives a server that is killed. It is sparse: only what was written takes memory.
/// </summary>
internal sealed unsafe class KeptMemory : IDisposable
{
    private const ulong Magic = 0x32_77_65_69_76_66_70_62; // "bpfview2": the layout below; another one gets another number
    private const int HeaderSize = 16384;
    private const int MaxText = HeaderSize - 64;
    private const long SlotsSize = (long)KeptTable.MaxSlots * KeptTable.SlotSize;
    private const long FilePagesAt = HeaderSize + (2 * SlotsSize);
    private const long MappedSize = FilePagesAt + (2 * KeptTable.PagesSize);
    private const long FileWindowsAt = 1L << 48;
    private const long DirectoryWindowsAt = 2L << 48;
    private const long FileSize = 3L << 48;
    private byte* _start;

    /// <summary>What <see cref="TryOpen"/> says of a file of another version.</summary>
    public static int AnotherLayout => EPROTO;

    /// <summary>What a link to it in /proc/PID/fd says.</summary>
    public const string Link = "/memfd:bpffs-view (deleted)";

    /// <summary>Where in the file the keeper counts the reloads that failed: a 64-bit number.</summary>
    public const long FailedReloadsAt = sizeof(ulong);

    private KeptMemory(int descriptor, byte* start)
    {
        Descriptor = descriptor;
        _start = start;
        Header* header = (Header*)start;
        Files = new KeptTable(start, &header->UsedFiles, HeaderSize, FilePagesAt, FileWindowsAt, descriptor);
        Directories = new KeptTable(start, &header->UsedDirectories, HeaderSize + SlotsSize, FilePagesAt + KeptTable.PagesSize, DirectoryWindowsAt, descriptor);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Header
    {
        public ulong Magic;
        public long FailedReloads; // the keeper's
        public long StartTime;
        public long BootTime;
        public NodeSecret NodeSecret;
        public int UsedFiles;
        public int UsedDirectories;
        public int TextLength;
    }

    public int Descriptor { get; }

    public KeptTable Files { get; }

    public KeptTable Directories { get; }

    /// <summary>What the numbers of nodes are made with, so that they stay.</summary>
    public NodeSecret NodeSecret => ((Header*)_start)->NodeSecret;

    public long FailedReloads => Volatile.Read(ref ((Header*)_start)->FailedReloads);

    /// <summary>The view's times, so that they stay.</summary>
    public (long Start, long Boot) Times
    {
        get => (((Header*)_start)->StartTime, ((Header*)_start)->BootTime);
        set => (((Header*)_start)->StartTime, ((Header*)_start)->BootTime) = value;
    }

    /// <summary>What the server is to know before anything else: up to 16 KiB.</summary>
    public string Text
    {
        get => Encoding.UTF8.GetString(_start + sizeof(Header), Math.Clamp(((Header*)_start)->TextLength, 0, MaxText));
        set => ((Header*)_start)->TextLength = Encoding.UTF8.GetBytes(value, new Span<byte>(_start + sizeof(Header), MaxText));
    }

    /// <summary>A new one, or null and why not.</summary>
    public static KeptMemory? TryCreate(out int reason)
    {
        ulong* limit = stackalloc ulong[2];
        reason = EFBIG;
        if (LibC.getrlimit(LibC.RLIMIT_FSIZE, limit) == 0 && limit[0] != LibC.RLIM_INFINITY) return null; // writing would be SIGXFSZ
        int fd;
        fixed (byte* name = "bpffs-view\0"u8) fd = LibC.memfd_create(name, LibC.MFD_CLOEXEC);
        reason = Marshal.GetLastPInvokeError();
        if (fd < 0) return null;
        if (LibC.ftruncate(fd, FileSize) == 0 && Map(fd, out reason) is { } memory)
        {
            ((Header*)memory._start)->NodeSecret = NodeSecret.New();
            ((Header*)memory._start)->Magic = Magic;
            return memory;
        }
        LibC.close(fd);
        return null;
    }

    /// <summary>What an earlier server left; null and why: it is none of ours, or of another version. The descriptor is owned in either case.</summary>
    public static KeptMemory? TryOpen(int fd, out int reason)
    {
        if (Map(fd, out reason) is { } memory)
        {
            if (((Header*)memory._start)->Magic == Magic) return memory;
            reason = AnotherLayout;
            memory.Dispose();
            return null;
        }
        LibC.close(fd);
        return null;
    }

    public void Dispose()
    {
        if (_start == null) return;
        LibC.close(Descriptor);
        _start = null; // it stays mapped: a request on its way may still use it, and the process ends
    }

    private static KeptMemory? Map(int fd, out int reason)
    {
        void* start = mmap(null, (int)MappedSize, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        reason = start == MAP_FAILED ? errno : 0;
        return start == MAP_FAILED ? null : new KeptMemory(fd, (byte*)start);
    }
}
