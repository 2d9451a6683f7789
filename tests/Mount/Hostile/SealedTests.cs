namespace Mount.Tests.Hostile;

/// <summary>stat(2) of what one may not read says nothing of what is in it, whoever looks at it meanwhile.</summary>
public sealed class SealedTests(PlainView view) : IClassFixture<PlainView>
{
    /// <summary>statx(2) by all three ways to get around what the kernel remembers: as it thinks, from the server, from memory.</summary>
    private const string Sizes =
        """
        import ctypes, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        for path in sys.argv[1:]:
            for sync in (0, 0x2000, 0x4000):
                b = ctypes.create_string_buffer(256)
                print(libc.statx(-100, path.encode(), sync, 0x7ff, b) or struct.unpack_from("<Q", b.raw, 40)[0], struct.unpack_from("<Q", b.raw, 48)[0])
        """;

    [Fact]
    public void No_size_above_the_public_tier()
    {
        using BpfMap map = BpfMap.Create("t_sealed", MapType.Hash, 4, 8, 64);
        using BpfProgram program = BpfProgram.Load("t_sealed", ProgramType.SchedCls);
        for (int i = 0; i < 10; i++) map.Update(BitConverter.GetBytes(i), BitConverter.GetBytes(10UL + (ulong)i));
        string[] files =
        [
            view.Of(map, "entries"), view.Of(map, "entries.json"), view.Of(map, "pids"), view.Of(program, "xlated"), view.Of(program, "jited"), view.Of(program, "pids"), view.Of(program, "stats"),
            view.At("graph.holders.dot"),
        ];
        string before = Tool.AsNobody("/usr/bin/python3 -c \"$1\" \"${@:2}\"", [Sizes, .. files]).Succeeded().Output;
        Assert.All(before.Trim().Split('\n'), line => Assert.Equal("0 0", line));
        foreach (string file in files)
        {
            string contents = File.ReadAllText(file);
            Assert.Equal($"{contents.Length}", Tool.Run("stat", "-c", "%s", file).Succeeded().Output.Trim());
            Assert.Equal(contents, Tool.Run("cat", file).Succeeded().Output);
        }
        Assert.Equal(before, Tool.AsNobody("/usr/bin/python3 -c \"$1\" \"${@:2}\"", [Sizes, .. files]).Succeeded().Output);
        string listed = Tool.AsNobody("ls -l $1 $2", view.Of(map), view.Of(program)).Succeeded().Output;
        foreach (string line in listed.Split('\n').Where(l => l.StartsWith("-rw", StringComparison.Ordinal) && l[7] != 'r'))
            Assert.Equal("0", line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[4]);
    }

    /// <summary>Which files an object has is told by what is public of it.</summary>
    [Fact]
    public void Nor_whether_there_is_any()
    {
        using BpfMap map = BpfMap.Create("t_sealed", MapType.Hash, 4, 8, 64);
        using BpfProgram program = BpfProgram.Load("t_sealed", ProgramType.SchedCls);
        foreach (string file in (string[])[view.Of(program, "pinned"), view.Of(map, "pinned"), view.Of(program, "stats")])
            Assert.Equal("0 regular empty file\n", Tool.AsNobody("stat -c '%s %F' $1", file).Succeeded().Output);
        Assert.Contains("pinned", Tool.AsNobody("ls $1", view.Of(program)).Succeeded().Output.Split('\n'));
    }

    [Fact]
    public void Who_is_in_the_group_reads_by_whatever_call()
    {
        using MountedView grouped = new(new ViewOptions { Arguments = ["-o", "gid=4242"] });
        using BpfMap map = BpfMap.Create("t_sealed", MapType.Hash, 4, 8, 64);
        string file = grouped.Of(map, "pids");
        string expected = File.ReadAllText(file);
        Assert.NotEmpty(expected);
        const string script = "import os, sys\nfd = os.open(sys.argv[1], os.O_RDONLY)\nr, w = os.pipe()\nos.sendfile(w, fd, 0, 65536)\nos.write(1, os.read(r, 65536))";
        foreach (string groups in (string[])["--regid=4242 --clear-groups", "--regid=65534 --groups=4242"])
        {
            ToolResult read = Tool.Shell($"setpriv --reuid 65534 {groups} --inh-caps=-all cat $1", file);
            Assert.Equal(expected, read.Succeeded().Output);
            Assert.Equal(expected, Tool.Shell($"setpriv --reuid 65534 {groups} --inh-caps=-all /usr/bin/python3 -c \"$2\" $1", file, script).Succeeded().Output);
        }
        Assert.NotEqual(0, Tool.AsNobody("cat $1", file).Code);
    }
}
