using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Support;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

public sealed class IteratorSetTests
{
    [RootFact]
    public void Disposed_it_leaves_nothing()
    {
        HashSet<string> before = Ids.All();
        string[] made;
        using (IteratorSet set = IteratorSet.Load(new IteratorSetOptions(), NullLogger.Instance))
        {
            Assert.Empty(set.Missing);
            made = [.. Ids.HeldBy(Environment.ProcessId).Except(before)];
            Assert.True(made.Count(id => id.StartsWith("Link", StringComparison.Ordinal)) >= 8, string.Join(' ', made));
        }
        Assert.Empty(Ids.Remaining(made));
        Assert.Empty(Ids.HeldBy(Environment.ProcessId).Except(before));
    }

    [RootFact]
    public void For_pins_only_it_loads_only_what_they_need()
    {
        HashSet<string> before = Ids.All();
        using IteratorSet set = IteratorSet.Load(new IteratorSetOptions { PinsOnly = true }, NullLogger.Instance);
        string[] made = [.. Ids.HeldBy(Environment.ProcessId).Except(before)];
        Assert.Equal(3, made.Count(id => id.StartsWith("Link", StringComparison.Ordinal)));
        Assert.Equal(3, made.Count(id => id.StartsWith("Program", StringComparison.Ordinal)));
        Assert.NotNull(set.DumpProgs);
        Assert.Null(set.Progs);
        Assert.Empty(set.Missing);
    }

    [RootFact]
    public void A_kernel_without_BTF_is_an_error_that_says_so()
    {
        HashSet<string> before = Ids.All();
        foreach (string btf in (string[])["/dev/null", "/nonexistent"])
        {
            BpfException e = Assert.Throws<BpfException>(() => IteratorSet.Load(new IteratorSetOptions { KernelBtf = btf }, NullLogger.Instance));
            AssertOneLine(e);
            Assert.Equal($"load {btf}: not the kernel's BTF (it must be built with CONFIG_DEBUG_INFO_BTF)", e.Message);
            Assert.Contains("BTF", e.Detail, StringComparison.Ordinal);
        }
        Assert.Empty(Ids.HeldBy(Environment.ProcessId).Except(before));
    }

    [RootFact]
    public void Without_capabilities_it_is_an_error_in_one_line() => Native.OnThreadOfItsOwn(() =>
    {
        Native.DropCapabilities();
        BpfException e = Assert.Throws<BpfException>(() => IteratorSet.Load(new IteratorSetOptions(), NullLogger.Instance));
        AssertOneLine(e);
        Assert.Equal(LibC.EPERM, e.Errno);
        Assert.Contains("not permitted", e.Message, StringComparison.Ordinal);
    });

    [RootFact]
    public void A_target_that_the_kernel_lacks_is_left_out_with_its_programs()
    {
        // A kernel of before 5.19, as far as its BTF tells: no bpf_iter_bpf_link.
        using TemporaryDirectory directory = new();
        byte[] btf = File.ReadAllBytes("/sys/kernel/btf/vmlinux");
        int at = btf.AsSpan().IndexOf("\0bpf_iter_bpf_link\0"u8);
        Assert.True(at > 0);
        btf[at + 1] = (byte)'X';
        string file = directory.At("vmlinux");
        File.WriteAllBytes(file, btf);
        var log = new ListLogger();
        Native.OnThreadOfItsOwn(() =>
        {
            Native.Cover("/sys/kernel/btf/vmlinux", file);
            using IteratorSet set = IteratorSet.Load(new IteratorSetOptions(), log);
            Assert.NotEmpty(set.Missing);
            Assert.All(set.Missing, row => Assert.Equal("bpf_link", row.Target.Name));
            Assert.Null(set.Links);
            Assert.Null(set.DumpLinks);
            Assert.NotNull(set.Progs);
            using Fd progs = set.Progs!.Create();
            var reader = new RecordReader<prog_record>(progs, new byte[64 * 1024]);
            Assert.True(reader.MoveNext());
            Assert.Equal(0, set.One.ReadProg(reader.Current.id, out one_prog_record one, out _));
            Assert.Equal(reader.Current.id, one.prog.id);
        });
        string[] warnings = [.. log.Lines.Where(l => l.Contains("left out", StringComparison.Ordinal))];
        Assert.NotEmpty(warnings);
        Assert.All(warnings, line => Assert.Contains("bpf_link (since Linux 5.19)", line, StringComparison.Ordinal));
    }

    [RootFact]
    public void No_map_of_ours_holds_a_kernel_address()
    {
        using IteratorSet set = IteratorSet.Load(new IteratorSetOptions(), NullLogger.Instance);
        foreach (string held in Ids.HeldBy(Environment.ProcessId).Where(id => id.StartsWith("Map", StringComparison.Ordinal)))
        {
            uint id = uint.Parse(held[4..], null);
            if (ElementReader.Open(set, id, out ElementReader? reader) != 0) continue;
            using (reader)
            {
                while (reader!.ReadNext(out ReadOnlySpan<byte> element) == 1)
                {
                    for (int at = 0; at + 8 <= element.Length; at++)
                    {
                        ulong word = BitConverter.ToUInt64(element[at..]);
                        Assert.False(word is >= 0xffff_8000_0000_0000 and < 0xffff_ffff_ffff_0000, $"{held} at {at}");
                    }
                }
            }
        }
    }

    private static void AssertOneLine(BpfException e)
    {
        Assert.DoesNotContain('\n', e.Message);
        Assert.StartsWith($"{e.Operation} {e.Object}: ", e.Message, StringComparison.Ordinal);
        Assert.NotEqual(0, e.Errno);
    }

    private sealed class ListLogger : ILogger
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Debug;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add(formatter(state, exception));
    }
}
