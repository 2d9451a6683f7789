using System.Diagnostics;
using System.Text;
using System.Text.Json;

namespace Mount.Tests;

/// <summary>A server that is killed or replaced while it is read: nobody who reads finds out.</summary>
public sealed class RestartTests
{
    private const int Kills = 10;

    [ResendFact]
    public void Eight_readers_do_not_see_ten_kills() => UnderReaders(view =>
    {
        for (int i = 1; i <= Kills; i++)
        {
            view.KillServer();
            Thread.Sleep(1100 + (Random.Shared.Next() % 100)); // not a crash loop, and at any moment
        }
        Assert.Equal(Kills, File.ReadLines(view.LogPath).Count(l => l.Contains("ended with signal 9", StringComparison.Ordinal)));
    });

    [ResendFact]
    public void Eight_readers_do_not_see_a_reload() => UnderReaders(view =>
    {
        for (int i = 0; i < 3; i++)
        {
            int server = view.Server, keeper = view.Keeper;
            ViewBinary.Run("reload", view.Root).Succeeded();
            Assert.NotEqual(server, view.Server);
            Assert.Equal(keeper, view.Keeper);
            Assert.Equal(2, view.Processes().Length);
        }
    });

    [ResendFact]
    public void Open_files_and_listings_go_on_where_they_were()
    {
        using BpfMap short_ = BpfMap.Create("restart_short", MapType.Array, 4, 8, 64);
        using Filled large = new(MapType.Array, 60_000);
        using KeptView view = new();
        string small = view.At($"maps/{short_.Id}/info"), entries = view.At($"maps/{short_.Id}/entries");
        string json = view.At("progs.json"), stream = view.At($"maps/{large.Map.Id}/entries");
        Dictionary<string, (FileStream File, byte[] Bytes)> open = [];
        try
        {
            foreach (string path in (string[])[small, entries, json, stream])
            {
                FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
                open[path] = (file, new byte[1]);
                Assert.Equal(1, RandomAccess.Read(file.SafeFileHandle, open[path].Bytes, 0));
            }
            short_.Update(0, 77); // what was captured stays what it was
            using BpfProgram later = BpfProgram.Load("restart_later", ProgramType.SchedCls);
            byte[] before = ReadFrom(open[json].File, 1), entriesBefore = ReadFrom(open[entries].File, 1);
            view.KillServer();
            view.KillServer();
            Assert.Equal(before, ReadFrom(open[json].File, 1));
            Assert.DoesNotContain("restart_later", Encoding.UTF8.GetString(before), StringComparison.Ordinal);
            Assert.Equal(entriesBefore, ReadFrom(open[entries].File, 1));
            Assert.Equal(File.ReadAllBytes(small)[1..], ReadFrom(open[small].File, 1));
            byte[] expected = Encoding.ASCII.GetBytes(string.Join('\n', large.Lines) + "\n");
            Assert.Equal(expected[1_500_000..], ReadFrom(open[stream].File, 1_500_000));
            Assert.Contains("restart_later", Encoding.UTF8.GetString(ReadFrom(open[json].File, 0)), StringComparison.Ordinal); // rewound: taken anew
            Assert.Equal(4, view.Number("open_files"));
        }
        finally
        {
            foreach ((FileStream file, _) in open.Values) file.Dispose();
        }
        Assert.True(Poll.Until(() => view.Number("open_files") == 0), "a handle is left");
    }

