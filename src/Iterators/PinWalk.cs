using System.Runtime.InteropServices;
using System.Text;
using Iterators.Native;
using LibC = Tmds.Linux.LibC;

namespace Iterators;

/// <summary>A mount of a bpffs.</summary>
/// <param name="Namespace">Inode of the mount namespace.</param>
/// <param name="Point">From the root of that namespace: <c>/sys/fs/bpf</c>. Empty: mounted nowhere.</param>
/// <param name="Root">The part of the bpffs it shows; empty: all.</param>
public sealed record PinMount(uint Namespace, byte[] Point, byte[] Root);

/// <summary>A pin.</summary>
/// <param name="Kind">What is pinned: PIN_PROG, PIN_MAP, PIN_LINK.</param>
/// <param name="Id">Its id.</param>
/// <param name="Path">From the root of the bpffs: <c>/dir/name</c>.</param>
public readonly record struct Pin(pin_what Kind, uint Id, byte[] Path);

/// <summary>One bpffs.</summary>
public sealed class PinFileSystem
{
    /// <summary>Every mount of it.</summary>
    public List<PinMount> Mounts { get; } = [];

    /// <summary>Every pin in it.</summary>
    public List<Pin> Pins { get; } = [];
}

/// <summary>
/// Finds what is pinned, in every bpffs, mounted or not, in any mount namespace (bpf/pins.h), with no privilege beyond those for BPF itself.
/// How to tell a pinned program from a map or a link, the kernel shows on pins of ours, in a bpffs that is mounted nowhere. Thread-safe.
/// </summary>
public sealed unsafe class PinWalk : IDisposable
{
    private const int FSCONFIG_CMD_CREATE = 6;
    private const int CLOEXEC = 1; // FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC
    private const int OutputSize = 256 * 1024; // PIN_OUTPUT_SIZE
    private const int Attempts = 10; // at a walk in one piece while others pin and unpin
    private static readonly string[] s_names = ["bpffs_view_prog", "bpffs_view_map", "bpffs_view_link"];
    private readonly Lock _lock = new(); // the output is one for all
    private readonly int _program;
    private readonly int[] _pins = [-1, -1, -1];
    private byte* _output;

    private PinWalk(int program) => _program = program;

    /// <summary>Gets ready; 0 or an errno.</summary>
    /// <param name="program">walk_pins.</param>
    /// <param name="output">The map it writes to.</param>
    /// <param name="link">Any link.</param>
    /// <param name="walk">Null if it cannot be done.</param>
    internal static int Open(int program, int output, int link, out PinWalk? walk)
    {
        walk = new PinWalk(program);
        int errno = walk.MakePins([program, output, link]);
        if (errno == 0)
        {
            void* mapped = LibC.mmap(null, OutputSize, LibC.PROT_READ, LibC.MAP_SHARED, output, 0);
            if (mapped == LibC.MAP_FAILED) errno = LibC.errno;
            else walk._output = (byte*)mapped;
        }
        if (errno == 0) return 0;
        walk.Dispose();
        walk = null;
        return errno;
    }

