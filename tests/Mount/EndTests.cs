using System.Globalization;

namespace Mount.Tests;

/// <summary>However a view ends, nothing of it stays: no mount, no pin, no program.</summary>
public sealed class EndTests
{
    private static void IsGone(MountedView view, HashSet<string> ids)
    {
        Assert.Equal(0, view.WaitForExit());
        Assert.Empty(Mounts.At(view.Root));
        Assert.False(Directory.Exists(view.PinDirectory) && Directory.EnumerateFileSystemEntries(view.PinDirectory).Any(), "a pin is left");
        Assert.NotEmpty(ids);
        Assert.Empty(Ids.Remaining(ids));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    [InlineData("QUIT")]
    public void A_signal(string name)
    {
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        Directory.GetFiles(view.Root);
        view.Signal(name);
        IsGone(view, ids);
    }

    [Fact]
    public void Signals_in_quick_succession()
    {
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        Tool.Shell("kill -TERM $1; kill -INT $1; kill -TERM $1", $"{view.ProcessId}");
        IsGone(view, ids);
    }

    [Fact]
    public void Hangup_does_not_end_it()
    {
        using MountedView view = new();
        view.Signal("HUP");
        Thread.Sleep(300);
        Assert.False(view.HasExited);
        Assert.NotEmpty(view.Read("progs.debug"));
    }

    [Fact]
    public void Umount()
    {
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        view.Read("progs.json");
        Tool.Run("umount", view.Root).Succeeded();
        IsGone(view, ids);
    }

    [Fact]
    public void Umount_while_a_file_is_open()
    {
        using BpfMap map = BpfMap.Create("end_open", MapType.Array, 4, 8, 60_000);
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        using (FileStream info = File.OpenRead(view.At("progs.debug")))
        using (FileStream entries = new(view.Of(map, "entries"), FileMode.Open, FileAccess.Read, FileShare.Read, 0))
        {
            Assert.NotEqual(0, Tool.Run("umount", view.Root).Code); // busy
            Assert.Single(Mounts.At(view.Root));
            Tool.Run("umount", "-l", view.Root).Succeeded();
            Assert.Empty(Mounts.At(view.Root));
            byte[] buffer = new byte[100_000];
            Assert.NotEqual(0, RandomAccess.Read(info.SafeFileHandle, buffer, 0)); // still served
            for (long at = 0; at < 2_000_000; at += buffer.Length) Assert.Equal(buffer.Length, RandomAccess.Read(entries.SafeFileHandle, buffer, at));
            Assert.False(view.HasExited);
        }
        IsGone(view, ids);
    }

    [Fact]
    public void A_signal_while_a_file_is_open()
    {
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        using FileStream open = File.OpenRead(view.At("progs.debug"));
        view.Signal("TERM");
        IsGone(view, ids);
        Assert.ThrowsAny<IOException>(() => RandomAccess.Read(open.SafeFileHandle, new byte[10], 0));
    }

    [Fact]
    public void A_signal_while_many_read()
    {
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        Directory.GetFiles(view.Root);
        using System.Diagnostics.Process load = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("sh",
            ["-c", "for i in 1 2 3 4; do (while cat \"$1/progs.json\" \"$1/maps.debug\" >/dev/null 2>&1; do :; done) & done; wait", "sh", view.Root]))!;
        Thread.Sleep(500);
        view.Signal("TERM");
        IsGone(view, ids);
        Assert.True(load.WaitForExit(Patience.Of(10)));
    }

    [Fact]
    public void A_background_view_ends_with_its_mount_or_a_signal()
    {
        foreach (string end in (string[])["umount \"$1\"", "kill -TERM $2", "umount -l \"$1\""])
        {
            using TemporaryDirectory directory = new();
            string pins = ViewBinary.NewPinDirectory();
            try
            {
                ViewBinary.Run(directory.Path, "--pin-dir", pins).Succeeded();
                Assert.Equal(2, ViewBinary.Processes(directory.Path).Length); // keeper and server
                int server = int.Parse(File.ReadLines($"{directory.Path}/status").Single(l => l.StartsWith("server:\t", StringComparison.Ordinal))[8..], CultureInfo.InvariantCulture);
                HashSet<string> ids = Ids.HeldBy(server);
                Tool.Shell(end, directory.Path, $"{server}").Succeeded();
                Assert.True(Poll.Until(() => !Directory.Exists($"/proc/{server}")), end);
                Assert.Empty(Mounts.At(directory.Path));
                Assert.False(File.Exists($"{pins}/progs"));
                Assert.NotEmpty(ids);
                Assert.Empty(Ids.Remaining(ids));
            }
            finally
            {
                ViewBinary.End(directory.Path, pins);
            }
        }
    }

