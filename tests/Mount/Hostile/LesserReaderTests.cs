using System.Diagnostics;

namespace Mount.Tests.Hostile;

/// <summary>The view gives nobody more than the kernel gives him elsewhere: user 0 without capabilities, and who restricts himself.</summary>
public sealed class LesserReaderTests(PlainView view) : IClassFixture<PlainView>
{
    private const string WithoutCapabilities = "setpriv --bounding-set=-all --inh-caps=-all --ambient-caps=-all";

    /// <summary>Restricts itself by Landlock, in a way that forbids nothing of what follows, and prints whether each file could be read.</summary>
    private const string Restricted =
        """
        import ctypes, os, sys
        libc = ctypes.CDLL(None, use_errno=True)
        handled = ctypes.c_ulonglong(1 << 11)
        ruleset = libc.syscall(444, ctypes.byref(handled), 8, 0)
        assert ruleset >= 0 and libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(446, ruleset, 0) == 0
        for path in sys.argv[1:]:
            try:
                print(len(os.readlink(path) if "/fd/" in path else open(path, "rb").read()) > 0)
            except OSError as e:
                print(type(e).__name__)
        """;

    [Fact]
    public void User_0_without_capabilities_reads_nothing_private()
    {
        using BpfMap map = BpfMap.Create("t_lesser", MapType.Hash, 4, 8, 64);
        using BpfProgram program = BpfProgram.Load("t_lesser", ProgramType.SchedCls);
        foreach (string file in (string[])[view.Of(map, "entries"), view.Of(map, "entries.json"), view.Of(program, "xlated"), view.Of(program, "jited")])
        {
            Tool.Run("cat", file).Succeeded();
            ToolResult refused = Tool.Shell($"{WithoutCapabilities} cat $1", file);
            Assert.Contains("Permission denied", refused.Errors, StringComparison.Ordinal);
            Assert.Equal("0\n", Tool.Shell($"{WithoutCapabilities} stat -c %s $1", file).Succeeded().Output);
        }
        Tool.Shell($"{WithoutCapabilities} cat $1", view.Of(map, "info")).Succeeded();
        // nor does user 0 of a user namespace, with all the capabilities that he has there
        Assert.NotEqual(0, Tool.AsNobody("unshare -r cat $1", view.Of(map, "entries")).Code);
        Assert.NotEqual(0, Tool.Shell("unshare -U --map-users=0,0,65536 --map-groups=0,0,65536 cat $1", view.Of(map, "entries")).Code);
    }

    [Fact]
    public void User_0_without_capabilities_looks_into_the_processes_that_proc_lets_him()
    {
        using Process plain = Process.Start("setpriv", ["--bounding-set=-all", "--inh-caps=-all", "sleep", "1000"]);
        using Process full = Process.Start("sleep", ["1000"]);
        using Process nobodys = Process.Start("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "1000"]);
        Process[] all = [plain, full, nobodys];
        try
        {
            Assert.True(Poll.Until(() => all.All(p => File.ReadAllText($"/proc/{p.Id}/comm") == "sleep\n")));
            foreach (string reader in (string[])[WithoutCapabilities, "setpriv --bounding-set=-sys_ptrace --inh-caps=-all", "env"])
            {
                string proc = Tool.Shell($"for p in \"$@\"; do {reader} readlink /proc/$p/fd/0 >/dev/null && echo $p; done; true", [.. all.Select(p => $"{p.Id}")]).Output;
                string here = Tool.Shell($"for p in \"${{@:2}}\"; do {reader} cat $1/tasks/$p/files >/dev/null && echo $p; done; true", [view.Root, .. all.Select(p => $"{p.Id}")]).Output;
                string listed = Tool.Shell($"{reader} ls $1/tasks", view.Root).Succeeded().Output;
                Assert.All(here.Split('\n', StringSplitOptions.RemoveEmptyEntries), p => Assert.Contains(p, proc.Split('\n')));
                Assert.Equal(here, string.Concat(all.Where(p => listed.Split('\n').Contains($"{p.Id}")).Select(p => $"{p.Id}\n")));
                Assert.Contains($"{plain.Id}", here.Split('\n'));
                if (reader == "env") Assert.Equal(proc, here);
            }
        }
        finally
        {
            foreach (Process process in all) process.Kill();
        }
    }

    [LandlockFact]
    public void Who_is_restricted_by_Landlock_looks_into_himself_alone()
    {
        using Process own = Process.Start("setpriv", ["--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "1000"]);
        try
        {
            Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{own.Id}/comm") == "sleep\n"));
            const string line = "/usr/bin/python3 -c \"$1\" \"${@:2}\"";
            string[] files = [$"/proc/{own.Id}/fd/0", view.At($"tasks/{own.Id}/vmas"), view.At($"tasks/{own.Id}/files"), view.At("status"), "/proc/self/maps"];
            ToolResult result = Tool.AsNobody(line, [Restricted, .. files]);
            Assert.Equal("PermissionError\nFileNotFoundError\nFileNotFoundError\nTrue\nTrue\n", result.Succeeded().Output);
            // and root likewise
            Assert.Equal("PermissionError\nFileNotFoundError\nFileNotFoundError\nTrue\nTrue\n", Tool.Python(Restricted, files).Succeeded().Output);
            // while who is not may go on
            Tool.AsNobody("cat $1", files[1]).Succeeded();
        }
        finally
        {
            own.Kill();
        }
    }

    [LandlockFact]
    public void A_restricted_process_sees_itself()
    {
        const string script = Restricted + "\nprint(len(open(\"%s/tasks/%d/vmas\" % (os.path.dirname(sys.argv[1]), os.getpid())).read()) > 0)";
        ToolResult result = Tool.AsNobody("/usr/bin/python3 -c \"$1\" $2", script, view.At("status"));
        Assert.Equal("True\nTrue\n", result.Succeeded().Output);
    }
}

/// <summary>A test of readers who restrict themselves; skipped where the kernel was built or started without Landlock.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class LandlockFactAttribute : FactAttribute
{
    private static readonly Lazy<string> s_errno = new(() => Tool.Python(
        "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\nprint('' if libc.syscall(444, None, 0, 1) >= 0 else errno.errorcode[ctypes.get_errno()])").Succeeded().Output.Trim());

    public LandlockFactAttribute() => Skip = s_errno.Value is "ENOSYS" or "EOPNOTSUPP" ? $"landlock_create_ruleset: {s_errno.Value}" : null;
}
