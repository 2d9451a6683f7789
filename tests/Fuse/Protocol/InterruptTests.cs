using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Fuse.Tests;

/// <summary>INTERRUPT and its request may come in either order over io_uring, where the kernel tells it once.</summary>
public sealed class InterruptTests
{
    private readonly Asks _fileSystem = new();
    private readonly Wire _wire;

    public InterruptTests()
    {
        _wire = new Wire(_fileSystem);
        _wire.Dispatcher.PrepareRings = () => true;
        _wire.Send(26, 0, new fuse_init_in { major = 7, minor = 42, flags = uint.MaxValue, flags2 = uint.MaxValue });
    }

    [Fact]
    public void An_early_interrupt_is_kept_for_its_request()
    {
        Assert.Equal(0, _wire.Send(OpcodeTable.InterruptCode, 0, new fuse_interrupt_in { unique = 12 }, unique: 13)); // no EAGAIN: nobody would take it
        _wire.Send(OpcodeTable.OpenCode, 1, new fuse_open_in(), unique: 10);
        Assert.False(_fileSystem.WasInterrupted);
        _wire.Send(OpcodeTable.OpenCode, 1, new fuse_open_in(), unique: 12);
        Assert.True(_fileSystem.WasInterrupted);
        _wire.Send(OpcodeTable.OpenCode, 1, new fuse_open_in(), unique: 14);
        Assert.False(_fileSystem.WasInterrupted);
    }

    [Fact]
    public void The_last_ones_are_kept()
    {
        for (ulong unique = 2; unique <= 2000; unique += 2) _wire.Send(OpcodeTable.InterruptCode, 0, new fuse_interrupt_in { unique = unique }, unique: 1);
        _wire.Send(OpcodeTable.OpenCode, 1, new fuse_open_in(), unique: 2);
        Assert.False(_fileSystem.WasInterrupted);
        for (ulong unique = 1960; unique <= 2000; unique += 2)
        {
            _wire.Send(OpcodeTable.OpenCode, 1, new fuse_open_in(), unique);
            Assert.True(_fileSystem.WasInterrupted);
        }
    }

    [Fact]
    public async Task None_is_lost_between_two_threads()
    {
        FuseDispatcher dispatcher = _wire.Dispatcher;
        for (ulong unique = 2; unique < 1000; unique += 2)
        {
            Lane lane = dispatcher.AddLane();
            ulong number = unique;
            using Barrier barrier = new(2);
            Task interrupt = Task.Run(() =>
            {
                barrier.SignalAndWait();
                if (!dispatcher.TryInterrupt(number)) dispatcher.RememberInterrupt(number);
            });
            barrier.SignalAndWait();
            dispatcher.Begin(lane, number);
            await interrupt;
            Assert.True(lane.IsInterrupted);
            lane.Finish();
        }
    }

    [Theory]
    [InlineData(0x100, 0, 0, true)] // SIGKILL of this thread
    [InlineData(0, 0x2, 0, true)] // SIGINT of its process
    [InlineData(0x2, 0x2, 0x2, false)] // both blocked
    [InlineData(0, 0, 0x2, false)]
    public void Pending_signals(ulong own, ulong shared, ulong blocked, bool areThere)
    {
        string status = $"Name:\tcat\nThreads:\t1\nSigQ:\t0/63431\nSigPnd:\t{own:x16}\nShdPnd:\t{shared:x16}\nSigBlk:\t{blocked:x16}\nSigIgn:\t0\n";
        Assert.Equal(areThere, PendingSignals.AreIn(Encoding.ASCII.GetBytes(status)));
        Assert.False(PendingSignals.AreThere((uint)Environment.ProcessId));
    }

    [Fact]
    public void A_signal_of_which_no_INTERRUPT_tells_is_looked_for()
    {
        using Process stopped = Process.Start("sleep", "60");
        try
        {
            // A stopped process keeps what waits for it, as one in a request does.
            Signal(stopped, "STOP");
            Lane lane = new(mayLoseInterrupts: true), sure = new();
            lane.Begin(2);
            sure.Begin(2);
            for (int i = 0; i < 3; i++)
            {
                Assert.False(lane.WasSignalled((uint)stopped.Id));
                Thread.Sleep(15);
            }
            Signal(stopped, "TERM");
            Thread.Sleep(15);
            Assert.True(lane.WasSignalled((uint)stopped.Id));
            Assert.True(lane.IsInterrupted);
            Assert.False(sure.WasSignalled((uint)stopped.Id));
        }
        finally
        {
            stopped.Kill();
        }
    }

    private static void Signal(Process process, string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Thread.Sleep(50);
    }

    private sealed class Asks : FileSystem
    {
        internal bool WasInterrupted { get; private set; }

        public override int Open(in Request request, ulong node, int flags, ref fuse_open_out open)
        {
            WasInterrupted = request.IsInterrupted;
            return 0;
        }
    }
}
