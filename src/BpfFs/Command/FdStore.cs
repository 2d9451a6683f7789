using System.Runtime.InteropServices;
using System.Text;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>
/// Who keeps our descriptors while we live and hands them to our successor: the keeper, or systemd (FileDescriptorStoreMax=). Both are told in the words
/// of sd_notify(3) and sd_pid_notify_with_fds(3).
/// </summary>
internal sealed unsafe class FdStore
{
    public const string FuseName = "fuse";
    public const string MemoryName = "memory";

    // What the keeper starts us with, beside Launcher.ReadyDescriptor, which is the socket here.
    public const int SocketDescriptor = Launcher.ReadyDescriptor;
    public const int FuseDescriptor = SocketDescriptor + 1;
    public const int MemoryDescriptor = SocketDescriptor + 2;
    public const string HandedVariable = "BPFFS_VIEW_PART_HANDED"; // set: the two descriptors above are there
    public const string MountVariable = "BPFFS_VIEW_PART_MOUNT"; // absolute: the directory we are in may be another than at the first start
    public const string ForegroundVariable = "BPFFS_VIEW_PART_FOREGROUND";
    public const string RestartsVariable = "BPFFS_VIEW_PART_RESTARTS";

    private readonly string? _address; // of systemd
    private bool _isStored;

    private FdStore(string? address) => _address = address;

    public bool IsKeeper => _address is null;

    /// <summary>The open /dev/fuse of our predecessor; -1: there is none.</summary>
    public int Fuse { get; private set; } = -1;

    /// <summary>Its memory file; -1: there is none.</summary>
    public int Memory { get; private set; } = -1;

    /// <summary>The mount point, if we are not the keeper's first server.</summary>
    public static string? MountPoint => Environment.GetEnvironmentVariable(MountVariable);

    /// <summary>Who it is, for the status file.</summary>
    public string Name => IsKeeper
        ? $"{LibC.getppid()}, {Environment.GetEnvironmentVariable(RestartsVariable) ?? "0"} restarts"
        : "systemd";