    /// <summary>Every bpffs but our own, as they are now; 0 or an errno, EAGAIN: they change too fast.</summary>
    public int Read(out List<PinFileSystem> found)
    {
        var parser = new PinParser();
        found = parser.Found;
        lock (_lock)
        {
            if (_output is null) return LibC.EBADF;
            for (int attempt = 0; attempt < Attempts; attempt++)
            {
                parser.Clear();
                int errno = ReadAll(parser, out bool isTorn);
                if (errno != 0 || !isTorn) return errno;
            }
        }
        return LibC.EAGAIN;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_output is not null) LibC.munmap(_output, OutputSize);
            _output = null;
            foreach (int fd in _pins)
            {
                if (fd >= 0) LibC.close(fd);
            }
            _pins.AsSpan().Fill(-1);
        }
    }

    private int ReadAll(PinParser parser, out bool isTorn)
    {
        isTorn = false;
        uint first = 0;
        do
        {
            var record = new walk_pins_record { prog_fd = (uint)_pins[0], map_fd = (uint)_pins[1], link_fd = (uint)_pins[2], first = first };
            int errno = OneObject.Run(_program, ref record);
            if (errno == 0) errno = record.error;
            if (errno != 0) return errno;
            isTorn = record.torn != 0;
            if (isTorn) return 0;
            parser.Add(new ReadOnlySpan<byte>(_output, (int)record.length));
            first = record.next;
        }
        while (first != 0);
        return 0;
    }

    /// <summary>The bpffs lives as long as descriptors of its files do.</summary>
    private int MakePins(ReadOnlySpan<int> objects)
    {
        int errno = MakeFileSystem(out int mount);
        for (int i = 0; errno == 0 && i < objects.Length; i++)
        {
            fixed (byte* path = Encoding.UTF8.GetBytes($"/proc/self/fd/{mount}/{s_names[i]}\0"))
            {
                errno = -LibBpf.bpf_obj_pin(objects[i], path);
                if (errno != 0) break;
                _pins[i] = LibC.open(path, LibC.O_PATH | LibC.O_CLOEXEC);
                if (_pins[i] < 0) errno = LibC.errno;
            }
        }
        if (mount >= 0) LibC.close(mount);
        return errno;
    }

    private static int MakeFileSystem(out int mount)
    {
        mount = -1;
        int context;
        fixed (byte* type = "bpf\0"u8) context = (int)Native.LibC.syscall(Native.LibC.SYS_fsopen, (nint)type, CLOEXEC, 0, 0, 0);
        if (context < 0) return Marshal.GetLastPInvokeError();
        if (Native.LibC.syscall(Native.LibC.SYS_fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0) == 0)
            mount = (int)Native.LibC.syscall(Native.LibC.SYS_fsmount, context, CLOEXEC, 0, 0, 0);
        int errno = mount < 0 ? Marshal.GetLastPInvokeError() : 0;
        LibC.close(context);
        return errno;
    }
}

/// <summary>Puts together what walk_pins writes: an item, then the parts of its path, the last first.</summary>
internal sealed class PinParser
{
    private readonly Dictionary<uint, PinFileSystem> _byDevice = [];
    private readonly List<byte> _path = [];
    private PinFileSystem _system = new();
    private pin_record _item;
    private byte[] _mountPoint = [];
    private uint _namespace;

    public List<PinFileSystem> Found { get; } = [];

    public void Clear()
    {
        Found.Clear();
        _byDevice.Clear();
        _path.Clear();
        _item = default;
    }

    public void Add(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            ref readonly pin_record record = ref MemoryMarshal.AsRef<pin_record>(records);
            records = records[System.Runtime.CompilerServices.Unsafe.SizeOf<pin_record>()..];
            ReadOnlySpan<byte> name = records[..(int)record.length];
            records = records[(((int)record.length + 7) & ~7)..];
            if (record.what == pin_what.PIN_NAME)
            {
                _path.InsertRange(0, name);
                _path.Insert(0, (byte)'/');
                continue;
            }
            EndItem();
            _item = record;
        }
        EndItem();
        _item = default;
    }

    private void EndItem()
    {
        byte[] path = [.. _path];
        _path.Clear();
        switch (_item.what)
        {
            case pin_what.PIN_SUPER:
                if (_byDevice.TryGetValue(_item.dev, out PinFileSystem? known)) // the walk went on in it
                {
                    _system = known;
                    break;
                }
                Found.Add(_byDevice[_item.dev] = _system = new PinFileSystem());
                break;
            case pin_what.PIN_MOUNT:
                _mountPoint = path;
                _namespace = _item.id;
                break;
            case pin_what.PIN_MOUNT_ROOT:
                _system.Mounts.Add(new PinMount(_namespace, _mountPoint, path));
                break;
            case pin_what.PIN_PROG or pin_what.PIN_MAP or pin_what.PIN_LINK:
                if (_item.id != 0) _system.Pins.Add(new Pin(_item.what, _item.id, path)); // 0: just being freed
                break;
        }
    }
}