    [ResendFact]
    public void What_is_held_once_for_all_is_made_again()
    {
        using KeptView view = new();
        string path = view.At("btf/1/c");
        byte[] whole = Tool.Run("cat", path).Succeeded().Bytes;
        using FileStream begun = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0), fresh = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        Assert.Equal(1, RandomAccess.Read(begun.SafeFileHandle, new byte[1], 0));
        view.KillServer();
        Assert.Equal(whole[1_500_000..], ReadFrom(begun, 1_500_000));
        Assert.Equal(whole, ReadFrom(fresh, 0));
        Assert.Equal(whole, Tool.Run("cat", path).Succeeded().Bytes);
    }

    [ResendFact]
    public void A_listing_in_pieces_neither_repeats_nor_leaves_out()
    {
        using Herd<BpfProgram> programs = BpfProgram.LoadMany("restart_many", 3000);
        using KeptView view = new();
        HashSet<string> seen = [];
        bool isKilled = false;
        foreach (string path in Directory.EnumerateDirectories(view.At("progs")))
        {
            Assert.True(seen.Add(path), $"{path} came twice");
            if (seen.Count != 1500 || isKilled) continue;
            isKilled = true;
            for (int i = 0; i < 20; i++) programs[i].Dispose(); // their places in the list move
            view.KillServer();
        }
        Assert.True(isKilled);
        Assert.All(programs.Skip(20), p => Assert.Contains(view.At($"progs/{p.Id}"), seen));
    }

    [ResendFact]
    public async Task Pins_survive_and_are_not_doubled()
    {
        using KeptView view = new();
        string[] names = [.. Directory.GetFiles(view.PinDirectory).Order()];
        HashSet<string> old = Ids.HeldBy(view.Server);
        bool[] ended = [false];
        Task<int> reader = Task.Run(() =>
        {
            int times = 0;
            for (; !Volatile.Read(ref ended[0]); times++) Assert.StartsWith("  id name", File.ReadAllText($"{view.PinDirectory}/progs"), StringComparison.Ordinal);
            return times;
        });
        for (int i = 0; i < 3; i++) view.KillServer();
        Volatile.Write(ref ended[0], true);
        Assert.NotEqual(0, await reader);
        Assert.True(Poll.Until(() => names.SequenceEqual(Directory.GetFiles(view.PinDirectory).Order())), string.Join(' ', Directory.GetFiles(view.PinDirectory)));
        Assert.NotEmpty(old);
        Assert.Empty(Ids.Remaining(old)); // with the pins that were replaced
        HashSet<string> last = Ids.HeldBy(view.Server);
        Tool.Run("umount", view.Root).Succeeded();
        Assert.True(Poll.Until(() => view.Processes().Length == 0), "a process is left");
        Assert.False(Directory.Exists(view.PinDirectory));
        Assert.Empty(Ids.Remaining(last));
    }

    [ResendFact]
    public void What_a_server_of_another_version_left_is_never_taken_for_ours()
    {
        using KeptView view = new();
        int server = view.Server;
        string mount = Assert.Single(Mounts.IdsAt(view.Root));
        using (FileStream memory = File.OpenWrite(Directory.EnumerateFiles($"/proc/{view.Keeper}/fd").Single(f => new FileInfo(f).LinkTarget?.StartsWith("/memfd:bpffs-view", StringComparison.Ordinal) == true)))
        {
            memory.Write("another!"u8);
        }

        // Who runs goes on.
        ToolResult reload = ViewBinary.Run("reload", view.Root);
        Assert.Equal(1, reload.Code);
        Assert.Contains("the old one goes on", reload.Errors, StringComparison.Ordinal);
        Assert.Contains("another version of the program wrote it; unmount and mount again", view.Log, StringComparison.Ordinal);
        Assert.Equal(server, view.Server);
        Assert.Equal(mount, Assert.Single(Mounts.IdsAt(view.Root)));

        // If there is nobody to go on, it is mounted anew, once.
        using FileStream open = File.OpenRead(view.At("progs.json"));
        Tool.Run("kill", "-KILL", $"{server}").Succeeded();
        Assert.True(Poll.Until(() => view.Log.Contains("mounted anew, and open files fail: ", StringComparison.Ordinal)), view.Log);
        Assert.True(Poll.Until(() => Mounts.IdsAt(view.Root) is [var one] && one != mount), string.Join('\n', Mounts.IdsAt(view.Root)));
        Assert.Throws<IOException>(() => open.ReadByte());
        Assert.NotEqual(server, view.Server);
        view.KillServer(); // and the new one is kept as any
        Assert.Single(Mounts.IdsAt(view.Root));
    }

    [ResendFact]
    public void A_crash_loop_backs_off_and_says_so_and_its_readers_can_be_killed()
    {
        using TemporaryDirectory directory = new();
        string binary = directory.At("bpffs-view");
        File.Copy(ViewBinary.Path, binary);
        using KeptView view = new(binary);
        int keeper = view.Keeper, server = view.Server;
        Assert.NotEqual(0, ViewBinary.Run("reload", directory.Path).Code); // no view there
        File.Move(binary, directory.At("good"));
        File.WriteAllText(binary, "#!/bin/sh\nexit 3\n");
        File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        ToolResult reload = ViewBinary.Run("reload", view.Root);
        Assert.NotEqual(0, reload.Code);
        Assert.Contains("the old one goes on", reload.Errors, StringComparison.Ordinal);
        Assert.Equal(server, view.Server);

        Tool.Run("kill", "-KILL", $"{server}").Succeeded();
        Assert.True(Poll.Until(() => view.Log.Contains("ended with exit status 3, 5 times in a row; the next one starts in ", StringComparison.Ordinal)), view.Log);
        using Process reader = Process.Start("cat", view.At("status"));
        Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{reader.Id}/syscall").Length > 0));
        Assert.False(reader.HasExited);
        reader.Kill();
        Assert.True(reader.WaitForExit(Patience.Of(5)), "a reader cannot be killed");

        // Once the program is good again, the view is.
        File.Move(directory.At("good"), binary, overwrite: true);
        Assert.NotEmpty(File.ReadAllText(view.At("progs.debug")));
        Assert.Equal(keeper, view.Keeper);
        Tool.Run("kill", "-TERM", $"{keeper}").Succeeded();
        Assert.True(Poll.Until(() => view.Processes().Length == 0), "a process is left");
        Assert.Empty(Mounts.At(view.Root));
        Assert.False(Directory.Exists(view.PinDirectory));
    }

    [Fact]
    public void Unmounted_or_ended_while_nobody_serves()
    {
        foreach (string end in (string[])["umount -l \"$1\"", "kill -TERM $2"])
        {
            using TemporaryDirectory directory = new();
            string binary = directory.At("bpffs-view");
            File.Copy(ViewBinary.Path, binary);
            using KeptView view = new(binary);
            int keeper = view.Keeper, server = view.Server;
            File.Delete(binary);
            File.WriteAllText(binary, "");
            File.SetUnixFileMode(binary, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            Tool.Run("kill", "-KILL", $"{server}").Succeeded();
            if (ResendFactAttribute.Reason is null) Assert.True(Poll.Until(() => view.Log.Contains("5 times in a row", StringComparison.Ordinal)), view.Log);
            Tool.Shell(end, view.Root, $"{keeper}").Succeeded();
            Assert.True(Poll.Until(() => !Directory.Exists($"/proc/{keeper}")), end);
            Assert.Empty(Mounts.At(view.Root));
        }
    }

    [Fact]
    public void A_keeper_keeps_off_io_uring()
    {
        using KeptView view = new();
        Assert.Contains("transport:\t/dev/fuse, ", File.ReadAllText(view.At("status")), StringComparison.Ordinal);
        ToolResult both = ViewBinary.Run(view.Root, "--keeper", "on", "--io-uring", "on");
        Assert.Equal(2, both.Code);
        using MountedView alone = new();
        Assert.Contains("keeper:\tnone\n", alone.Read("status"), StringComparison.Ordinal);
        using MountedView kept = new(new ViewOptions { Arguments = ["--keeper", "on"], IsOverIoUring = false });
        Assert.Contains($"keeper:\t{kept.ProcessId}, 0 restarts", kept.Read("status"), StringComparison.Ordinal); // in the foreground it is the keeper that was started
        kept.Signal("TERM");
        Assert.Equal(0, kept.WaitForExit());
    }

    /// <summary>
    /// systemd's part, as systemd.service(5) and sd_listen_fds(3) have it: keeps what it is sent, and hands it to the next process from descriptor 3 on; KillMode=mixed.
    /// Each way in which a keeper can end is followed by another keeper.
    /// </summary>
    private const string Systemd = """
        import array, os, select, signal, socket, subprocess, sys
        binary, root, pins, path = sys.argv[1:]
        store = {}
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(path)
        notify.settimeout(20)
        def hear():
            text, control, _, _ = notify.recvmsg(4096, socket.CMSG_SPACE(4))
            lines = dict(l.split("=", 1) for l in text.decode().split("\n"))
            if lines.get("FDSTOREREMOVE") == "1" and lines["FDNAME"] in store:
                os.close(store.pop(lines["FDNAME"]))
            if lines.get("FDSTORE") == "1":
                assert lines["FDNAME"] not in store, "two of a name"
                store[lines["FDNAME"]] = array.array("i", control[0][2])[0]
            return lines
        def start(*options):
            names = list(store)
            fds = [os.dup2(store[n], 60 + i) for i, n in enumerate(names)]
            env = dict(os.environ, NOTIFY_SOCKET=path, FDSTORE="2")
            line = ""
            if names:
                env.update(LISTEN_FDS=str(len(names)), LISTEN_FDNAMES=":".join(names))
                line = "export LISTEN_PID=$$; " + "".join(f"exec {3 + i}<&{60 + i} {60 + i}<&-; " for i in range(len(names)))
            child = subprocess.Popen(["bash", "-c", line + 'exec "$@"', "bash", binary, root, "-f", "--pin-dir", pins, "--log-level", "warning", *options], env=env, pass_fds=fds)
            while True:
                if child.poll() is not None:
                    return child
                if select.select([notify], [], [], 0.1)[0] and hear().get("READY") == "1":
                    return child
        def line(key):
            return next(l for l in open(root + "/status") if l.startswith(key + ":"))
        def mounts():
            return [l.split() for l in open("/proc/self/mountinfo") if l.split()[4] == root]
        child = start()
        assert sorted(store) == ["fuse", "memory"], store
        file = os.open(root + "/progs.json", os.O_RDONLY)
        whole = os.pread(file, 1 << 24, 0)
        mount = mounts()
        assert len(mount) == 1
        for i in range(4):
            if i % 2:
                server = int(line("server").split()[1])
                child.kill()
                os.kill(server, signal.SIGKILL)
                child.wait()
            else:
                child.send_signal(signal.SIGUSR2)
                assert child.wait() == 0
                assert hear() == {"STOPPING": "1"}
            assert mounts() == mount, "the mount went"
            child = start()
            assert os.pread(file, 1 << 24, 10) == whole[10:], "other bytes"
            assert line("keeper").split()[1] == f"{child.pid},", line("keeper")
        assert mounts() == mount, "another mount"
        os.close(file)

        # a next one that cannot start: nothing is left
        child.send_signal(signal.SIGUSR2)
        assert child.wait() == 0
        hear()
        child = start("--kernel-btf", "/dev/null")
        assert child.returncode == 4, child.returncode
        assert mounts() == [], "a mount without a server"

        # what is left of a mount that ended meanwhile is nothing to go on with
        child = start()
        mount = mounts()
        child.terminate()
        assert child.wait() == 0
        assert hear() == {"STOPPING": "1"}
        assert mounts() == []
        child = start()
        assert len(mounts()) == 1 and line("server")

        # of another version: mounted anew, and once
        child.send_signal(signal.SIGUSR2)
        assert child.wait() == 0
        hear()
        os.pwrite(store["memory"], b"another!", 0)
        file = os.open(root, os.O_PATH)
        mount = mounts()
        child = start()
        assert len(mounts()) == 1 and mounts() != mount, mounts()
        assert line("server")
        child.terminate()
        assert child.wait() == 0
        """;

    [ResendFact]
    public void The_file_descriptor_store_of_systemd_does_as_well()
    {
        using TemporaryDirectory directory = new();
        string root = Directory.CreateDirectory(directory.At("mnt")).FullName, pins = ViewBinary.NewPinDirectory();
        try
        {
            Tool.Python(Systemd, ViewBinary.Path, root, pins, directory.At("notify")).Succeeded();
            Assert.Empty(Mounts.At(root));
            Assert.False(Directory.Exists(pins));
        }
        finally
        {
            ViewBinary.End(root, pins);
        }
    }

    /// <summary>Runs something while eight readers of all kinds read; each reading must be what a whole one is.</summary>
    private static void UnderReaders(Action<KeptView> action)
    {
        using BpfMap map = BpfMap.Create("restart_map", MapType.Array, 4, 8, 1);
        using BpfProgram program = BpfProgram.Load("restart_prog", ProgramType.SchedCls, Instructions.Use(map));
        using Filled large = new(MapType.Array, 60_000);
        using KeptView view = new();
        byte[] entries = Encoding.ASCII.GetBytes(string.Join('\n', large.Lines) + "\n");
        Assert.True(entries.Length > 1 << 20);
        string info = File.ReadAllText(view.At($"progs/{program.Id}/name"));
        string[] files = [.. Directory.GetFileSystemEntries(view.At($"maps/{map.Id}")).Order()];
        bool[] ended = [false];
        Action[] kinds =
        [
            () => Assert.Equal(info, File.ReadAllText(view.At($"progs/{program.Id}/name"))),
            () => Assert.Contains("name:\trestart_prog", File.ReadAllText(view.At($"progs/{program.Id}/info")).Replace(": ", ":\t", StringComparison.Ordinal), StringComparison.Ordinal),
            () => Assert.Contains($"{program.Id}", InPieces(view.At("progs.debug"), 100), StringComparison.Ordinal),
            () => JsonDocument.Parse(InPieces(view.At("progs.json"), 1000)).Dispose(),
            () => Assert.True(entries.AsSpan().SequenceEqual(Whole(view.At($"maps/{large.Map.Id}/entries"))), "other bytes of entries"),
            () => Assert.Equal(files, Directory.GetFileSystemEntries(view.At($"maps/{map.Id}")).Order()),
            () => Assert.Contains(view.At($"progs/{program.Id}"), Directory.GetDirectories(view.At("progs"))),
            () => Assert.Equal(0, Tool.Run("cat", view.At("maps.debug"), view.At("links.debug"), view.At($"maps/{map.Id}/progs")).Code),
        ];
        int[] rounds = new int[kinds.Length];
        Task[] readers = [.. kinds.Select((read, i) => Task.Factory.StartNew(
            () =>
            {
                for (; !Volatile.Read(ref ended[0]); rounds[i]++) read();
            },
            CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        try
        {
            action(view);
        }
        finally
        {
            Volatile.Write(ref ended[0], true);
            Assert.True(Task.WhenAny(Task.WhenAll(readers), Task.Delay(Patience.Of(20))).GetAwaiter().GetResult() is not null);
        }
        Task.WaitAll(readers);
        Assert.All(rounds, r => Assert.NotEqual(0, r));
        Assert.True(Poll.Until(() => view.Number("open_files") == 0 && view.Number("open_directories") == 0), File.ReadAllText(view.At("status")));
        string status = File.ReadAllText(view.At("status"));
        Assert.Contains("errors:\t0\n", status, StringComparison.Ordinal);
        Tool.Run("umount", view.Root).Succeeded();
        Assert.True(Poll.Until(() => view.Processes().Length == 0), "a process is left");
        Assert.False(Directory.Exists(view.PinDirectory));
    }

    /// <summary>File.ReadAllBytes trusts the size, which nobody knows of a file that is made while it is read.</summary>
    private static byte[] Whole(string path)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        return ReadFrom(file, 0);
    }

    private static byte[] ReadFrom(FileStream file, long offset)
    {
        using MemoryStream all = new();
        byte[] buffer = new byte[100_000];
        int length;
        while ((length = RandomAccess.Read(file.SafeFileHandle, buffer, offset + all.Length)) > 0) all.Write(buffer, 0, length);
        return all.ToArray();
    }

    /// <summary>So that a kill comes in the middle.</summary>
    private static string InPieces(string path, int size)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        using MemoryStream all = new();
        byte[] piece = new byte[size];
        int length;
        while ((length = RandomAccess.Read(file.SafeFileHandle, piece, all.Length)) > 0) all.Write(piece, 0, length);
        return Encoding.UTF8.GetString(all.ToArray());
    }
}