    /// <summary>Finds the store; null: there is none.</summary>
    public static FdStore? Find(Keeping keeping)
    {
        if (Launcher.Own == Launcher.Part.KeptServer)
        {
            LibC.fcntl(SocketDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
            var kept = new FdStore(null);
            if (Environment.GetEnvironmentVariable(HandedVariable) is null) return kept; // the numbers are others' then
            LibC.fcntl(FuseDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
            LibC.fcntl(MemoryDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
            kept.Fuse = FuseDescriptor;
            kept.Memory = MemoryDescriptor;
            return kept;
        }
        // $FDSTORE (systemd 254) is how many descriptors it would keep.
        if (keeping == Keeping.Off || Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is not { Length: > 1 } address) return null;
        if (!int.TryParse(Environment.GetEnvironmentVariable("FDSTORE"), out int room) || room < 2) return null;
        var store = new FdStore(address);
        store.TakeFromSystemd();
        return store;
    }

    /// <summary>Hands over what the next server needs; in this order, as it needs both.</summary>
    public void Store(int memory, int fuse)
    {
        Send($"FDSTORE=1\nFDNAME={MemoryName}", memory);
        Send($"FDSTORE=1\nFDNAME={FuseName}", fuse);
        _isStored = true;
    }

    /// <summary>We end and nobody is to follow.</summary>
    public void Discard()
    {
        if (!_isStored && Fuse < 0) return;
        Send($"FDSTOREREMOVE=1\nFDNAME={FuseName}");
        Send($"FDSTOREREMOVE=1\nFDNAME={MemoryName}");
    }

    /// <summary>The keeper's; systemd is told by <see cref="ServiceManager"/>.</summary>
    public void TellReady(string mountPoint) => Send($"READY=1\nX_MOUNT={mountPoint}");

    /// <summary>All is loaded: returns when our predecessor is dead. False: so is the keeper.</summary>
    public bool WaitForTurn()
    {
        if (!IsKeeper) return true;
        Send("X_LOADED=1");
        byte go;
        LibC.iovec part = new() { iov_base = &go, iov_len = 1 };
        LibC.msghdr message = new() { msg_iov = &part, msg_iovlen = 1 };
        nint length;
        while ((length = LibC.recvmsg(SocketDescriptor, &message, 0)) < 0 && Marshal.GetLastPInvokeError() == Tmds.Linux.LibC.EINTR) { }
        return length == 1;
    }

    /// <summary>What systemd kept of a server before us: sd_listen_fds(3).</summary>
    private void TakeFromSystemd()
    {
        if (Environment.GetEnvironmentVariable("LISTEN_PID") != $"{Environment.ProcessId}") return;
        if (!int.TryParse(Environment.GetEnvironmentVariable("LISTEN_FDS"), out int count)) return;
        string[] names = (Environment.GetEnvironmentVariable("LISTEN_FDNAMES") ?? "").Split(':');
        for (int i = 0; i < Math.Min(count, names.Length); i++)
        {
            int fd = 3 + i; // SD_LISTEN_FDS_START
            LibC.fcntl(fd, LibC.F_SETFD, LibC.FD_CLOEXEC);
            if (names[i] == FuseName) Fuse = fd;
            if (names[i] == MemoryName) Memory = fd;
        }
    }

    private void Send(string text, int fd = -1)
    {
        if (_address is null)
        {
            Descriptors.Send(SocketDescriptor, text, fd, null);
            return;
        }
        int socket = LibC.socket(LibC.AF_UNIX, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0);
        if (socket < 0) return;
        Descriptors.Send(socket, text, fd, _address);
        LibC.close(socket);
    }
}

/// <summary>Messages with a descriptor, unix(7).</summary>
internal static unsafe class Descriptors
{
    /// <summary>0 or a positive errno.</summary>
    /// <param name="socket">Connected, unless there is an address.</param>
    /// <param name="text">The message.</param>
    /// <param name="fd">-1: none.</param>
    /// <param name="address">A path, or @ and an abstract name.</param>
    public static int Send(int socket, string text, int fd, string? address)
    {
        LibC.sockaddr_un to = new() { sun_family = LibC.AF_UNIX };
        byte[] name = Encoding.UTF8.GetBytes(address ?? "");
        if (name.Length >= 108) return Tmds.Linux.LibC.ENAMETOOLONG;
        name.CopyTo(new Span<byte>(to.sun_path, 108));
        if (name.Length > 0 && name[0] == '@') to.sun_path[0] = 0;
        LibC.cmsg_fd control = new() { cmsg_len = 20, cmsg_level = LibC.SOL_SOCKET, cmsg_type = LibC.SCM_RIGHTS, fd = fd }; // CMSG_LEN(sizeof(int))
        fixed (byte* bytes = Encoding.UTF8.GetBytes(text))
        {
            LibC.iovec part = new() { iov_base = bytes, iov_len = (nuint)Encoding.UTF8.GetByteCount(text) };
            LibC.msghdr message = new() { msg_iov = &part, msg_iovlen = 1 };
            if (address is not null)
            {
                message.msg_name = &to;
                message.msg_namelen = (uint)(sizeof(ushort) + name.Length);
            }
            if (fd >= 0)
            {
                message.msg_control = &control;
                message.msg_controllen = (nuint)sizeof(LibC.cmsg_fd);
            }
            while (LibC.sendmsg(socket, &message, LibC.MSG_NOSIGNAL) < 0)
            {
                int errno = Marshal.GetLastPInvokeError();
                if (errno != Tmds.Linux.LibC.EINTR) return errno;
            }
            return 0;
        }
    }

    /// <summary>A message if there is one; null: none now, or no more.</summary>
    public static string? Receive(int socket, out int fd, out bool isClosed)
    {
        byte* bytes = stackalloc byte[8192];
        LibC.cmsg_fd control = default;
        LibC.iovec part = new() { iov_base = bytes, iov_len = 8192 };
        LibC.msghdr message = new() { msg_iov = &part, msg_iovlen = 1, msg_control = &control, msg_controllen = (nuint)sizeof(LibC.cmsg_fd) };
        nint length = LibC.recvmsg(socket, &message, LibC.MSG_DONTWAIT | LibC.MSG_CMSG_CLOEXEC);
        isClosed = length == 0;
        fd = length > 0 && message.msg_controllen >= 20 && control.cmsg_type == LibC.SCM_RIGHTS ? control.fd : -1;
        return length > 0 ? Encoding.UTF8.GetString(bytes, (int)length) : null;
    }
}
