using System.Globalization;

namespace Mount.Tests;

/// <summary>The view over io_uring, as a user meets it.</summary>
public sealed class RingViewTests
{
    private static readonly ViewOptions s_ring = new() { IsOverIoUring = true };

    private static string Transport(MountedView view) => view.Read("status").Split('\n').Single(l => l.StartsWith("transport:\t", StringComparison.Ordinal))[11..];

    [Fact]
    public void Status_tells_how_requests_come()
    {
        using MountedView off = new(new ViewOptions { Arguments = ["--io-uring", "off"] });
        Assert.Matches("^/dev/fuse, [0-9]+ workers$", Transport(off));
        using MountedView view = new(s_ring);
        Assert.Matches(RingSwitch.IsThere ? "^io_uring, [0-9]+ queues$" : "^/dev/fuse, [0-9]+ workers \\(.*Linux 6\\.14.*\\)$", Transport(view));
    }

    [Fact]
    public void With_the_capabilities_it_needs_only()
    {
        using MountedView view = new(s_ring);
        string[] lines = File.ReadAllLines($"/proc/{view.ProcessId}/status");
        Assert.Equal(ServerCapabilities.Mask, ulong.Parse(lines.Single(l => l.StartsWith("CapEff:", StringComparison.Ordinal))[8..], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
        Assert.Contains("NoNewPrivs:\t1", lines);
        if (RingSwitch.IsThere) Assert.StartsWith("io_uring", Transport(view), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("KILL")]
    public void Its_end_frees_those_who_read(string signal)
    {
        using MountedView view = new(s_ring);
        using FileStream open = new(view.At("progs.json"), FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using System.Diagnostics.Process readers = System.Diagnostics.Process.Start(
            "sh", ["-c", "for i in 1 2 3 4; do (while cat \"$0/progs.debug\"; do :; done) >/dev/null 2>&1 & done; wait", view.Root]);
        Assert.True(Poll.Until(() => view.Read("status").Contains("requests:\tRELEASE ", StringComparison.Ordinal)));
        view.Signal(signal);
        Assert.True(readers.WaitForExit(Patience.Of(10)), "a reader still waits");
        if (signal == "TERM") Assert.Equal(0, view.WaitForExit());
        Assert.ThrowsAny<IOException>(() => RandomAccess.Read(open.SafeFileHandle, new byte[10], 0));
    }

    [Fact]
    public void On_fails_where_the_kernel_does_not_offer_it()
    {
        using TemporaryDirectory directory = new();
        using RingSwitch off = new(isOn: false);
        ToolResult result = ViewBinary.Run(directory.At(""), "-f", "--no-pins", "-o", "io_uring=on");
        Assert.Equal(4, result.Code);
        Assert.Contains("io_uring=on: the kernel does not offer it", result.Errors, StringComparison.Ordinal);
        Assert.Empty(Mounts.At(directory.At("")));
        Assert.Matches("(?m)^FUSE over io_uring +off ", ViewBinary.Run("check").Output);
    }
}
