using System.Runtime.InteropServices;
using System.Text;
using LibC = BpfFs.Native.LibC;

namespace BpfFs.Command;

/// <summary>
/// Who keeps our descriptors while we live and hands them to our successor: the server's keeper, and the keeper's systemd (FileDescriptorStoreMax=). Both are
/// told in the words of sd_notify(3) and sd_pid_notify_with_fds(3).
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
    public const string BesideVariable = "BPFFS_VIEW_PART_BESIDE"; // set: our predecessor lives until our turn

    private readonly string? _address; // of systemd

    private FdStore(string? address) => _address = address;

    /// <summary>The open /dev/fuse of our predecessor; -1: there is none.</summary>
    public int Fuse { get; private set; } = -1;

    /// <summary>Its memory file; -1: there is none.</summary>
    public int Memory { get; private set; } = -1;

    /// <summary>The mount point, if we are not the keeper's first server.</summary>
    public static string? MountPoint => Environment.GetEnvironmentVariable(MountVariable);

    /// <summary>Whether our predecessor goes on if we do not start.</summary>
    public static bool IsBeside => Environment.GetEnvironmentVariable(BesideVariable) is not null;

    /// <summary>Who it is, for the status file.</summary>
    public static string Name => $"{LibC.getppid()}, {Environment.GetEnvironmentVariable(RestartsVariable) ?? "0"} restarts";

    /// <summary>The server's; null: it has none.</summary>
    public static FdStore? OfServer()
    {
        if (Launcher.Own != Launcher.Part.KeptServer) return null;
        LibC.fcntl(SocketDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        var store = new FdStore(null);
        if (Environment.GetEnvironmentVariable(HandedVariable) is null) return store; // the numbers are others' then
        LibC.fcntl(FuseDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        LibC.fcntl(MemoryDescriptor, LibC.F_SETFD, LibC.FD_CLOEXEC);
        store.Fuse = FuseDescriptor;
        store.Memory = MemoryDescriptor;
        return store;
    }

    /// <summary>The keeper's; null: it has none.</summary>
    public static FdStore? OfKeeper()
    {
        // $FDSTORE is how many descriptors systemd would keep: it says so itself from 254 on, the unit for those before.
        if (!ServiceManager.Listens || !int.TryParse(Environment.GetEnvironmentVariable("FDSTORE"), out int room) || room < 2) return null;
        var store = new FdStore(Environment.GetEnvironmentVariable("NOTIFY_SOCKET"));
        store.TakeFromSystemd();
        return store;
    }

    /// <summary>Hands over what the next one needs, in the place of what was handed over before; in this order, as it needs both.</summary>
    public void Store(int memory, int fuse)
    {
        Send($"FDSTOREREMOVE=1\nFDNAME={MemoryName}"); // systemd would keep two of a name
        Send($"FDSTOREREMOVE=1\nFDNAME={FuseName}");
        Send($"FDSTORE=1\nFDNAME={MemoryName}", memory);
        Send($"FDSTORE=1\nFDNAME={FuseName}", fuse);
    }

    /// <summary>Tells the keeper; systemd is told by <see cref="ServiceManager"/>.</summary>
    public void TellReady(string mountPoint) => Send($"READY=1\nX_MOUNT={mountPoint}");

    /// <summary>All is loaded: returns when our predecessor is dead. False: so is the keeper.</summary>
    public bool WaitForTurn()
    {
        Send("X_LOADED=1");
        byte go;
        LibC.iovec part = new() { iov_base = &go, iov_len = 1 };
        LibC.msghdr message = new() { msg_iov = &part, msg_iovlen = 1 };
        nint length;
        while ((length = LibC.recvmsg(SocketDescriptor, &message, 0)) < 0 && Marshal.GetLastPInvokeError() == Tmds.Linux.LibC.EINTR) { }
        return length == 1;
    }

    /// <summary>What systemd kept of a keeper before us: sd_listen_fds(3).</summary>
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
        if (_address is null) Descriptors.Send(SocketDescriptor, text, fd, null);
        else Descriptors.SendTo(_address, text, fd);
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
        if (name.Length > 108) return Tmds.Linux.LibC.ENAMETOOLONG;
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

    /// <summary>To whom a path or an abstract name tells; 0 or a positive errno: EAFNOSUPPORT for others (vsock).</summary>
    /// <param name="address">A path, or @ and an abstract name.</param>
    /// <param name="text">The message.</param>
    /// <param name="fd">-1: none.</param>
    public static int SendTo(string address, string text, int fd = -1)
    {
        if (address[0] is not ('/' or '@')) return Tmds.Linux.LibC.EAFNOSUPPORT;
        int socket = LibC.socket(LibC.AF_UNIX, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0);
        if (socket < 0) return Marshal.GetLastPInvokeError();
        int errno = Send(socket, text, fd, address);
        LibC.close(socket);
        return errno;
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
