namespace Mount.Tests;

/// <summary>Pinned iterators: text by the kernel, without any process of ours.</summary>
public sealed class PinTests
{
    private static readonly string[] s_names = ["progs", "maps", "links"];

    [Fact]
    public void Pins_are_read_by_nobody_while_no_process_lingers()
    {
        using Pinned pinned = new();
        Assert.Equal(s_names.Order(), Directory.EnumerateFiles(pinned.Directory).Select(f => Path.GetFileName(f)!).Order());
        Assert.Empty(ViewBinary.Processes(pinned.Directory));
        foreach (string name in s_names) Assert.Equal("644 0 0", Tool.Run("stat", "-c", "%a %u %g", $"{pinned.Directory}/{name}").Output.TrimEnd());
        Assert.Equal("755", Tool.Run("stat", "-c", "%a", pinned.Directory).Output.TrimEnd());

        using BpfMap map = BpfMap.Create("pin_map", MapType.Array, 4, 8, 77);
        using BpfProgram program = BpfProgram.Load("pin_prog", ProgramType.RawTracepoint, Instructions.Use(map));
        using BpfLink link = program.AttachRawTracepoint("sched_process_exec");
        Row(pinned, "progs", "id name pages attached", $"{program.Id} pin_prog 1");
        Row(pinned, "maps", "id name max_entries", $"{map.Id} pin_map 77");
        Row(pinned, "links", "id type prog target", $"{link.Id} raw_tracepoint pin_prog");
    }