    [Fact]
    public void A_dead_mount_is_replaced()
    {
        using MountedView first = new();
        HashSet<string> ids = Ids.HeldBy(first.ProcessId);
        Directory.GetFiles(first.Root);
        first.Signal("KILL");
        Poll.Until(() => first.HasExited);
        Assert.ThrowsAny<IOException>(() => Directory.GetFiles(first.Root)); // ENOTCONN
        Assert.True(File.Exists($"{first.PinDirectory}/progs")); // nobody was there to remove them

        using (MountedView second = new(new ViewOptions { MountPoint = first.Root, PinDirectory = first.PinDirectory }))
        {
            Assert.Single(Mounts.At(first.Root));
            Assert.NotEmpty(second.Read("progs.debug"));
            Assert.NotEmpty(File.ReadAllText($"{first.PinDirectory}/progs"));
            Assert.Empty(Ids.Remaining(ids)); // with the pins that were replaced, the last of the dead view is gone
            ids = Ids.HeldBy(second.ProcessId);
            second.Signal("TERM");
            IsGone(second, ids);
        }
    }

    [Fact]
    public void A_live_mount_is_refused_and_unharmed()
    {
        using MountedView view = new();
        string pins = ViewBinary.NewPinDirectory();
        string pinnedBefore = Tool.Run("stat", "-c", "%i", $"{view.PinDirectory}/progs").Output;
        foreach (string directory in (string[])[view.PinDirectory, pins])
        {
            foreach (string[] more in (string[][])[[], ["-f"]])
            {
                ToolResult result = ViewBinary.Run([view.Root, "--pin-dir", directory, .. more]);
                Assert.Equal(5, result.Code);
                Assert.Contains(view.Root, Assert.Single(result.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
            }
        }
        Assert.Single(Mounts.At(view.Root));
        Assert.Equal([view.ProcessId], ViewBinary.Processes(view.Root));
        Assert.NotEmpty(view.Read("progs.debug"));
        Assert.Equal(pinnedBefore, Tool.Run("stat", "-c", "%i", $"{view.PinDirectory}/progs").Output);
        Assert.False(Path.Exists(pins));
    }

    [Fact]
    public void Two_views_at_once()
    {
        using MountedView one = new(), two = new();
        one.Signal("TERM");
        Assert.Equal(0, one.WaitForExit());
        Assert.NotEmpty(two.Read("progs.debug"));
        Assert.NotEmpty(File.ReadAllText($"{two.PinDirectory}/progs"));
    }

    [Fact]
    public void Every_thread_has_only_the_capabilities_it_needs()
    {
        using Zoo zoo = new();
        using MountedView view = new();
        Tool.Shell("for i in 1 2 3 4; do find \"$1\" -type f -exec cat {} + >/dev/null & done; wait", view.Root);
        string[] threads = Directory.GetDirectories($"/proc/{view.ProcessId}/task");
        Assert.InRange(threads.Length, 3, 100);
        foreach (string thread in threads)
        {
            Dictionary<string, string> status = File.ReadAllLines($"{thread}/status").Select(l => l.Split(":\t")).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1].Trim());
            foreach (string set in (string[])["CapPrm", "CapEff", "CapBnd"]) Assert.Equal(ServerCapabilities.Mask, ulong.Parse(status[set], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            foreach (string set in (string[])["CapInh", "CapAmb"]) Assert.Equal(0UL, ulong.Parse(status[set], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
            Assert.Equal("1", status["NoNewPrivs"]);
            Assert.Equal("2", status["Seccomp"]); // SECCOMP_MODE_FILTER
        }
    }

    [Fact]
    public void Nothing_grows()
    {
        using Zoo zoo = new();
        using MountedView view = new();
        void Load() => Tool.Shell("for i in 1 2 3; do find \"$1\" -type f -exec cat {} + >/dev/null; ls -lR \"$1\" >/dev/null 2>&1; done; true", view.Root).Succeeded();
        int Descriptors() => Directory.GetFiles($"/proc/{view.ProcessId}/fd").Length;
        Load();
        int before = Descriptors();
        Load();
        Assert.True(Poll.Until(() => Descriptors() <= before), $"{before} descriptors became {Descriptors()}"); // RELEASE is not waited for
    }
}
