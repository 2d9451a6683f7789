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
            Assert.All(set.Programs.Where(p => p.Refusal is not null), p => Assert.NotNull(KernelRefuses.Iterator(p.Row.Target.Name)));
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
        Assert.DoesNotContain(set.Programs, p => p.Refusal is not null);
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
            ProgramState[] missing = [.. set.Programs.Where(p => p.Refusal?.Stage == RefusalStage.Target)];
            Assert.Equal(["dump_bpf_link", "link_records"], missing.Select(p => p.Row.Name));
            Assert.All(missing, p => Assert.StartsWith("this kernel has no iterator bpf_link (since Linux 5.19); the view lacks ", p.Missing, StringComparison.Ordinal));
            Assert.Null(set.DumpLinks);
            using (Fd links = set.Links!.Create()) // as bpf(2) tells of them
            {
                var linkReader = new RecordReader<link_record>(links, new byte[64 * 1024]);
                Assert.True(linkReader.MoveNext());
            }
            Assert.NotNull(set.Progs);
            using Fd progs = set.Progs!.Create();
            var reader = new RecordReader<prog_record>(progs, new byte[64 * 1024]);
            Assert.True(reader.MoveNext());
            Assert.Equal(0, set.One.ReadProg(reader.Current.id, out one_prog_record one, out _));
            Assert.Equal(reader.Current.id, one.prog.id);
        });
        Assert.Single(log.Lines, l => l.StartsWith("BPF programs that this kernel refuses: ", StringComparison.Ordinal) && l.Contains("dump_bpf_link link_records", StringComparison.Ordinal));
    }

    [RootFact]
    public void Any_program_that_the_kernel_refuses_is_missing_alone()
    {
        Dictionary<string, bool> whole = LoadedWithout([]);
        Assert.Equal(BpfPrograms.Rows.Count, whole.Count);
        foreach (ProgramRow row in BpfPrograms.Rows)
        {
            Dictionary<string, bool> rest = LoadedWithout([row.Name]);
            Assert.False(rest[row.Name], row.Name);
            foreach (ProgramRow other in BpfPrograms.Rows.Where(other => other != row && other.Needs != row)) Assert.True(whole[other.Name] == rest[other.Name], $"{other.Name} without {row.Name}");
        }
    }

    [RootFact]
    public void A_program_that_the_verifier_refuses_has_its_words()
    {
        using IteratorSet set = IteratorSet.Load(new IteratorSetOptions { Broken = ["prog_records", "reader_netns"] }, NullLogger.Instance);
        set.LoadAll();
        ProgramState state = set.Programs.Single(p => p.Row.Name == "prog_records");
        Assert.Equal("load: Invalid argument: unknown opcode ff; the view lacks fields of programs in listings that bpf(2) does not tell", state.Missing);
        Assert.Equal("it needs reader_netns; the view lacks net/tcp", set.Programs.Single(p => p.Row.Name == "tcp_records").Missing);
        using Fd progs = set.Progs!.Create();
        var reader = new RecordReader<prog_record>(progs, new byte[64 * 1024]);
        Assert.True(reader.MoveNext());
        Assert.Equal(prog_known_flags.PROG_HAS_XLATED, (prog_known_flags)reader.Current.known & (prog_known_flags.PROG_HAS_XLATED | prog_known_flags.PROG_HAS_REFCNT)); // bpf(2) tells the one alone
    }

    [Fact]
    public void The_table_has_every_program_of_every_object()
    {
        List<string> compiled = [];
        foreach (string file in Directory.GetFiles(Path.Combine(ViewBinary.Repository(), "bpf", "objects"), "*.bpf.o"))
        {
            string[] lines = Tool.Run("llvm-objdump", "-t", file).Succeeded().Output.Split('\n');
            compiled.AddRange(lines.Select(l => l.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries))
                .Where(l => l is [_, "g", "F", not ".text", ..]).Select(l => $"{Path.GetFileName(file)} {l[3]} {l[^1]}"));
        }
        IEnumerable<string> declared = BpfPrograms.Rows.Select(row => $"{row.Object} {(row.Target == Target.Syscall ? "syscall" : "iter/" + row.Target.Name)} {row.Name}");
        Assert.Equal(compiled.Order(StringComparer.Ordinal), declared.Order(StringComparer.Ordinal));
    }

    private static Dictionary<string, bool> LoadedWithout(string[] broken)
    {
        using IteratorSet set = IteratorSet.Load(new IteratorSetOptions { Broken = broken }, NullLogger.Instance);
        set.LoadAll();
        return set.Programs.ToDictionary(p => p.Row.Name, p => p.IsLoaded);
    }

    [RootFact]
    public void A_kernel_whose_BTF_has_a_kind_that_libbpf_does_not_know_is_no_obstacle()
    {
        // The kernel's BTF as Linux 7.2 may write it: a layout section, and behind all types one more, of kind 21 with 4 bytes for each of its 2 members.
        byte[] btf = File.ReadAllBytes("/sys/kernel/btf/vmlinux");
        (int header, int types, int typesLength, int strings, int stringsLength) = (BitConverter.ToInt32(btf, 4), BitConverter.ToInt32(btf, 8), BitConverter.ToInt32(btf, 12), BitConverter.ToInt32(btf, 16), BitConverter.ToInt32(btf, 20));
        byte[] type = [.. BitConverter.GetBytes(0), .. BitConverter.GetBytes((21 << 24) | 2), .. new byte[12]];
        byte[] layout = new byte[22 * 4];
        layout[(21 * 4) + 1] = 4;
        byte[] newer =
        [
            .. btf[..4], .. BitConverter.GetBytes(32), .. BitConverter.GetBytes(0), .. BitConverter.GetBytes(typesLength + type.Length), .. BitConverter.GetBytes(typesLength + type.Length),
            .. BitConverter.GetBytes(stringsLength), .. BitConverter.GetBytes(typesLength + type.Length + stringsLength), .. BitConverter.GetBytes(layout.Length),
            .. btf.AsSpan(header + types, typesLength), .. type, .. btf.AsSpan(header + strings, stringsLength), .. layout,
        ];
        using TemporaryDirectory directory = new();
        string file = directory.At("vmlinux");
        File.WriteAllBytes(file, newer);
        Dictionary<string, bool> usual = LoadedWithout([]);
        Native.OnThreadOfItsOwn(() =>
        {
            Native.Cover("/sys/kernel/btf/vmlinux", file);
            Assert.Equal(usual, LoadedWithout([]));
        });
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
