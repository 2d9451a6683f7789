namespace Mount.Tests;

/// <summary>A start that cannot succeed says why in one line, ends with the documented code, and leaves nothing.</summary>
public sealed class StartTests : IDisposable
{
    private const int Usage = 2, NotPermitted = 3, KernelLacks = 4, MountFailed = 5, PinFailed = 6, Incomplete = 7;

    private readonly TemporaryDirectory _directory = new();
    private readonly string _mountPoint;
    private readonly string _pins = ViewBinary.NewPinDirectory();
    private readonly HashSet<string> _before = Ids.All();

    public StartTests() => _mountPoint = Directory.CreateDirectory(_directory.At("mnt")).FullName;

    public void Dispose()
    {
        ViewBinary.End(_mountPoint, _pins);
        _directory.Dispose();
    }

    private void Refused(ToolResult result, int code, params string[] words)
    {
        Assert.True(code == result.Code, $"exit status {result.Code}: {result.Errors}");
        Assert.Equal("", result.Output);
        Assert.Matches("^bpffs-view: [^\n]*\n$", result.Errors);
        foreach (string word in words) Assert.Contains(word, result.Errors, StringComparison.Ordinal);
        NothingIsLeft();
    }

    private void NothingIsLeft()
    {
        Assert.Empty(Mounts.At(_mountPoint));
        Assert.True(Poll.Until(() => ViewBinary.Processes(_mountPoint).Length == 0), "a process is left");
        Assert.True(Poll.Until(() => !Directory.Exists(_pins) || !Directory.EnumerateFileSystemEntries(_pins).Any()), "a pin is left");
        Assert.Empty(Ids.Remaining(Ids.NewSince(_before)));
    }

    [Theory]
    [InlineData("--frobnicate", "--frobnicate")]
    [InlineData("-x", "-x")]
    [InlineData("--pin-dirr=/x", "--pin-dirr")]
    [InlineData("--workers 0", "--workers 0")]
    [InlineData("--workers many", "--workers many")]
    [InlineData("-o io_uring=maybe", "-o io_uring maybe")]
    [InlineData("--log-level loud", "--log-level loud")]
    [InlineData("--gid nosuchgroup", "--gid nosuchgroup")]
    [InlineData("--pin-dir relative", "--pin-dir relative")]
    [InlineData("-o frobnicate", "-o frobnicate")]
    [InlineData("-o ro,frobnicate=1", "-o frobnicate")]
    [InlineData("-o workers", "-o workers")]
    [InlineData("-o keep_pins=1", "-o keep_pins")]
    [InlineData("second third", "third")]
    public void Wrong_usage(string arguments, string named) =>
        Refused(ViewBinary.Run([_mountPoint, "--pin-dir", _pins, .. arguments.Split(' ')]), Usage, named);

    [Fact]
    public void No_directory_given() => Refused(ViewBinary.Run(), Usage, "mount", "directory");

    [Theory]
    [InlineData("")]
    [InlineData("-f --log-level warning")] // else it also logs what it did and undid
    public void Without_root(string option)
    {
        string binary = Tool.AsNobody("test -x \"$1\"", ViewBinary.Path).Code == 0 ? ViewBinary.Path : Copied();
        Refused(Tool.AsNobody($"\"$1\" \"$2\" --pin-dir \"$3\" {option}", binary, _mountPoint, _pins), NotPermitted, "mount", _mountPoint, "not permitted", "root");
        Refused(Tool.AsNobody("\"$1\" pin \"$2\"", binary, _pins), NotPermitted, "pin", _pins, "not permitted");
    }

    /// <summary>Where nobody can reach it; a checkout may be in somebody's home.</summary>
    private string Copied()
    {
        string copy = _directory.At("bpffs-view");
        File.Copy(ViewBinary.Path, copy);
        return copy;
    }

    [Fact]
    public void Root_without_capabilities() =>
        Refused(Tool.Run("setpriv", "--bounding-set=-all", "--inh-caps=-all", ViewBinary.Path, _mountPoint, "--pin-dir", _pins), NotPermitted, "mount", _mountPoint, "not permitted");

