using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>The code of programs: what bpftool prints, without its addresses.</summary>
public sealed partial class CodeTests : IClassFixture<CodeTests.Fixture>
{
    private readonly MountedView _view;
    private readonly BtfObject _code;
    private readonly Zoo _zoo;

    public CodeTests(Fixture fixture)
    {
        _view = fixture.View;
        _code = fixture.Code;
        _zoo = fixture.Zoo;
    }

    // argv: id, file. As root, that is with CAP_SYSLOG, bpf(2) gives the machine code. Debian's bpftool, without libbfd, does not write it.
    private const string DumpImage =
        """
        import ctypes, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        def bpf(command, attr):
            result = libc.syscall(321, command, attr, len(attr))
            if result < 0: sys.exit("bpf(%d): errno %d" % (command, ctypes.get_errno()))
            return result
        fd = bpf(13, ctypes.create_string_buffer(struct.pack("IIII", int(sys.argv[1]), 0, 0, 0), 16))
        image = ctypes.create_string_buffer(1 << 20)
        info = ctypes.create_string_buffer(struct.pack("II8sIIQ", 0, 0, b"", len(image), 0, ctypes.addressof(image)), 232)
        bpf(15, ctypes.create_string_buffer(struct.pack("IIQ", fd, len(info), ctypes.addressof(info)), 16))
        length, address = struct.unpack_from("I4xQ", info, 16)
        if not address: sys.exit("the kernel does not show the machine code")
        open(sys.argv[2], "wb").write(image.raw[:length])
        """;

    public sealed class Fixture : ZooView
    {
        public BtfObject Code { get; } = new("code");
    }

    [Fact]
    public void Every_program_has_the_instructions_that_bpftool_prints()
    {
        int compared = 0;
        List<string> differences = [];
        // bpftool reads all of the kernel's symbols each time: not every program of whoever runs beside us
        foreach (uint id in Fixtures().Concat(Bpf.Ids(ObjectKind.Program).Where(IsOfAView).Take(40)))
        {
            if (Xlated(id) is not { } ours) continue;
            ToolResult bpftool = Tool.Run("bpftool", "prog", "dump", "xlated", "id", $"{id}", "linum");
            if (bpftool.Code != 0) continue; // it is gone
            string[] theirs = [.. bpftool.Output.TrimEnd('\n').Split('\n').Select(line => FiveColumns().Replace(line, ""))];
            if (ours.Length != theirs.Length) differences.Add($"program {id}: {ours.Length} lines, bpftool has {theirs.Length}");
            else differences.AddRange(ours.Zip(theirs).Where(p => !Same(p.First, p.Second)).Select(p => $"program {id}: {p.First}\n     bpftool: {p.Second}"));
            compared++;
        }
        Assert.Empty(differences);
        Assert.True(compared >= 8);
    }

