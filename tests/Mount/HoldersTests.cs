using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>A view whose group tier group 4711 may read.</summary>
public sealed class GroupView() : ZooView(new ViewOptions { Arguments = ["-o", $"gid={Group}"] })
{
    public const int Group = 4711;
}

/// <summary>Who holds what, and where it is pinned. The oracles are /proc/PID/fdinfo and bpftool -f.</summary>
public sealed partial class HoldersTests(GroupView fixture) : IClassFixture<GroupView>
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Fact]
    public void A_process_holds_what_its_fdinfo_says()
    {
        Assert.NotEmpty(FromFdInfo(Environment.ProcessId));
        Assert.Equal(FromFdInfo(Environment.ProcessId), Lines($"pids/{Environment.ProcessId}"));
        Assert.Equal(FromFdInfo(_view.ProcessId), Lines($"pids/{_view.ProcessId}"));
    }

    [Fact]
    public void Every_process_that_holds_something_is_listed()
    {
        int[] expected = [], listed = [];
        bool same() // others start and end
        {
            expected = [.. Directory.EnumerateDirectories("/proc").Select(d => int.TryParse(Path.GetFileName(d), CultureInfo.InvariantCulture, out int pid) ? pid : 0)
                .Where(pid => pid != 0 && FromFdInfo(pid).Length > 0).Order()];
            listed = [.. Directory.EnumerateFiles(_view.At("pids")).Select(f => int.Parse(Path.GetFileName(f), CultureInfo.InvariantCulture)).Order()];
            return expected.All(listed.Contains); // sockets and perf events, fdinfo does not tell
        }
        Assert.True(Poll.Until(same), $"{string.Join(' ', expected)}\n{string.Join(' ', listed)}");
    }

    [Fact]
    public void An_object_has_its_holders()
    {
        string comm = File.ReadAllText("/proc/self/comm").TrimEnd('\n');
        Assert.All(_zoo.Programs, p => Assert.Equal([$"{Environment.ProcessId} {p.Fd} prog {comm}"], Own($"progs/{p.Id}/pids")));
        Assert.All(_zoo.Maps, m => Assert.Equal([$"{Environment.ProcessId} {m.Fd} map {comm}"], Own($"maps/{m.Id}/pids")));
        Assert.Equal([$"{Environment.ProcessId} {_zoo.Link.Fd} link {comm}"], Own($"links/{Bpf.IdOf(_zoo.Link.Fd)}/pids"));
        string[] parts = FromFdInfo(Environment.ProcessId).First(l => l.StartsWith("btf ", StringComparison.Ordinal)).Split(' ');
        Assert.Equal([$"{Environment.ProcessId} {parts[2]} btf {comm}"], Own($"btf/{parts[1]}/pids"));
    }

    [Fact]
    public void What_only_uses_a_program_holds_it_too()
    {
        using BpfProgram filter = BpfProgram.Load("held_filter");
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetRawSocketOption(1, 50, BitConverter.GetBytes(filter.Fd)); // SOL_SOCKET, SO_ATTACH_BPF
        Assert.Contains(Own($"progs/{filter.Id}/pids"), l => l.Contains($" {socket.Handle} socket ", StringComparison.Ordinal));

        using Microsoft.Win32.SafeHandles.SafeFileHandle reader = File.OpenHandle($"{_view.PinDirectory}/progs");
        string held = Assert.Single(File.ReadAllLines(_view.At($"pids/{Environment.ProcessId}")), l => l.EndsWith($" {reader.DangerousGetHandle()}", StringComparison.Ordinal));
        Assert.StartsWith("iter ", held, StringComparison.Ordinal);
        Assert.Equal("dump_bpf_prog", _view.Read($"progs/{held.Split(' ')[1]}/name").TrimEnd('\n'));
    }

    [Fact]
    public void A_perf_event_holds_its_program()
    {
        using BpfProgram program = BpfProgram.Load("held_sampler", ProgramType.PerfEvent);
        using Process process = StartPython($$"""
            import ctypes, struct, fcntl
            attr = struct.pack('IIQQ', 1, 112, 0, 1000000000).ljust(112, b'\0') # PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK
            event = libc.syscall(298, attr, -1, 0, -1, 8)
            prog = bpf(13, struct.pack('III', {{program.Id}}, 0, 0))
            fcntl.ioctl(event, 0x40042408, prog) # PERF_EVENT_IOC_SET_BPF
            os.close(prog)
            print(event, flush=True)
            """, out string fd);
        string line = Assert.Single(File.ReadAllLines(_view.Of(program, "pids")), l => l.StartsWith($"{process.Id} ", StringComparison.Ordinal));
        Assert.StartsWith($"{process.Id} {fd} perf_event ", line, StringComparison.Ordinal);
        End(process);
        Assert.True(Poll.Until(() => !File.ReadAllText(_view.Of(program, "pids")).Contains("perf_event", StringComparison.Ordinal)));
    }

    [Fact]
    public void Any_comm_stays_on_its_line()
    {
        BpfMap map = _zoo.Map("zoo_hash");
        using Process process = StartPython($"""
            import ctypes, struct
            libc.prctl(15, b'a\n\x1b"\\\xff\x7f\xc2\x85', 0, 0, 0) # PR_SET_NAME
            print(bpf(14, struct.pack('III', {map.Id}, 0, 0)), flush=True)
            """, out string fd);
        Assert.Contains($"{process.Id} {fd} map a\\n\\x1b\"\\\\\\xff\\x7f\\xc2\\x85", File.ReadAllLines(_view.Of(map, "pids")));
        Assert.Contains($"map {map.Id} {fd}", Lines($"pids/{process.Id}")); // and what it has of ours
        End(process);
        Assert.True(Poll.Until(() => !File.Exists(_view.At($"pids/{process.Id}"))));
    }

    [Fact]
    public void Only_root_and_the_group_read_it()
    {
        string[] files = [_view.Of(_zoo.Pinned, "pids"), _view.Of(_zoo.Pinned, "pinned"), _view.Of(_zoo.Map("zoo_lru"), "pids"), _view.Of(_zoo.Map("zoo_lru"), "pinned"),
            _view.At($"links/{Bpf.IdOf(_zoo.Link.Fd)}/pids"), _view.At($"pids/{Environment.ProcessId}")];
        foreach (string file in files)
        {
            ToolResult nobody = Tool.AsNobody("cat \"$1\"", file);
            Assert.NotEqual(0, nobody.Code);
            Assert.Contains("Permission denied", nobody.Errors, StringComparison.Ordinal);
            ToolResult member = Tool.Run("setpriv", "--reuid", "65534", "--regid", "65534", "--groups", $"{GroupView.Group}", "--inh-caps=-all", "cat", file);
            Assert.Equal(File.ReadAllText(file), member.Succeeded().Output);
        }
        Assert.Contains("Permission denied", Tool.AsNobody("ls \"$1\"", _view.At("pids")).Errors, StringComparison.Ordinal);
        Assert.DoesNotContain("pids", _view.Read("progs.json") + _view.Read("maps.json") + _view.Read("links.json") + _view.Read("btf.json"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("prog", "progs")]
    [InlineData("map", "maps")]
    public void Every_pin_that_bpftool_finds(string kind, string directory)
    {
        string[] differences = [];
        bool same()
        {
            List<string> found = [];
            foreach (System.Text.Json.JsonElement e in System.Text.Json.JsonDocument.Parse(Tool.Run("bpftool", "-f", "-j", kind, "show").Output).RootElement.EnumerateArray())
            {
                string[] wanted = e.TryGetProperty("pinned", out System.Text.Json.JsonElement pinned) ? [.. pinned.EnumerateArray().Select(p => p.GetString()!).Order(StringComparer.Ordinal)] : [];
                string file = _view.At($"{directory}/{e.GetProperty("id")}/pinned");
                if (!File.Exists(file)) continue;
                string[] got = [.. File.ReadAllLines(file).Where(l => !l.Contains('\t', StringComparison.Ordinal))];
                if (!got.SequenceEqual(wanted)) found.Add($"{file}: {string.Join(", ", got)}; bpftool: {string.Join(", ", wanted)}");
            }
            differences = [.. found];
            return found.Count == 0;
        }
        Assert.True(Poll.Until(same), string.Join('\n', differences));
        Assert.NotEqual("", _view.Read($"{directory}/{(kind == "prog" ? _zoo.Pinned.Id : _zoo.Map("zoo_lru").Id)}/pinned"));
    }

    [Fact]
    public void The_views_own_pins_are_pins()
    {
        string[] paths = [.. Directory.EnumerateFiles(_view.At("links"), "pinned", SearchOption.AllDirectories).SelectMany(File.ReadAllLines)];
        Assert.All(["progs", "maps", "links"], name => Assert.Contains($"{_view.PinDirectory}/{name}", paths));
    }

    [Fact]
    public void Pins_of_other_mount_namespaces_with_any_name()
    {
        using BpfMap map = BpfMap.Create("pinned_away", MapType.Array, 4, 4, 1);
        string mountPoint = Directory.CreateTempSubdirectory("bpffs-view-ns-").FullName;
        string bound = Directory.CreateTempSubdirectory("bpffs-view-ns-").FullName;
        using Process process = StartPython($$"""
            import ctypes, struct
            assert libc.unshare(0x20000) == 0 and libc.mount(b'none', b'/', None, 0x44000, None) == 0 # CLONE_NEWNS, MS_REC | MS_PRIVATE
            point = b'{{mountPoint}}'
            assert libc.mount(b'bpf', point, b'bpf', 0, None) == 0
            directory = point + b'/n\n\x1b"\\\xff'
            os.mkdir(directory)
            assert libc.mount(directory, b'{{bound}}', None, 0x1000, None) == 0 # MS_BIND
            prog = bpf(14, struct.pack('III', {{map.Id}}, 0, 0))
            path = ctypes.create_string_buffer(directory + b'/pin (x)')
            assert bpf(6, struct.pack('QII', ctypes.addressof(path), prog, 0)) == 0
            os.close(prog)
            print(os.readlink('/proc/self/ns/mnt')[5:-1], flush=True)
            """, out string inode);
        string escaped = "/n\\n\\x1b\"\\\\\\xff/pin (x)";
        string[] expected = [$"{mountPoint}{escaped}\t(mount namespace {inode})", $"{bound}/pin (x)\t(mount namespace {inode})"];
        Assert.Equal(expected.Order(StringComparer.Ordinal), File.ReadAllLines(_view.Of(map, "pinned")));
        End(process);
        Assert.True(Poll.Until(() => File.ReadAllText(_view.Of(map, "pinned")).Length == 0), File.ReadAllText(_view.Of(map, "pinned")));
        Directory.Delete(mountPoint);
        Directory.Delete(bound);
    }

    [Fact]
    public void Thousands_of_pins_at_any_depth_come_whole()
    {
        using BpfMap map = BpfMap.Create("pinned_often", MapType.Array, 4, 4, 1);
        string top = ViewBinary.NewPinDirectory();
        List<string> expected = [];
        try
        {
            string directory = top;
            for (int depth = 0; depth < 12; depth++)
            {
                Directory.CreateDirectory(directory);
                for (int i = 0; i < 700; i++)
                {
                    string path = $"{directory}/{i}_{new string('x', i % 100)}";
                    Bpf.Pin(map.Fd, path);
                    expected.Add(path);
                }
                directory += $"/{new string('d', 20)}";
            }
            expected.Sort(StringComparer.Ordinal);
            Assert.Equal(expected, File.ReadAllLines(_view.Of(map, "pinned")).Order(StringComparer.Ordinal));
        }
        finally
        {
            ViewBinary.RemovePins(top);
        }
        Assert.Equal("", File.ReadAllText(_view.Of(map, "pinned")));
    }

    [Fact]
    public async Task Pins_are_found_while_others_come_and_go()
    {
        BpfMap map = _zoo.Map("zoo_lru");
        string expected = Assert.Single(File.ReadAllLines(_view.Of(map, "pinned")));
        string directory = ViewBinary.NewPinDirectory();
        Directory.CreateDirectory(directory);
        using CancellationTokenSource stop = new();
        Task churn = Task.Run(() =>
        {
            for (int i = 0; !stop.IsCancellationRequested; i++)
            {
                Directory.CreateDirectory($"{directory}/{i % 7}");
                Bpf.Pin(_zoo.Map("zoo_hash").Fd, $"{directory}/{i % 7}/p");
                File.Delete($"{directory}/{i % 7}/p");
                Directory.Delete($"{directory}/{i % 7}");
            }
        });
        try
        {
            for (int i = 0; i < 300; i++) Assert.Equal([expected], File.ReadAllLines(_view.Of(map, "pinned")));
        }
        finally
        {
            await stop.CancelAsync();
            await churn;
            ViewBinary.RemovePins(directory);
        }
    }

    [Fact]
    public async Task Nothing_is_hidden_while_objects_come_and_go()
    {
        using CancellationTokenSource stop = new();
        Task churn = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using BpfMap map = BpfMap.Create("comes_and_goes", MapType.Array, 4, 4, 1);
                using BpfProgram program = BpfProgram.Load("comes_and_goes", ProgramType.RawTracepoint, Use(map));
                using BpfLink link = program.AttachRawTracepoint("sched_process_exec");
            }
        });
        try
        {
            for (int i = 0; i < 200; i++) Assert.Equal(["hidden:\tnone"], File.ReadAllLines(_view.At("status")).Where(l => l.StartsWith("hidden:", StringComparison.Ordinal)));
        }
        finally
        {
            await stop.CancelAsync(); // also when it failed: what comes and goes would spoil every other test
            await churn;
        }
    }

    [Fact]
    public void Tail_calls_have_names()
    {
        BpfMap array = _zoo.Map("zoo_tail");
        int fd = _zoo.Program("zoo_twin").Fd; // of type xdp, as the array's owner
        array.Update(BitConverter.GetBytes(2), BitConverter.GetBytes(fd));
        Assert.Equal($"{array.Id} 2 -> {_zoo.Program("zoo_twin").Id} zoo_twin\n", File.ReadAllText(_view.Of(_zoo.Caller, "tail_calls")));
        array.Delete(BitConverter.GetBytes(2));
        Assert.Equal("", File.ReadAllText(_view.Of(_zoo.Caller, "tail_calls")));
        Assert.False(File.Exists(_view.Of(_zoo.User, "tail_calls")));
    }

    [Fact]
    public void A_program_has_its_links()
    {
        Assert.Equal($"{Bpf.IdOf(_zoo.Link.Fd)}\n", File.ReadAllText(_view.Of(_zoo.Program("zoo_traced"), "links")));
        Assert.Equal("", File.ReadAllText(_view.Of(_zoo.User, "links")));
        Assert.Equal("", File.ReadAllText(_view.Of(_zoo.User, "extended_by")));
    }

    /// <summary>Descriptors of objects themselves, which fdinfo has too.</summary>
    private string[] Lines(string path) =>
        [.. File.ReadAllLines(_view.At(path)).Where(l => l.Split(' ')[0] is "prog" or "map" or "link" or "btf").Order(StringComparer.Ordinal)];

    private string[] Own(string path) => [.. File.ReadAllLines(_view.At(path)).Where(l => l.StartsWith($"{Environment.ProcessId} ", StringComparison.Ordinal))];

    /// <summary><c>kind id fd</c> of every descriptor of a process, as /proc tells.</summary>
    private static string[] FromFdInfo(int process)
    {
        List<string> lines = [];
        try
        {
            foreach (string fd in Directory.EnumerateFileSystemEntries($"/proc/{process}/fd"))
            {
                Match name = Name().Match(new FileInfo(fd).LinkTarget ?? "");
                if (!name.Success) continue;
                string kind = name.Groups["kind"].Value, info = File.ReadAllText($"/proc/{process}/fdinfo/{Path.GetFileName(fd)}");
                lines.Add($"{kind} {Regex.Match(info, $"^{kind}_id:\\s*([0-9]+)", RegexOptions.Multiline).Groups[1].Value} {Path.GetFileName(fd)}");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // it ended, or closed that descriptor
        }
        return [.. lines.Order(StringComparer.Ordinal)];
    }

    /// <summary>Starts Python, which runs a script that prints a line and then waits to be ended.</summary>
    private static Process StartPython(string script, out string firstLine)
    {
        string text = $"""
            import ctypes, os, sys
            libc = ctypes.CDLL(None)
            def bpf(command, attr):
                return libc.syscall(321, command, attr, len(attr))
            {script}
            sys.stdin.read()
            """;
        ProcessStartInfo start = new("/usr/bin/python3", ["-c", text]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        Process process = Process.Start(start)!;
        firstLine = process.StandardOutput.ReadLine() ?? throw new InvalidOperationException("the script failed");
        return process;
    }

    private static void End(Process process)
    {
        process.StandardInput.Close();
        process.WaitForExit();
    }

    [GeneratedRegex("anon_inode:(bpf[-_])?(?<kind>prog|map|link|btf)$", RegexOptions.ExplicitCapture)]
    private static partial Regex Name();
}