    [Theory]
    [InlineData("")]
    [InlineData("-f --log-level warning")] // else it also logs what it did and undid
    public void Mount_points_that_will_not_do(string option)
    {
        File.WriteAllText(_directory.At("file"), "");
        string[] more = option.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        string missing = _directory.At("missing");
        Refused(ViewBinary.Run([missing, "--pin-dir", _pins, .. more]), MountFailed, "mount", missing, "No such file or directory");
        Refused(ViewBinary.Run([_directory.At("file"), "--pin-dir", _pins, .. more]), MountFailed, "mount", _directory.At("file"), "Not a directory");
        Refused(ViewBinary.Run([_directory.Path, "--pin-dir", _pins, .. more]), MountFailed, "mount", _directory.Path, "not empty");
        Assert.Empty(Mounts.At(_directory.Path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-f --log-level warning")] // else it also logs what it did and undid
    public void Pin_directories_that_will_not_do(string option)
    {
        string[] more = option.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Refused(ViewBinary.Run([_mountPoint, "--pin-dir", _directory.At("pins"), .. more]), PinFailed, _directory.At("pins"), "bpffs");
        Refused(ViewBinary.Run([_mountPoint, "--pin-dir", "/proc/sys/nothing", .. more]), PinFailed, "/proc/sys/nothing");
        Refused(ViewBinary.Run("pin", _directory.At("pins")), PinFailed, _directory.At("pins"));
        Assert.False(Path.Exists(_directory.At("pins")));
        ToolResult readOnly = Tool.Run("unshare", "-m", "bash", "-c", "mount -o remount,bind,ro /sys/fs/bpf && \"$1\" \"$2\" --pin-dir \"$3\"", "bash", ViewBinary.Path, _mountPoint, _pins);
        Refused(readOnly, PinFailed, _pins, "Read-only file system");
    }

    [Theory]
    [InlineData("")]
    [InlineData("-f --log-level warning")] // else it also logs what it did and undid
    public void A_kernel_without_BTF(string option)
    {
        string[] more = option.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Refused(ViewBinary.Run([_mountPoint, "--pin-dir", _pins, "--kernel-btf", "/dev/null", .. more]), KernelLacks, "load", "BTF");
        Refused(ViewBinary.Run([_mountPoint, "--pin-dir", _pins, "--kernel-btf", _directory.At("missing"), .. more]), KernelLacks, "load", _directory.At("missing"));
        Refused(ViewBinary.Run("pin", _pins, "--kernel-btf", "/dev/null"), KernelLacks, "load", "BTF");
    }

    [Fact]
    public void A_file_that_is_no_BTF()
    {
        File.WriteAllText(_directory.At("btf"), "this is no BTF at all");
        ToolResult result = ViewBinary.Run(_mountPoint, "--pin-dir", _pins, "--kernel-btf", _directory.At("btf"));
        Assert.Equal(KernelLacks, result.Code);
        Assert.StartsWith("bpffs-view: ", result.Errors, StringComparison.Ordinal);
        NothingIsLeft();
    }

    [Fact]
    public void No_fuse_device()
    {
        const string script = "mount -t tmpfs none /dev && mknod -m 666 /dev/null c 1 3 && \"$1\" \"$2\" --pin-dir \"$3\"";
        Refused(Tool.Run("unshare", "-m", "bash", "-c", script, "bash", ViewBinary.Path, _mountPoint, _pins), KernelLacks, "/dev/fuse", "No such file or directory");
    }

    [Fact]
    public void Help_and_version()
    {
        ToolResult help = ViewBinary.Run("--help").Succeeded();
        Assert.Equal("", help.Errors);
        foreach (string word in (string[])["--pin-dir", "--keep-pins", "-f", "--log-level", "Exit codes", "pin", "unpin", "check", "--version"]) Assert.Contains(word, help.Output, StringComparison.Ordinal);
        foreach (int code in (int[])[0, 1, Usage, NotPermitted, KernelLacks, MountFailed, PinFailed, Incomplete]) Assert.Matches($@"(?m)^ *{code} ", help.Output);
        Assert.Matches(@"^bpffs-view \d+\.\d+\.\d+\n$", ViewBinary.Run("--version").Succeeded().Output);
    }

    [Fact]
    public void Check_leaves_nothing()
    {
        ToolResult check = ViewBinary.Run("check");
        Assert.Equal("", check.Errors);
        Assert.Equal(check.Output.Contains("missing", StringComparison.Ordinal) ? Incomplete : 0, check.Code);
        Assert.Matches(check.Code == 0 ? "\nview +complete +everything works\n$" : "\nview +incomplete +works, but lacks: .+\n$", check.Output);
        Assert.Contains(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), check.Output, StringComparison.Ordinal);
        foreach (string word in (string[])["BTF", "FUSE", "bpf_map_elem", "programs"]) Assert.Contains(word, check.Output, StringComparison.Ordinal);
        Assert.Equal(KernelLacks, ViewBinary.Run("check", "--kernel-btf", "/dev/null").Code);
        NothingIsLeft();
    }

    [Fact]
    public void In_the_background()
    {
        ToolResult result = ViewBinary.Run(_mountPoint, "--pin-dir", _pins).Succeeded();
        Assert.Equal("", result.Output + result.Errors);
        Assert.Contains("progs.debug", Directory.EnumerateFiles(_mountPoint).Select(Path.GetFileName)); // at once
        Assert.NotEmpty(File.ReadAllText($"{_pins}/progs"));
        int[] processes = ViewBinary.Processes(_mountPoint);
        Assert.Equal(2, processes.Length); // keeper and server
        Assert.All(processes, p => Assert.Equal("/", new FileInfo($"/proc/{p}/cwd").LinkTarget));
        string[] sessions = [.. processes.Select(p => File.ReadAllText($"/proc/{p}/stat").Split(' ')[5])];
        Assert.Contains(Assert.Single(sessions.Distinct()), processes.Select(p => $"{p}")); // a session of their own: the terminal's end is not ours
        Tool.Run("umount", _mountPoint).Succeeded();
        NothingIsLeft();
    }

    [Fact]
    public void As_mount_8_calls_it()
    {
        ViewBinary.Run("the_source", _mountPoint, "-o", $"rw,dev,suid,noexec,x-systemd.automount,pin_dir={_pins},gid=65534,log_level=error").Succeeded();
        string line = File.ReadLines("/proc/mounts").Single(l => l.Split(' ')[1] == _mountPoint);
        Assert.StartsWith($"the_source {_mountPoint} fuse.bpffs-view ro,nosuid,nodev,noexec", line, StringComparison.Ordinal);
        Assert.True(File.Exists($"{_pins}/progs"));
        Tool.Run("umount", _mountPoint).Succeeded();
        NothingIsLeft();
    }

    [Fact]
    public void A_relative_directory()
    {
        Tool.Shell("cd \"$1\" && \"$2\" mnt --pin-dir \"$3\"", _directory.Path, ViewBinary.Path, _pins).Succeeded();
        Assert.Equal("fuse.bpffs-view", Mounts.At(_mountPoint).Single());
        Tool.Run("umount", _mountPoint).Succeeded();
        NothingIsLeft();
    }
}
