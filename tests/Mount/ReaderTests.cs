using System.Text;

namespace Mount.Tests;

/// <summary>One file of each kind, with what must be in it.</summary>
public class ReaderFixture : IDisposable
{
    private readonly Herd<IDisposable> _all = [];

    public ReaderFixture()
        : this(new ViewOptions())
    {
    }

    protected ReaderFixture(ViewOptions options)
    {
        BpfMap used = Keep(BpfMap.Create("reader_used", MapType.Array, 4, 8, 1));
        StringBuilder expected = new();
        for (int i = 0; i < 4000; i++)
        {
            BpfProgram program = Keep(BpfProgram.Load($"reader_{i}", ProgramType.SchedCls, Instructions.Use(used)));
            expected.Append(program.Id).Append(' ').Append(program.Name).Append('\n');
        }
        Filled small = Keep(new Filled(MapType.Array, 10_000)), large = Keep(new Filled(MapType.Array, 60_000));
        View = Keep(new MountedView(options));
        Directory = Keep(new TemporaryDirectory());
        Files = new()
        {
            ["captured"] = (View.Of(used, "progs"), Encoding.ASCII.GetBytes(expected.ToString())),
            ["short entries"] = (View.Of(small.Map, "entries"), Encoding.ASCII.GetBytes(string.Join('\n', small.Lines) + "\n")),
            ["long entries"] = (View.Of(large.Map, "entries"), Encoding.ASCII.GetBytes(string.Join('\n', large.Lines) + "\n")),
        };
    }

    public MountedView View { get; }

    public TemporaryDirectory Directory { get; }

    public Dictionary<string, (string Path, byte[] Bytes)> Files { get; }

    public void Dispose()
    {
        _all.Dispose();
        GC.SuppressFinalize(this);
    }

    private T Keep<T>(T made)
        where T : IDisposable
    {
        _all.Add(made);
        return made;
    }
}

/// <summary>Whatever reads a file gets it right; a file whose size is not known beforehand is right or fails loudly, never short.</summary>
public abstract class ReaderTheme(ReaderFixture fixture)
{
    // $1 is the file, $2 does not exist yet and afterwards is the same.
    private static readonly Dictionary<string, string> s_copiers = new()
    {
        ["cat"] = "cat $1 >$2",
        ["cat to a pipe"] = "cat $1 | cat >$2",
        ["cp"] = "cp $1 $2",
        ["cp --sparse"] = "cp --sparse=always $1 $2",
        ["cp -r"] = "cp -r $1 $2",
        ["redirection"] = "cat <$1 >$2",
        ["less"] = "less $1 >$2",
        ["grep"] = "grep '' $1 >$2",
        ["grep -r"] = "grep -rh '' $(dirname $1) --include=$(basename $1) >$2",
        ["sed"] = "sed '' $1 >$2",
        ["head -n"] = "head -n 10000000 $1 >$2",
        ["head -c"] = "head -c 100000000 $1 >$2",
        ["tail -n +1"] = "tail -n +1 $1 >$2",
        ["dd"] = "dd if=$1 of=$2 status=none",
        ["dd bs=7000"] = "dd if=$1 of=$2 bs=7000 status=none",
        ["dd bs=4M"] = "dd if=$1 of=$2 bs=4M status=none",
        ["busybox cat"] = "busybox cat $1 >$2",
        ["busybox cat to a pipe"] = "busybox cat $1 | cat >$2",
        ["busybox cp"] = "busybox cp $1 $2",
        ["busybox dd"] = "busybox dd if=$1 of=$2 2>/dev/null",
        ["copyfile"] = "/usr/bin/python3 -c 'import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])' $1 $2",
        ["read_bytes"] = "/usr/bin/python3 -c 'import pathlib, sys; pathlib.Path(sys.argv[2]).write_bytes(pathlib.Path(sys.argv[1]).read_bytes())' $1 $2",
        ["sendfile to a file"] = Sendfile("o = open(sys.argv[2], 'wb'); send(o.fileno())"),
        ["sendfile to a pipe"] = Sendfile("send(1)") + " | cat >$2",
        ["sendfile to a socket"] = Sendfile("""
            import socket, threading
            a, b = socket.socketpair()
            def drain():
                with open(sys.argv[2], 'wb') as o:
                    while (piece := b.recv(65536)): o.write(piece)
            t = threading.Thread(target=drain); t.start(); send(a.fileno()); a.close(); t.join()
            """),
        ["copy_file_range"] = """
            /usr/bin/python3 -c '
            import os, sys
            i, o = os.open(sys.argv[1], os.O_RDONLY), os.open(sys.argv[2], os.O_CREAT | os.O_WRONLY)
            try:
                while os.copy_file_range(i, o, 1 << 20): pass
            except OSError:
                os.lseek(i, 0, 0); os.ftruncate(o, 0) # across file systems it may be EXDEV, and the reader falls back
                while (piece := os.read(i, 1 << 20)): os.write(o, piece)' $1 $2
            """,
        ["splice"] = "/usr/bin/python3 -c 'import os, sys\ni = os.open(sys.argv[1], os.O_RDONLY)\nwhile os.splice(i, 1, 65536): pass' $1 | cat >$2",
    };

