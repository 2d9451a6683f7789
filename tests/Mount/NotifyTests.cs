using System.Net.Sockets;
using System.Text;

namespace Mount.Tests;

/// <summary>What a server in the foreground tells systemd, sd_notify(3).</summary>
public sealed class NotifyTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void It_says_when_it_is_ready_and_when_it_stops(bool isAbstract)
    {
        using var directory = new TemporaryDirectory();
        string path = directory.At("notify");
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 15_000 };
        manager.Bind(new UnixDomainSocketEndPoint(isAbstract ? "\0" + path : path));
        using var view = new MountedView(new ViewOptions { Environment = { ["NOTIFY_SOCKET"] = isAbstract ? "@" + path : path } });
        Assert.Equal($"READY=1\nSTATUS=mounted on {view.Root}", Receive(manager));
        view.Signal("TERM");
        Assert.Equal("STOPPING=1", Receive(manager));
        Assert.Equal(0, view.WaitForExit());
    }

    [Fact]
    public void A_socket_that_is_not_there_is_a_warning()
    {
        using var view = new MountedView(new ViewOptions { Environment = { ["NOTIFY_SOCKET"] = "/nowhere/notify" } });
        Assert.True(Poll.Until(() => view.Log.Contains("systemd is not told that the view is ready: No such file", StringComparison.Ordinal), 10), view.Log);
        Assert.NotEmpty(view.Read("progs.debug"));
    }

    [Fact]
    public void A_server_in_the_background_says_nothing()
    {
        using var directory = new TemporaryDirectory();
        using var manager = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        manager.Bind(new UnixDomainSocketEndPoint(directory.At("notify")));
        string mountPoint = MountedView.NewMountPoint(), pins = ViewBinary.NewPinDirectory();
        try
        {
            Tool.RunWith(new Dictionary<string, string> { ["NOTIFY_SOCKET"] = directory.At("notify") }, ViewBinary.Path, mountPoint, "--pin-dir", pins).Succeeded();
            Assert.Equal(0, manager.Available);
        }
        finally
        {
            ViewBinary.End(mountPoint, pins);
            Directory.Delete(mountPoint);
        }
    }

    private static string Receive(Socket from)
    {
        byte[] room = new byte[4096];
        return Encoding.UTF8.GetString(room, 0, from.Receive(room));
    }
}