    [Fact]
    public void Calls_and_maps_have_names()
    {
        string text = string.Join('\n', Xlated(_code.ProgramId("code_main"))!);
        uint array = _code.Map("code_array", MapType.Array, 4, 8).Id;
        Assert.Contains($"(18) r1 = map[id:{array}]\n", text, StringComparison.Ordinal);
        string[] calls = ["bpf_trace_printk", "bpf_tail_call"];
        if (!KernelNames.Lacks("bpf_rcu_read_lock", "6.2")) calls = [.. calls, "bpf_rcu_read_lock"]; // a kfunc
        foreach (string name in calls) Assert.Contains($"(85) call {name}\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\(85\) call pc\+\d+#bpf_prog_[0-9a-f]{16}_code_static\n", text);
        Assert.Matches(@"\(18\) r\d = map\[id:\d+\]\[0\]\+\d+\n", text);
        Assert.Matches(@"\(18\) r\d = subprog\[\+\d+\]\n", text);
        Assert.Contains("; total += numbers[key & 63]", text, StringComparison.Ordinal);
        Assert.Contains("0xdeadbeefcafef00d\n", text, StringComparison.Ordinal);
        Assert.Contains("int code_global(int x):\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Machine_code_is_readable_although_the_view_may_not_see_addresses()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return;
        string text = Jited(_code.ProgramId("code_main"))!;
        foreach (string name in (string[])["main", "static", "global", "each"]) Assert.Matches($@"(^|\n)bpf_prog_[0-9a-f]{{16}}_code_{name}:\n", text);
        Assert.Contains("\tcall   bpf_trace_printk\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\tcall   bpf_prog_[0-9a-f]{16}_code_static\n", text);
        Assert.Matches(@"\tmovabs \$map\[id:\d+\],%rdi\n", text);
        Assert.Contains("\n; total += numbers[key & 63]", text, StringComparison.Ordinal);
        Assert.DoesNotContain("(bad)", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Its_instructions_are_where_objdump_finds_them()
    {
        if (RuntimeInformation.ProcessArchitecture != Architecture.X64) return;
        uint id = _code.ProgramId("code_alone");
        using TemporaryDirectory directory = new();
        string image = directory.At("image");
        Tool.Python(DumpImage, $"{id}", image).Succeeded();
        string[] theirs = Offsets(Tool.Run("objdump", "-D", "--insn-width=15", "-b", "binary", "-m", "i386:x86-64", image).Succeeded().Output);
        Assert.Equal(theirs, Offsets(Jited(id)!));
        Assert.True(theirs.Length > 10);
    }

    [Fact]
    public void No_number_in_it_is_a_kernel_address()
    {
        List<string> found = [];
        foreach (uint id in Bpf.Ids(ObjectKind.Program))
        {
            if (Xlated(id) is not { } xlated) continue;
            found.AddRange(xlated.Where((line, i) => !line.StartsWith(';') && (Numbers(line).Any(IsWideAddress) || IsHalfAddress(line, xlated.ElementAtOrDefault(i + 1)))));
            // What looks like the lower half of an address is so only if the program itself does not have it.
            HashSet<uint> own = [.. xlated.SelectMany(Numbers).Select(n => (uint)n)];
            IEnumerable<string> jited = (Jited(id) ?? "").Split('\n').Where(line => !line.StartsWith(';'));
            found.AddRange(jited.Where(line => Numbers(line).Any(n => IsWideAddress(n) || ((uint)n is >= 0x80000000 and < 0xFF000000 && !own.Contains((uint)n)))));
        }
        Assert.Empty(found);
    }

    [Fact]
    public void Its_source_is_what_the_compiler_saw()
    {
        string[] lines = _view.Read($"progs/{_code.ProgramId("code_alone")}/source").Split('\n');
        Assert.Equal("int code_alone(struct __sk_buff * skb):", lines[0]);
        string source = ViewBinary.Repository() + "/tests/Support/Fixtures/code.bpf.c";
        string[] file = File.ReadAllLines(source);
        Assert.All(lines[1..^1], line =>
        {
            Match match = SourceLine().Match(line);
            Assert.True(match.Success, line);
            int number = int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            Assert.Equal(file[number - 1].TrimStart(), match.Groups[2].Value);
        });
    }

    [Fact]
    public void Only_root_reads_it_and_what_a_program_lacks_is_absent()
    {
        uint id = _code.ProgramId("code_alone");
        foreach (string name in (string[])["xlated", "jited", "source"])
        {
            string path = _view.At($"progs/{id}/{name}");
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
            Assert.Equal(new FileInfo(path).Length, File.ReadAllBytes(path).Length);
            using FileStream file = File.OpenRead(path);
            Assert.Equal(file.Length, File.ReadAllBytes(path).Length);
            Assert.Equal(File.ReadAllBytes(path), Tool.Run("busybox", "cat", path).Succeeded().Bytes); // sendfile(2) ends where the file is said to
            Assert.NotEqual(0, Tool.AsNobody("cat \"$1\"", path).Code);
        }
        using BpfProgram bare = BpfProgram.Load("code_bare", ProgramType.Xdp);
        Assert.Equal("   0: (b7) r0 = 0\n   1: (95) exit\n", File.ReadAllText(_view.Of(bare, "xlated")));
        Assert.False(File.Exists(_view.Of(bare, "source")));
        Assert.DoesNotContain(_view.Of(bare, "source"), Directory.GetFiles(_view.Of(bare)));
    }

    private string[]? Xlated(uint id) => Read(id, "xlated")?.TrimEnd('\n').Split('\n');

    private string? Jited(uint id) => Read(id, "jited");

    private string? Read(uint id, string name)
    {
        try
        {
            return _view.Read($"progs/{id}/{name}");
        }
        catch (FileNotFoundException)
        {
            return null; // gone, or it has none
        }
        catch (DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The differences that docs/view.md lists.</summary>
    private static bool Same(string ours, string theirs)
    {
        if (theirs.StartsWith(';')) return ours == theirs.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\t", "\\t", StringComparison.Ordinal);
        if (ours == theirs || ours == CallNumber().Replace(theirs, "")) return true;
        // Instructions newer than Debian's bpftool, and constants that are addresses.
        return Percpu().Replace(ours, "$1") == theirs || (Address().IsMatch(theirs) && Address().Replace(theirs, "") == ours[..(ours.IndexOf(" = ", StringComparison.Ordinal) + 3)]);
    }

    private static bool IsWideAddress(ulong value) => value is >= 0xFF00000000000000 and < 0xFFFFFFFFFF000000 and not 0xFFFFFFFF00000000; // the fixture's mask

    /// <summary>A number of which the next instruction makes a per-CPU address.</summary>
    private static bool IsHalfAddress(string line, string? next) =>
        next is not null && next.Contains("(void __percpu *)", StringComparison.Ordinal) && line.Contains("= -", StringComparison.Ordinal);

    private static IEnumerable<ulong> Numbers(string line) => Number().Matches(line).Select(m => m.Groups[1].Success
        ? ulong.Parse(m.Groups[1].ValueSpan, NumberStyles.HexNumber, CultureInfo.InvariantCulture)
        : (ulong)long.Parse(m.Groups[2].ValueSpan, CultureInfo.InvariantCulture));

    private IEnumerable<uint> Fixtures() =>
        [_code.ProgramId("code_main"), _code.ProgramId("code_alone"), _zoo.User.Id, _zoo.Caller.Id, _zoo.Many.Id, _zoo.Program("zoo_not_gpl").Id];

    private bool IsOfAView(uint id) => Read(id, "source")?.Contains("/one.h:", StringComparison.Ordinal) ?? false;

    private static string[] Offsets(string disassembly) => [.. Offset().Matches(disassembly).Select(m => m.Groups[1].Value)];

    [GeneratedRegex(@"(?<=call [a-zA-Z_]\w*)#-?\d+$")]
    private static partial Regex CallNumber();

    [GeneratedRegex(@"&\(void __percpu \*\)\((r\d)\)$")]
    private static partial Regex Percpu();

    [GeneratedRegex(@"(?<= = )(0xffff[0-9a-f]{12}|-\d+)$")]
    private static partial Regex Address();

    [GeneratedRegex(@"0x([0-9a-f]{1,16})\b|(?<== )(-?\d+)$")]
    private static partial Regex Number();

    [GeneratedRegex(@"^ (?=\d{4}: )")]
    private static partial Regex FiveColumns();

    [GeneratedRegex(@"^ *([0-9a-f]+):\t", RegexOptions.Multiline)]
    private static partial Regex Offset();

    [GeneratedRegex(@"/code\.bpf\.c:(\d+):\d+: (.*)$")]
    private static partial Regex SourceLine();
}
