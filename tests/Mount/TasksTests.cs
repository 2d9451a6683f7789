using System.Diagnostics;
using System.Globalization;

namespace Mount.Tests;

/// <summary>tasks/PID is what /proc/PID says, for whoever may read the same there.</summary>
public sealed class TasksTests(PlainView view) : IClassFixture<PlainView>
{
    // Opens what a process can have open, says so, and waits. argv: a directory
    private const string Opener =
        """
        import os, socket, sys, mmap
        d = sys.argv[1]
        kept = [open(d + "/plain", "w"), open(d + "/new\nline\x1b", "wb+"), socket.socket(), socket.socketpair(), os.pipe(), os.open(d, os.O_RDONLY),
                os.open("/dev/null", os.O_WRONLY), os.open(d + "/plain", os.O_PATH), os.open(d + "/gone", os.O_RDWR | os.O_CREAT)]
        os.unlink(d + "/gone")
        os.ftruncate(kept[1].fileno(), 8192)
        many = [mmap.mmap(-1, 4096, prot=mmap.PROT_READ if i % 2 else mmap.PROT_READ | mmap.PROT_WRITE) for i in range(3000)]
        shared = mmap.mmap(kept[1].fileno(), 8192), mmap.mmap(-1, 4096)
        print(os.getpid(), flush=True)
        sys.stdin.read()
        """;