    private static void Row(Pinned pinned, string name, string header, string expected)
    {
        string[] lines = [.. Tool.AsNobody("cat \"$1\"", $"{pinned.Directory}/{name}").Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(l => string.Join(' ', l.Split(' ', StringSplitOptions.RemoveEmptyEntries)))];
        Assert.Equal(header, lines[0]);
        Assert.Contains(lines, l => l.StartsWith(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void A_deleted_pin_frees_everything()
    {
        HashSet<string> before = Ids.All();
        using Pinned pinned = new();
        string[] ours = Ids.NewSince(before);
        Assert.Equal(3, ours.Count(i => i.StartsWith("Link", StringComparison.Ordinal)));
        Assert.InRange(ours.Count(i => i.StartsWith("Program", StringComparison.Ordinal)), 3, 3);
        File.Delete($"{pinned.Directory}/links");
        Assert.Contains("id", File.ReadAllText($"{pinned.Directory}/progs"), StringComparison.Ordinal);
        File.Delete($"{pinned.Directory}/progs");
        File.Delete($"{pinned.Directory}/maps");
        Assert.Empty(Ids.Remaining(ours));
    }

    [Fact]
    public void Unpin_removes_what_pin_made()
    {
        HashSet<string> before = Ids.All();
        using Pinned pinned = new();
        string[] ours = Ids.NewSince(before);
        ToolResult result = ViewBinary.Run("unpin", pinned.Directory).Succeeded();
        Assert.Equal("", result.Errors);
        Assert.DoesNotContain(s_names, n => File.Exists($"{pinned.Directory}/{n}"));
        Assert.Empty(Ids.Remaining(ours));
        Assert.Equal(0, ViewBinary.Run("unpin", pinned.Directory).Code); // nothing to do
    }

    [Fact]
    public void Unpin_leaves_what_is_not_ours()
    {
        using Pinned pinned = new();
        using BpfProgram other = BpfProgram.Load("pin_other");
        Bpf.Pin(other.Fd, $"{pinned.Directory}/other");
        ViewBinary.Run("unpin", pinned.Directory).Succeeded();
        Assert.Equal(["other"], Directory.EnumerateFiles(pinned.Directory).Select(Path.GetFileName));
    }

    [Fact]
    public void Pin_again_replaces()
    {
        HashSet<string> before = Ids.All();
        using Pinned pinned = new();
        string[] first = Ids.NewSince(before);
        ViewBinary.Run("pin", pinned.Directory).Succeeded();
        Assert.Empty(Ids.Remaining(first));
        Assert.Contains("name", File.ReadAllText($"{pinned.Directory}/progs"), StringComparison.Ordinal);
    }

    [Fact]
    public void Something_else_under_a_pins_name_is_not_replaced()
    {
        string directory = ViewBinary.NewPinDirectory();
        try
        {
            Directory.CreateDirectory(directory);
            using BpfProgram other = BpfProgram.Load("pin_in_the_way");
            Bpf.Pin(other.Fd, $"{directory}/maps");
            HashSet<string> before = Ids.All();
            ToolResult result = ViewBinary.Run("pin", directory);
            Assert.Equal(6, result.Code);
            Assert.Contains($"{directory}/maps", result.Errors, StringComparison.Ordinal);
            Assert.Equal(["maps"], Directory.EnumerateFileSystemEntries(directory).Select(Path.GetFileName));
            Assert.Empty(Ids.Remaining(Ids.NewSince(before)));
        }
        finally
        {
            ViewBinary.RemovePins(directory);
        }
    }

    [Fact]
    public void Bpffs_is_mounted_where_it_is_not_yet()
    {
        // In a mount namespace of its own, so that nobody else loses what they have pinned.
        string script = """
            umount -l /sys/fs/bpf && "$1" pin && [ "$(stat -f -c %T /sys/fs/bpf)" = bpf_fs ] && head -n 1 /sys/fs/bpf/bpffs-view/progs
            """;
        ToolResult result = Tool.Run("unshare", "-m", "bash", "-c", script, "bash", ViewBinary.Path);
        Assert.Equal("id name pages attached", string.Join(' ', result.Succeeded().Output.TrimEnd().Split('\n')[^1].Split(' ', StringSplitOptions.RemoveEmptyEntries)));
    }

    [Fact]
    public void A_view_mounts_bpffs_where_it_is_not_yet()
    {
        using TemporaryDirectory directory = new();
        string script = """
            umount -l /sys/fs/bpf && "$1" "$2" && cat /sys/fs/bpf/bpffs-view/progs >/dev/null && cat "$2/progs.debug" && umount "$2" &&
            for i in $(seq 100); do [ -e /sys/fs/bpf/bpffs-view/progs ] || exit 0; sleep 0.1; done; exit 1
            """;
        Tool.Run("unshare", "-m", "bash", "-c", script, "bash", ViewBinary.Path, directory.Path).Succeeded();
        Assert.True(Poll.Until(() => ViewBinary.Processes(directory.Path).Length == 0));
    }

    [Fact]
    public void Pins_go_with_the_view_unless_they_are_to_be_kept()
    {
        HashSet<string> ours;
        string pins;
        using (MountedView view = new())
        {
            pins = view.PinDirectory;
            foreach (string name in s_names) Assert.Equal("644", Tool.Run("stat", "-c", "%a", $"{pins}/{name}").Output.TrimEnd());
            Assert.Contains("name", Tool.AsNobody("cat \"$1\"", $"{pins}/progs").Succeeded().Output, StringComparison.Ordinal);
            Assert.Contains($"{pins}/progs", view.Read("status"), StringComparison.Ordinal);
            ours = Ids.HeldBy(view.ProcessId);
            Assert.NotEmpty(ours);
            view.Signal("TERM");
            Assert.Equal(0, view.WaitForExit());
            Assert.DoesNotContain(s_names, n => File.Exists($"{pins}/{n}"));
            Assert.Empty(Ids.Remaining(ours));
        }
        using (MountedView view = new(new ViewOptions { Arguments = ["--keep-pins"] }))
        {
            ours = Ids.HeldBy(view.ProcessId);
            view.Signal("TERM");
            Assert.Equal(0, view.WaitForExit());
            foreach (string name in s_names) Tool.AsNobody("cat \"$1\"", $"{view.PinDirectory}/{name}").Succeeded();
            ViewBinary.RemovePins(view.PinDirectory);
            Assert.Empty(Ids.Remaining(ours));
        }
    }

    [Fact]
    public void No_pins()
    {
        using TemporaryDirectory directory = new();
        string pins = ViewBinary.NewPinDirectory();
        try
        {
            ViewBinary.Run(directory.Path, "--pin-dir", pins, "--no-pins").Succeeded();
            Assert.False(Path.Exists(pins));
            Assert.NotEmpty(File.ReadAllText(directory.At("progs.debug")));
            Tool.Run("umount", directory.Path).Succeeded();
            Assert.True(Poll.Until(() => ViewBinary.Processes(directory.Path).Length == 0));
        }
        finally
        {
            ViewBinary.End(directory.Path, pins);
        }
    }

    [Theory]
    [InlineData("1777", "mkdir pins", "/pins: is not owned by root")] // nobody was first, on a bpffs as the kernel makes it
    [InlineData("1777", "ln -s other pins", "/pins: is no directory")]
    [InlineData("0777", ":", ": is writable by group or others")] // what root makes there can be exchanged
    public void A_directory_that_is_not_root_s_alone_costs_the_pins_and_not_the_view(string mode, string nobodys, string cause)
    {
        using TemporaryDirectory directory = new();
        string bpffs = directory.At("bpf"), pins = $"{bpffs}/pins", mount = directory.At("mnt");
        Directory.CreateDirectory(bpffs);
        Directory.CreateDirectory(mount);
        Tool.Run("mount", "-t", "bpf", "bpf", bpffs).Succeeded();
        try
        {
            Tool.Run("chmod", mode, bpffs).Succeeded(); // what mount(2) is given is always sticky (bpf_fill_super)
            Directory.CreateDirectory($"{bpffs}/other");
            if (mode == "0777") Directory.CreateDirectory(pins);
            Tool.AsNobody($"cd \"$1\" && {nobodys}", bpffs).Succeeded();
            ToolResult start = ViewBinary.Run(mount, "--pin-dir", pins).Succeeded();
            string line = Assert.Single(start.Errors.TrimEnd('\n').Split('\n'));
            Assert.Contains("without pins", line, StringComparison.Ordinal);
            Assert.EndsWith(cause, line, StringComparison.Ordinal);
            Assert.DoesNotContain("pin:", File.ReadAllText($"{mount}/status"), StringComparison.Ordinal);
            Assert.Empty(Directory.EnumerateFileSystemEntries($"{bpffs}/other"));

            // Who asks for nothing but pins is told that there are none.
            Assert.Equal(6, ViewBinary.Run("pin", pins).Code);
            Assert.Equal(6, ViewBinary.Run("unpin", pins).Code);
        }
        finally
        {
            ViewBinary.End(mount, pins);
            Mounts.Detach(bpffs);
        }
    }

    [Fact]
    public void What_is_root_s_below_a_sticky_directory_will_do()
    {
        using TemporaryDirectory directory = new();
        string bpffs = directory.At("bpf");
        Directory.CreateDirectory(bpffs);
        Tool.Run("mount", "-t", "bpf", "-o", "mode=1777", "bpf", bpffs).Succeeded();
        try
        {
            using MountedView view = new(new ViewOptions { PinDirectory = $"{bpffs}/pins" });
            Assert.Equal(3, Directory.GetFiles(view.PinDirectory).Length);
            Assert.NotEqual(0, Tool.AsNobody("mv \"$1\" \"$1-away\"", view.PinDirectory).Code);
        }
        finally
        {
            Mounts.Detach(bpffs);
        }
    }

    /// <summary>The result of bpffs-view pin, in a directory of its own.</summary>
    private sealed class Pinned : IDisposable
    {
        public Pinned()
        {
            Directory = ViewBinary.NewPinDirectory();
            ToolResult result = ViewBinary.Run("pin", Directory).Succeeded();
            Assert.Equal("", result.Errors);
        }

        public string Directory { get; }

        public void Dispose() => ViewBinary.RemovePins(Directory);
    }
}