    // These go by the size that stat tells, or jump.
    private static readonly Dictionary<string, string> s_seekers = new()
    {
        ["tail -c"] = "tail -c 100000000 $1 >$2",
        ["tail -n"] = "tail -n 100000000 $1 >$2",
        ["tar"] = "set -o pipefail; tar -C $(dirname $1) -cf - $(basename $1) | tar -xOf - >$2",
        ["mmap"] = "/usr/bin/python3 -c 'import mmap, sys; f = open(sys.argv[1], \"rb\"); open(sys.argv[2], \"wb\").write(mmap.mmap(f.fileno(), 0, mmap.MAP_PRIVATE, mmap.PROT_READ))' $1 $2",
        ["busybox tail -c"] = "busybox tail -c 100000000 $1 >$2",
    };

    public static TheoryData<string, string> Copies() => Cross(["captured", "short entries", "long entries"], s_copiers.Keys);

    public static TheoryData<string, string> Seeks() => Cross(["captured", "short entries"], s_seekers.Keys);

    [Theory]
    [MemberData(nameof(Copies))]
    public void A_copy_has_the_same_bytes(string file, string reader) => Same(file, s_copiers[reader]);

    [Theory]
    [MemberData(nameof(Seeks))]
    public void A_reader_that_trusts_the_size_has_the_same_bytes(string file, string reader) => Same(file, s_seekers[reader]);

    private void Same(string file, string line)
    {
        (string path, byte[] expected) = fixture.Files[file];
        (ToolResult result, byte[] got) = Copy(line, path);
        Assert.True(result.Code == 0, $"exit status {result.Code}: {result.Errors}");
        Assert.Equal("", result.Errors);
        Assert.Equal(expected.Length, got.Length);
        Assert.True(expected.AsSpan().SequenceEqual(got), $"differs at {expected.AsSpan().CommonPrefixLength(got)} of {expected.Length}");
    }

    [Theory]
    [InlineData("tail -c 1000 $1 >$2", 1000)]
    [InlineData("tail -n 5 $1 >$2", 0)]
    [InlineData("busybox tail -c 1000 $1 >$2", 1000)]
    [InlineData("tac $1 | tac >$2", -1)]
    [InlineData("set -o pipefail; tar -C $(dirname $1) -cf - $(basename $1) | tar -xOf - >$2", -1)]
    [InlineData("set -o pipefail; busybox tar -C $(dirname $1) -cf - $(basename $1) | busybox tar -xOf - >$2", -1)]
    [InlineData("dd if=$1 of=$2 bs=1000 skip=100000 status=none", 0)]
    public void What_jumps_in_a_long_file_is_right_or_loud(string line, int tail)
    {
        (string path, byte[] bytes) = fixture.Files["long entries"];
        (ToolResult result, byte[] got) = Copy("set -o pipefail; " + line, path);
        if (result.Errors.Length > 0) return; // busybox says it, and yet its exit status is 0
        Assert.Equal(0, result.Code);
        string all = Encoding.ASCII.GetString(bytes);
        string wanted = tail switch { > 0 => all[^tail..], < 0 => all, _ => string.Concat(all.TrimEnd('\n').Split('\n')[^5..].Select(l => l + "\n")) };
        Assert.Equal(wanted, Encoding.ASCII.GetString(got));
    }