    [Fact]
    public void Files_are_those_of_proc()
    {
        using var directory = new TemporaryDirectory();
        using var process = new Sleeper("/usr/bin/python3", "-c", Opener, directory.Path);
        string[] lines = File.ReadAllLines(view.At($"tasks/{process.Id}/files"));
        Dictionary<int, string> links = Directory.EnumerateFileSystemEntries($"/proc/{process.Id}/fd")
            .ToDictionary(p => int.Parse(Path.GetFileName(p), CultureInfo.InvariantCulture), p => new FileInfo(p).LinkTarget!);
        Assert.Equal(links.Keys.Order(), lines.Select(l => int.Parse(l[..4], CultureInfo.InvariantCulture)).Order());
        foreach (string line in lines)
        {
            string[] words = line.Split(' ', 5, StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(links[int.Parse(words[0], CultureInfo.InvariantCulture)].Replace("\n", "\\n", StringComparison.Ordinal).Replace("\x1b", "\\x1b", StringComparison.Ordinal), words[4]);
        }
        string kinds = string.Join('\n', lines.Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..3])));
        foreach (string kind in (string[])["w file", "rw file", "rw socket", "r fifo", "w fifo", "r directory", "w char", "path file"]) Assert.Contains(kind, kinds.Split('\n'));
        Assert.Contains(lines, l => l.EndsWith("/gone (deleted)", StringComparison.Ordinal));
    }

    [Fact]
    public void Files_have_the_objects_they_hold()
    {
        using BpfMap map = BpfMap.Create("t_files", MapType.Hash, 4, 8, 4);
        using BpfProgram program = BpfProgram.Load("t_files", ProgramType.Xdp);
        string[] lines = File.ReadAllLines(view.At($"tasks/{Environment.ProcessId}/files"));
        Assert.Contains(lines, l => Words(l) is [var fd, "rw", "map", var id, "anon_inode:bpf-map"] && fd == $"{map.Fd}" && id == $"{map.Id}");
        Assert.Contains(lines, l => Words(l) is [var fd, "rw", "prog", var id, "anon_inode:bpf-prog"] && fd == $"{program.Fd}" && id == $"{program.Id}");
    }

    [Fact]
    public void Mappings_are_those_of_proc()
    {
        using var directory = new TemporaryDirectory();
        using var process = new Sleeper("/usr/bin/python3", "-c", Opener, directory.Path);
        string ours = File.ReadAllText(view.At($"tasks/{process.Id}/vmas"));
        // the page that x86-64 has above all others is in no process's list of mappings
        string theirs = string.Concat(File.ReadAllLines($"/proc/{process.Id}/maps").Where(l => !l.EndsWith("[vsyscall]", StringComparison.Ordinal)).Select(l => l + "\n"))
            .Replace("new\\012line\x1b", "new\\nline\\x1b", StringComparison.Ordinal);
        Assert.Equal(theirs, ours);
        foreach (string name in (string[])["[heap]", "[stack]", "[vdso]", "new\\nline\\x1b"]) Assert.Contains(name, ours, StringComparison.Ordinal);
    }

    [Fact]
    public void Status_is_that_of_proc()
    {
        using var process = new Sleeper("setpriv", "--reuid", "65534", "--regid", "65533", "--clear-groups", "--no-new-privs", "sleep", "1000");
        // it sleeps, so all is mapped: clock_nanosleep(2)
        Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{process.Id}/comm") == "sleep\n" && File.ReadAllText($"/proc/{process.Id}/syscall").StartsWith("230 ", StringComparison.Ordinal)));
        Dictionary<string, string> ours = Fields(view.Read($"tasks/{process.Id}/status"));
        Dictionary<string, string> theirs = Fields(File.ReadAllText($"/proc/{process.Id}/status"));
        Assert.Equal(theirs["Name"], ours["name"]);
        Assert.Equal(theirs["PPid"], ours["ppid"]);
        Assert.Equal(theirs["Threads"], ours["threads"]);
        Assert.Equal(theirs["Uid"].Replace('\t', ' '), ours["uids"]);
        Assert.Equal("65533 65533 65533 65533", ours["gids"]);
        Assert.Equal(theirs["NoNewPrivs"] == "1" ? "true" : "false", ours["no_new_privs"]);
        Assert.Equal(theirs["Seccomp"], ours["seccomp"]);
        Assert.Equal(Convert.ToUInt64(theirs["CapEff"], 16), Convert.ToUInt64(ours["cap_effective"], 16));
        Assert.Equal(theirs["VmSize"].Split(' ')[0], $"{long.Parse(ours["bytes_mapped"], CultureInfo.InvariantCulture) / 1024}");
        Assert.Equal("S", ours["state"]);
        foreach (string name in (string[])["pid", "mnt", "net", "uts", "ipc", "user", "cgroup"])
            Assert.Equal(new FileInfo($"/proc/{process.Id}/ns/{name}").LinkTarget, $"{name}:[{ours[name + "_ns"]}]");
        Assert.Equal(ours["name"], System.Text.Json.JsonDocument.Parse(view.Read($"tasks/{process.Id}/json")).RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public void Who_may_not_read_proc_does_not_see_the_process()
    {
        using var own = new Sleeper("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "1000");
        using var otherGroup = new Sleeper("setpriv", "--reuid", "65534", "--regid", "65533", "--clear-groups", "sleep", "1000");
        using var otherUser = new Sleeper("setpriv", "--reuid", "65533", "--regid", "65534", "--clear-groups", "sleep", "1000");
        using var roots = new Sleeper("sleep", "1000");
        using var secret = new Sleeper("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c",
            "import ctypes, os, sys; ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); print(1, flush=True); sys.stdin.read()");
        Assert.True(Poll.Until(() => new[] { own, otherGroup, otherUser }.All(p => File.ReadAllText($"/proc/{p.Id}/comm") == "sleep\n")));
        int[] processes = [own.Id, otherGroup.Id, otherUser.Id, roots.Id, secret.Id];

        // as /proc decides, for each
        string seen = Tool.AsNobody("for p in \"${@:2}\"; do readlink /proc/$p/fd/0 >/dev/null && echo $p; done; true", [view.Root, .. processes.Select(p => $"{p}")]).Output;
        Assert.Equal($"{own.Id}\n", seen);
        string readable = Tool.AsNobody("for p in \"${@:2}\"; do cat $1/tasks/$p/files >/dev/null && cat $1/tasks/$p/vmas >/dev/null && echo $p; done; true", [view.Root, .. processes.Select(p => $"{p}")]).Output;
        Assert.Equal($"{own.Id}\n", readable);
        string[] listed = Tool.AsNobody("ls $1/tasks", view.Root).Succeeded().Output.Split('\n');
        Assert.Equal([own.Id], processes.Where(p => listed.Contains($"{p}")));
        Assert.Equal("", Tool.AsNobody("for p in \"${@:2}\"; do stat $1/tasks/$p; done", [view.Root, .. processes.Except([own.Id]).Select(p => $"{p}")]).Output);
        // nor does what root has just looked at help
        ToolResult after = Tool.AsNobody("stat $1/tasks/$2/files", view.Root, $"{roots.Id}");
        File.ReadAllText(view.At($"tasks/{roots.Id}/files"));
        Assert.Equal("", Tool.AsNobody("stat $1/tasks/$2/files", view.Root, $"{roots.Id}").Output);
        Assert.NotEqual(0, after.Code);
        Assert.Equal(processes.Order(), processes.Where(p => Directory.EnumerateDirectories(view.At("tasks")).Any(d => d.EndsWith($"/{p}", StringComparison.Ordinal))).Order());
    }

    [Fact]
    public void Every_thread_of_a_reader_may_read()
    {
        using var own = new Sleeper("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "1000");
        Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{own.Id}/comm") == "sleep\n"));
        const string script = "import sys, threading; t = threading.Thread(target=lambda: print(len(open(sys.argv[1]).read()) > 0)); t.start(); t.join()";
        Assert.Equal("True\n", Tool.AsNobody("/usr/bin/python3 -c \"$1\" $2", script, view.At($"tasks/{own.Id}/files")).Succeeded().Output);
    }

    [Fact]
    public void A_user_namespace_does_not_see_out()
    {
        using var outside = new Sleeper("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "1000");
        Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{outside.Id}/comm") == "sleep\n"));
        ToolResult proc = Tool.AsNobody("unshare -U readlink /proc/$1/fd/0", $"{outside.Id}");
        Assert.NotEqual(0, proc.Code);
        ToolResult result = Tool.AsNobody("unshare -U cat $1/tasks/$2/files", view.Root, $"{outside.Id}");
        Assert.Contains("No such file", result.Errors, StringComparison.Ordinal);
        Tool.AsNobody("cat $1/tasks/$2/files", view.Root, $"{outside.Id}").Succeeded();
    }

    [Fact]
    public void A_process_that_becomes_secret_is_not_read_on()
    {
        // the child becomes undumpable, as on execve of a setuid program, between two reads of the same descriptor
        const string script =
            """
            import ctypes, os, sys
            r, w = os.pipe(); r2, w2 = os.pipe()
            child = os.fork()
            if child == 0:
                os.read(r, 1); ctypes.CDLL(None).prctl(4, 0, 0, 0, 0); os.write(w2, b"x"); os.read(r, 1); os._exit(0)
            fd = os.open("%s/tasks/%d/files" % (sys.argv[1], child), os.O_RDONLY)
            print(len(os.pread(fd, 65536, 0)) > 0)
            os.write(w, b"x"); os.read(r2, 1)
            try:
                print(len(os.pread(fd, 65536, 0)))
            except OSError as e:
                print(e.errno in (2, 13))
            os.write(w, b"x")
            """;
        ToolResult result = Tool.Run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", "/usr/bin/python3", "-c", script, view.Root);
        Assert.Equal("True\nTrue\n", result.Succeeded().Output);
    }

    [Fact]
    public void What_has_ended_is_gone()
    {
        int pid;
        using (var process = new Sleeper("sleep", "1000"))
        {
            pid = process.Id;
            Assert.True(Directory.Exists(view.At($"tasks/{pid}")));
        }
        Assert.False(Directory.Exists(view.At($"tasks/{pid}")));
        Assert.DoesNotContain($"{pid}", Directory.EnumerateDirectories(view.At("tasks")).Select(d => Path.GetFileName(d)));
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static Dictionary<string, string> Fields(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.Split(":\t", 2)).Where(p => p.Length == 2).ToDictionary(p => p[0], p => p[1].Trim());

    /// <summary>A process that runs until it is disposed; a script says a line when it is ready.</summary>
    private sealed class Sleeper : IDisposable
    {
        private readonly Process _process;

        public Sleeper(string program, params string[] arguments)
        {
            _process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" })!;
            if (arguments.Contains("-c")) _process.StandardOutput.ReadLine();
        }

        public int Id => _process.Id;

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
