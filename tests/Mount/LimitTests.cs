using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>What is scarce, slow, stopped or torn away: docs/view.md, "Limits", line by line.</summary>
public sealed partial class LimitTests
{
    /// <summary>How long a reader stops in the middle.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(int.TryParse(Environment.GetEnvironmentVariable("BPFFS_PAUSE"), NumberStyles.None, CultureInfo.InvariantCulture, out int seconds) ? seconds : 2);

    [Fact]
    public void Sixty_four_descriptors()
    {
        using BpfMap map = BpfMap.Create("limit_fds", MapType.Array, 4, 8, 200_000); // over 1 MiB of text: each open file holds a descriptor
        using Zoo zoo = new();
        using MountedView view = new(new ViewOptions { Prefix = ["prlimit", "--nofile=64:64"], IsOverIoUring = false }); // rings take descriptors, too
        foreach (string file in (string[])["progs.json", "maps.json", "links.json", "btf.json", "progs.debug", "status", "attachments"]) Assert.NotEmpty(view.Read(file));
        List<FileStream> open = [];
        IOException? refused = null;
        for (int i = 0; i < 100 && refused is null; i++)
        {
            try
            {
                open.Add(new FileStream(view.Of(map, "entries"), FileMode.Open, FileAccess.Read, FileShare.Read, 0));
            }
            catch (IOException e)
            {
                refused = e;
            }
        }
        Assert.Contains("Too many open files", refused?.Message, StringComparison.Ordinal);
        Assert.NotEmpty(open);
        foreach (FileStream file in open) Assert.NotEqual(-1, file.ReadByte()); // those that are open go on
        Assert.Contains("entries: Too many open files", File.ReadAllText(view.At("status")), StringComparison.Ordinal);
        open.ForEach(file => file.Dispose());
        Assert.True(Poll.Until(() => Tool.Run("cat", view.Of(map, "entries")).Code == 0));
    }

    /// <summary>Somebody who takes up all descriptors must not keep a file from being there for ever.</summary>
    [Fact]
    public void What_is_loaded_when_first_read_and_does_not_fit()
    {
        using MountedView view = new();
        int open = Directory.GetFileSystemEntries($"/proc/{view.ProcessId}/fd").Length;
        string before = Tool.Run("prlimit", "--pid", $"{view.ProcessId}", "--nofile", "--noheadings", "--output", "SOFT").Succeeded().Output.Trim();
        Tool.Run("prlimit", "--pid", $"{view.ProcessId}", $"--nofile={open + 8}:").Succeeded();
        Assert.NotEqual(0, Tool.Run("cat", view.At("net/tcp")).Code);
        Assert.Matches("iterator:\ttcp_records missing: .*Too many open files.*\n", view.Read("status"));
        Tool.Run("prlimit", "--pid", $"{view.ProcessId}", $"--nofile={before}:").Succeeded();
        Assert.True(Poll.Until(() => Tool.Run("cat", view.At("net/tcp")).Code == 0));
        Assert.Contains("iterator:\ttcp_records loaded\n", view.Read("status"), StringComparison.Ordinal);
    }

    [Fact]
    public void Thirty_two_MiB()
    {
        using MemoryGroup group = MemoryGroup.TryMake(32 << 20) ?? throw new InvalidOperationException("no cgroup hierarchy has the memory controller");
        using BpfMap map = BpfMap.Create("limit_mem", MapType.Array, 4, 8, 1_000_000);
        using MountedView view = new(new ViewOptions { Prefix = ["bash", "-c", $"echo $$ > {group.Path}/cgroup.procs && exec \"$@\"", "bash"] });
        Assert.Contains($"\n{view.ProcessId}\n", "\n" + File.ReadAllText($"{group.Path}/cgroup.procs"), StringComparison.Ordinal);
        string entries = view.Of(map, "entries");
        Assert.Equal("1000000 36000000\n", Tool.Shell("cat \"$1\" | wc -lc | awk '{print $1, $2}'", entries).Succeeded().Output);
        Tool.Shell("for i in 1 2 3 4; do cat \"$1\" | sha1sum & done; wait; find \"$2\"/progs \"$2\"/maps -type f ! -name 'entries*' -exec cat {} + >/dev/null 2>&1; true", entries, view.Root).Succeeded();
        Assert.False(view.HasExited, view.Log);
        Assert.NotEmpty(view.Read("progs.json"));
    }