    [Fact]
    public void Counts()
    {
        foreach ((string kind, (string path, byte[] bytes)) in fixture.Files)
        {
            Assert.Equal($"{bytes.Count(b => b == '\n')} {path}\n", Tool.Run("wc", "-l", path).Succeeded().Output);
            ToolResult count = Tool.Run("wc", "-c", path);
            if (kind != "long entries" || count.Code == 0) Assert.Equal($"{bytes.Length} {path}\n", count.Succeeded().Output);
            else Assert.NotEqual("", count.Errors);
            Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), Tool.Run("sha256sum", path).Succeeded().Output.Split(' ')[0]);
            Assert.Equal(bytes[..500], Tool.Run("head", "-c", "500", path).Bytes);
            Assert.Equal(bytes[..500], Tool.Run("busybox", "head", "-c", "500", path).Bytes);
            Assert.Equal(Encoding.ASCII.GetString(bytes).Split('\n')[0] + "\n", Tool.Run("head", "-n", "1", path).Output);
        }
    }

    [Fact]
    public void The_reported_size_is_exact_or_a_ceiling()
    {
        foreach ((string kind, (string path, byte[] bytes)) in fixture.Files)
        {
            long size = new FileInfo(path).Length;
            if (kind != "long entries") Assert.Equal(bytes.Length, size);
            else Assert.InRange(size, bytes.Length + 1, bytes.Length * 20L);
        }
    }

    [Fact]
    public void Any_offset_of_a_file_with_a_known_size()
    {
        Random random = new(1);
        foreach (string kind in (string[])["captured", "short entries"])
        {
            (string path, byte[] bytes) = fixture.Files[kind];
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            byte[] buffer = new byte[70_000];
            int[] offsets = [0, 1, 4095, 4096, 4097, 65535, 65536, bytes.Length - 1, bytes.Length, bytes.Length + 1, .. Enumerable.Range(0, 200).Select(_ => random.Next(bytes.Length))];
            foreach (int offset in offsets)
            {
                int wanted = random.Next(1, buffer.Length);
                int got = RandomAccess.Read(file.SafeFileHandle, buffer.AsSpan(0, wanted), offset);
                Assert.Equal(Math.Clamp(bytes.Length - offset, 0, wanted), got);
                Assert.True(buffer.AsSpan(0, got).SequenceEqual(bytes.AsSpan(Math.Min(offset, bytes.Length), got)), $"{wanted} at {offset}");
            }
            Assert.Equal(0, RandomAccess.Read(file.SafeFileHandle, buffer, 1L << 50));
        }
    }

    [Fact]
    public void Forward_and_back_in_a_long_file()
    {
        (string path, byte[] bytes) = fixture.Files["long entries"];
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        byte[] buffer = new byte[5000];
        foreach (int offset in (int[])[0, 5000, 10_000, 700_000, 1_500_000, 200_000, 1_400_000, 1_399_999, 0, bytes.Length - 10, 3])
        {
            int got = RandomAccess.Read(file.SafeFileHandle, buffer, offset);
            Assert.Equal(Math.Min(buffer.Length, bytes.Length - offset), got);
            Assert.True(buffer.AsSpan(0, got).SequenceEqual(bytes.AsSpan(offset, got)), $"at {offset}");
        }
        Assert.Equal(0, RandomAccess.Read(file.SafeFileHandle, buffer, bytes.Length)); // the end, as any reader meets it
    }

    [Fact]
    public void Byte_by_byte()
    {
        foreach ((string path, byte[] bytes) in fixture.Files.Values)
        {
            Assert.Equal(bytes[..3000], Tool.Shell("dd if=\"$1\" bs=1 count=3000 status=none", path).Bytes);
        }
    }

    [Fact]
    public async Task Many_readers_at_once()
    {
        Task[] readers = [.. fixture.Files.Values.SelectMany(f => Enumerable.Repeat(f, 6)).Select(f => Task.Run(() =>
        {
            for (int i = 0; i < 5; i++)
            {
                using FileStream file = new(f.Path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
                using MemoryStream all = new();
                file.CopyTo(all);
                Assert.True(all.ToArray().AsSpan().SequenceEqual(f.Bytes));
            }
        }))];
        await Task.WhenAll(readers);
    }

    [Fact]
    public void A_whole_tree_in_a_tar()
    {
        string directory = Path.GetDirectoryName(fixture.Files["captured"].Path)!;
        string copy = fixture.Directory.At("tree");
        Tool.Shell("mkdir $2; tar -C $1 -cf - . | tar -C $2 -xf - && diff -r $1 $2", directory, copy).Succeeded();
    }

    private (ToolResult Result, byte[] Bytes) Copy(string line, string path)
    {
        string to = fixture.Directory.At(Guid.NewGuid().ToString("N"));
        ToolResult result = Tool.Shell(line, path, to);
        byte[] bytes = File.Exists(to) ? File.ReadAllBytes(to) : [];
        File.Delete(to);
        return (result, bytes);
    }

    private static string Sendfile(string rest) => $"""
        /usr/bin/python3 -c '
        import os, sys
        i = os.open(sys.argv[1], os.O_RDONLY)
        def send(o):
            while os.sendfile(o, i, None, 1 << 20): pass
        {rest}' $1 $2
        """.Replace("sys.argv[2], 'wb'", "sys.argv[2], \"wb\"", StringComparison.Ordinal);

    private static TheoryData<string, string> Cross(string[] files, IEnumerable<string> readers)
    {
        TheoryData<string, string> data = [];
        foreach (string file in files)
        {
            foreach (string reader in readers) data.Add(file, reader);
        }
        return data;
    }
}

public sealed class ReaderTests(ReaderFixture fixture) : ReaderTheme(fixture), IClassFixture<ReaderFixture>;

/// <summary>The same over io_uring.</summary>
public sealed class RingReaderFixture() : ReaderFixture(new ViewOptions { IsOverIoUring = true });

public sealed class RingReaderTests(RingReaderFixture fixture) : ReaderTheme(fixture), IClassFixture<RingReaderFixture>;
