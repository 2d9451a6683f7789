namespace Mount.Tests;

/// <summary>Who may read what; nobody may write.</summary>
public sealed class AccessTests(ZooView fixture) : IClassFixture<ZooView>
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Fact]
    public void Nobody_reads_every_public_file()
    {
        string[] files = [_view.At("README"), _view.At("status"), _view.At("progs.debug"), _view.At("maps.debug"), _view.At("links.debug"), _view.At("progs.json"),
            _view.At("maps.json"), _view.Of(_zoo.User, "info"), _view.Of(_zoo.User, "attached"), _view.Of(_zoo.Map("zoo_hash"), "json"), _view.Of(_zoo.Map("zoo_hash"), "progs")];
        Tool.AsNobody("for f in \"$@\"; do cat \"$f\" || exit 1; done", files).Succeeded();
        // What is for others to read, nobody reads; the rest, nobody does not.
        string[] directories = [_view.Of(_zoo.User), _view.Of(_zoo.Caller), _view.Of(_zoo.Map("zoo_hash")), _view.Of(_zoo.Map("zoo_ring"))];
        Assert.Equal("", Tool.AsNobody("find \"$@\" -perm -o=r ! -readable -o -type f ! -perm -o=r -readable", directories).Succeeded().Output);
        string hidden = Tool.AsNobody("find \"$@\" -type f ! -readable -printf '%f %m\n'", directories).Succeeded().Output;
        Assert.Contains("entries 600\n", hidden, StringComparison.Ordinal);
        Assert.DoesNotContain(hidden.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => l[^4..] is not (" 600" or " 640"));
        Assert.Equal(File.ReadAllText(_view.At("progs.json")), Tool.AsNobody("cat \"$1\"", _view.At("progs.json")).Output);
    }

    /// <summary>What is read thousands of times a second tells when others' programs run.</summary>
    [Fact]
    public void Nobody_reads_what_counts_events()
    {
        using (Bpf.EnableStatistics()) _zoo.User.Run(10);
        string[] counts = [_view.Of(_zoo.User, "run_cnt"), _view.Of(_zoo.User, "run_time_ns"), _view.Of(_zoo.User, "stats"), _view.Of(_zoo.Map("zoo_ring"), "ring_producer_pos"),
            _view.At("progs.stats.json"), _view.At("maps.stats.json"), _view.At("metrics/bpf.prom")];
        foreach (string file in counts)
        {
            Assert.NotEmpty(File.ReadAllText(file));
            Assert.Contains("Permission denied", Tool.AsNobody("cat \"$1\"", file).Errors, StringComparison.Ordinal);
        }
        // nor anything that everybody reads
        Assert.Equal("", Tool.AsNobody("grep -lrE 'run_cnt|run_time_ns|ring_(producer|consumer)_pos' \"$@\" 2> /dev/null", _view.Of(_zoo.User), _view.Of(_zoo.Map("zoo_ring")), _view.At("progs.json"), _view.At("maps.json")).Output);
    }

    [Fact]
    public void Nobody_does_not_read_entries()
    {
        string entries = _view.Of(_zoo.Map("zoo_hash"), "entries");
        ToolResult result = Tool.AsNobody("cat \"$1\"", entries);
        Assert.NotEqual(0, result.Code);
        Assert.Contains("Permission denied", result.Errors, StringComparison.Ordinal);
        Assert.Equal(10, File.ReadAllLines(entries).Length);
    }

    [Theory]
    [InlineData("open(p, 'r+b')")]
    [InlineData("open(p, 'wb')")]
    [InlineData("open(p, 'ab')")]
    [InlineData("os.open(p, os.O_RDONLY | os.O_TRUNC)")]
    [InlineData("os.open(d + '/new', os.O_CREAT | os.O_WRONLY, 0o600)")]
    [InlineData("os.open(d, os.O_TMPFILE | os.O_WRONLY, 0o600)")]
    [InlineData("os.unlink(p)")]
    [InlineData("os.rmdir(d + '/progs')")]
    [InlineData("os.rename(p, d + '/new')")]
    [InlineData("os.link(p, d + '/new')")]
    [InlineData("os.symlink(p, d + '/new')")]
    [InlineData("os.mkdir(d + '/new')")]
    [InlineData("os.mkfifo(d + '/new')")]
    [InlineData("os.mknod(d + '/new', 0o600)")]
    [InlineData("os.chmod(p, 0o600)")]
    [InlineData("os.chown(p, 1, 1)")]
    [InlineData("os.truncate(p, 0)")]
    [InlineData("os.utime(p)")]
    [InlineData("os.setxattr(p, 'user.x', b'y')")]
    [InlineData("os.removexattr(p, 'user.x')")]
    [InlineData("os.unlink(f)")]
    [InlineData("os.chmod(f, 0o666)")]
    [InlineData("open(f, 'wb')")]
    [InlineData("os.rmdir(o)")]
    public void No_change_even_by_root(string expression)
    {
        string script = $"""
            import errno, os, sys
            d, p, o, f = sys.argv[1:5]
            try:
                {expression}
            except OSError as e:
                print(errno.errorcode[e.errno])
            """;
        Assert.Equal("EROFS\n", Tool.Python(script, _view.Root, _view.At("progs.debug"), _view.Of(_zoo.User).TrimEnd('/'), _view.Of(_zoo.User, "name")).Output);
    }
}