    [Fact]
    public void A_thousand_open_handles()
    {
        using BpfMap map = BpfMap.Create("limit_open", MapType.Array, 4, 8, 60_000);
        using Zoo zoo = new();
        using MountedView view = new();
        string[] files = [view.At("README"), view.At("progs.json"), view.Of(zoo.User, "info"), view.Of(zoo.User, "json"), view.Of(map, "entries")];
        byte[][] whole = [.. files.Select(f => Tool.Run("cat", f).Succeeded().Bytes)];
        List<FileStream> open = [];
        try
        {
            for (int i = 0; i < 1000; i++) open.Add(new FileStream(files[i % files.Length], FileMode.Open, FileAccess.Read, FileShare.Read, 0));
            Assert.Contains("open_files:\t1000\n", view.Read("status"), StringComparison.Ordinal);
            byte[] buffer = new byte[200];
            for (int i = 0; i < 1000; i++)
            {
                int length = open[i].Read(buffer);
                if (i % files.Length != 1) Assert.Equal(whole[i % files.Length].AsSpan(0, length), buffer.AsSpan(0, length)); // programs of others come and go
            }
        }
        finally
        {
            open.ForEach(file => file.Dispose());
        }
        Assert.True(Poll.Until(() => view.Read("status").Contains("open_files:\t0\n", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_reader_that_stops_in_the_middle()
    {
        using BpfMap map = BpfMap.Create("limit_slow", MapType.Array, 4, 8, 100_000);
        using MountedView view = new(new ViewOptions { Arguments = ["-o", "workers=1"] });
        byte[] whole = Tool.Run("cat", view.Of(map, "entries")).Succeeded().Bytes, buffer = new byte[100_000];
        using FileStream slow = new(view.Of(map, "entries"), FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        slow.ReadExactly(buffer);
        Assert.Equal(whole[..buffer.Length], buffer);
        for (Stopwatch watch = Stopwatch.StartNew(); watch.Elapsed < s_pause;) Assert.Equal(whole.Length, Tool.Run("cat", view.Of(map, "entries")).Bytes.Length); // nobody waits for him
        using MemoryStream rest = new();
        slow.CopyTo(rest);
        Assert.Equal(whole[buffer.Length..], rest.ToArray());
    }

    [Fact]
    public void A_stopped_server_and_its_readers()
    {
        using MountedView view = new(new ViewOptions { IsOverIoUring = false }); // there the kernel hands a request out at once, and then nobody can take it back
        view.Signal("STOP");
        // a worker that is not stopped yet could take the request, and whose request is taken cannot be killed
        Assert.True(Poll.Until(() => Directory.EnumerateDirectories($"/proc/{view.ProcessId}/task").All(IsStopped)));
        try
        {
            using Process reader = Process.Start(new ProcessStartInfo("cat", [view.At("progs.json")]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            Assert.False(Poll.Until(() => reader.HasExited, 0.5));
            reader.Kill(); // SIGKILL
            Assert.True(reader.WaitForExit(Patience.Of(5)), "a reader of a stopped server cannot be killed");
            // Another start sees that it is alive, if badly, and does not stack a mount upon it.
            ToolResult second = ViewBinary.Run(view.Root, "--pin-dir", ViewBinary.NewPinDirectory());
            Assert.Equal(5, second.Code);
            Assert.Contains(view.Root, second.Errors, StringComparison.Ordinal);
            Assert.Single(Mounts.At(view.Root));
        }
        finally
        {
            view.Signal("CONT");
        }
        Assert.NotEmpty(view.Read("progs.json"));
        Assert.True(Poll.Until(() => view.Read("status").Contains("open_files:\t0\n", StringComparison.Ordinal)), view.Read("status"));
    }

    private static bool IsStopped(string task) => File.ReadLines($"{task}/status").Any(l => l.StartsWith("State:\tT", StringComparison.Ordinal));

    [Fact]
    public void An_interrupted_reader_is_gone_and_its_file_closed()
    {
        using BpfMap map = BpfMap.Create("limit_int", MapType.Array, 4, 8, 1_000_000);
        using MountedView view = new();
        foreach (string signal in (string[])["INT", "TERM", "KILL"])
        {
            using Process endless = Process.Start(new ProcessStartInfo("sh", ["-c", "exec /usr/bin/python3 -S -c 'import signal,sys\nsignal.signal(signal.SIGINT, signal.SIG_DFL)\nwhile True:\n  for _ in open(sys.argv[1], \"rb\"): pass' \"$1\"", "sh", view.Of(map, "entries")]))!;
            Assert.True(Poll.Until(() => OpenFiles(view) > 0));
            Tool.Run("kill", $"-{signal}", $"{endless.Id}").Succeeded();
            Assert.True(endless.WaitForExit(Patience.Of(5)), signal);
        }
        Assert.True(Poll.Until(() => OpenFiles(view) == 0));
    }

    [Fact]
    public void An_aborted_connection()
    {
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        using TemporaryDirectory control = new();
        Tool.Run("mount", "-t", "fusectl", "none", control.Path).Succeeded();
        try
        {
            string minor = Tool.Run("mountpoint", "-d", view.Root).Succeeded().Output.Trim().Split(':')[1];
            File.WriteAllText(control.At($"{minor}/abort"), "1");
        }
        finally
        {
            Tool.Run("umount", control.Path);
        }
        Assert.Equal(0, view.WaitForExit());
        Assert.Empty(Mounts.At(view.Root)); // no dead mount is left
        Assert.False(File.Exists($"{view.PinDirectory}/progs"));
        Assert.Empty(Ids.Remaining(ids));
    }

    [Fact]
    public async Task Of_many_that_start_at_once_on_one_directory_one_wins()
    {
        for (int round = 0; round < 3; round++)
        {
            string directory = MountedView.NewMountPoint();
            string[] pins = [.. Enumerable.Range(0, 6).Select(_ => ViewBinary.NewPinDirectory())];
            try
            {
                ToolResult[] results = await Task.WhenAll(pins.Select(pin => Task.Run(() => ViewBinary.Run(directory, "--pin-dir", pin, "-o", "subset=progs"))));
                Assert.Single(Mounts.At(directory));
                Assert.Equal([0, 5, 5, 5, 5, 5], results.Select(r => r.Code).Order());
                Assert.All(results.Where(r => r.Code == 5), r => Assert.Contains("already mounted", r.Errors, StringComparison.Ordinal));
                Assert.Equal(2, ViewBinary.Processes(directory).Length); // keeper and server of the one that won
            }
            finally
            {
                foreach (string pin in pins) ViewBinary.End(directory, pin);
                Directory.Delete(directory);
            }
        }
    }

    /// <summary>Whoever holds the lock on the directory above is waited for, but not for ever.</summary>
    [Fact]
    public void A_start_waits_for_the_lock()
    {
        using TemporaryDirectory parent = new();
        string directory = Directory.CreateDirectory(parent.At("view")).FullName, pins = ViewBinary.NewPinDirectory();
        try
        {
            ToolResult result = Tool.Shell("exec 9<\"$1\"; flock -x 9; exec \"$2\" \"$3\" --pin-dir \"$4\"", parent.Path, ViewBinary.Path, directory, pins);
            Assert.Equal(0, result.Code);
            Assert.Contains("is locked by somebody else", result.Errors, StringComparison.Ordinal);
            Assert.Single(Mounts.At(directory));
        }
        finally
        {
            ViewBinary.End(directory, pins);
        }
    }

    [Fact]
    public void A_working_directory_inside()
    {
        using MountedView view = new();
        using Process inside = Process.Start(new ProcessStartInfo("sh", ["-c", "read line; ls 2>&1; read line", "sh"])
        { WorkingDirectory = view.At("progs"), RedirectStandardInput = true, RedirectStandardOutput = true })!;
        ToolResult busy = Tool.Run("umount", view.Root);
        Assert.NotEqual(0, busy.Code);
        Assert.Contains("busy", busy.Errors, StringComparison.Ordinal);
        view.Signal("TERM"); // does not wait for him
        Assert.Equal(0, view.WaitForExit());
        Assert.Empty(Mounts.At(view.Root));
        inside.StandardInput.WriteLine();
        Assert.Matches("not connected|No such file|aborted", inside.StandardOutput.ReadLine());
        inside.StandardInput.WriteLine();
        Assert.True(inside.WaitForExit(Patience.Of(5)));
    }

    [Theory]
    [InlineData("umount \"$1\"")]
    [InlineData("kill -TERM $2")]
    public void A_mount_namespace_with_a_copy(string end)
    {
        using FuseControl control = new(); // as systemd has it: what is still used is aborted there
        using MountedView view = new();
        HashSet<string> ids = Ids.HeldBy(view.ProcessId);
        using Process other = Process.Start(new ProcessStartInfo("unshare", ["-m", "sh", "-c", "echo ready; read line; cat \"$1/progs.debug\" >/dev/null 2>&1; echo $?; read line", "sh", view.Root])
        { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Assert.Equal("ready", other.StandardOutput.ReadLine());
        Tool.Shell(end, view.Root, $"{view.ProcessId}").Succeeded();
        bool isServed = end.StartsWith("umount", StringComparison.Ordinal);
        if (!isServed) Assert.Equal(0, view.WaitForExit());
        Assert.Empty(Mounts.At(view.Root));
        other.StandardInput.WriteLine();
        Assert.Equal(isServed ? "0" : "1", other.StandardOutput.ReadLine());
        Assert.Equal(!isServed, view.HasExited);
        other.StandardInput.WriteLine();
        Assert.True(other.WaitForExit(Patience.Of(5)));
        Assert.Equal(0, view.WaitForExit()); // with the last mount
        Assert.Empty(Ids.Remaining(ids));
    }

    private static int OpenFiles(MountedView view) => int.Parse(OpenFilesLine().Match(view.Read("status")).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("open_files:\t([0-9]+)\n")]
    private static partial Regex OpenFilesLine();
}

/// <summary>A cgroup with a limit of memory, in the hierarchy that has the controller: cgroup2 or the first version.</summary>
internal sealed class MemoryGroup : IDisposable
{
    private readonly string? _enabled;

    private MemoryGroup(string path, string? enabled)
    {
        Path = path;
        _enabled = enabled;
    }

    public string Path { get; }

    /// <summary>Null: no hierarchy has the memory controller.</summary>
    public static MemoryGroup? TryMake(long limit)
    {
        foreach (string[] fields in File.ReadLines("/proc/self/mountinfo").Select(l => l.Split(' ')))
        {
            bool isFirst = fields[^3] == "cgroup" && fields[^1].Split(',').Contains("memory");
            bool isSecond = fields[^3] == "cgroup2" && File.ReadAllText($"{fields[4]}/cgroup.controllers").Contains("memory", StringComparison.Ordinal);
            if (!isFirst && !isSecond) continue;
            string control = $"{fields[4]}/cgroup.subtree_control";
            bool isEnabled = isFirst || File.ReadAllText(control).Contains("memory", StringComparison.Ordinal);
            if (!isEnabled) File.WriteAllText(control, "+memory");
            string path = $"{fields[4]}/view-test-{Environment.ProcessId}-memory";
            Directory.CreateDirectory(path);
            File.WriteAllText($"{path}/{(isFirst ? "memory.limit_in_bytes" : "memory.max")}", $"{limit}");
            return new MemoryGroup(path, isEnabled ? null : control);
        }
        return null;
    }

    public void Dispose()
    {
        Poll.Until(() => File.ReadAllText($"{Path}/cgroup.procs").Length == 0);
        Directory.Delete(Path);
        if (_enabled is not null) File.WriteAllText(_enabled, "-memory");
    }
}
