using System.Diagnostics;

namespace Mount.Tests;

/// <summary>Root's own commands believe nobody but root.</summary>
public sealed class TrustTests
{
    // A user's mount that calls itself a view, as fusermount3(1) makes it. Its server never answers, so whoever touches it waits.
    private const string Users = """
        import ctypes, os, sys
        fd = os.open("/dev/fuse", os.O_RDWR)
        libc = ctypes.CDLL(None, use_errno=True)
        data = f"fd={fd},rootmode=40000,user_id=65534,group_id=65534,allow_other"
        if libc.mount(b"view", sys.argv[1].encode(), b"fuse.bpffs-view", 6, data.encode()): raise OSError(ctypes.get_errno(), "mount")
        print("mounted", flush=True)
        sys.stdin.read()
        """;

    [Fact]
    public void A_user_s_mount_is_no_view()
    {
        using TemporaryDirectory directory = new();
        string mount = directory.At("mnt");
        Directory.CreateDirectory(mount);
        using Process user = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", Users, mount]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal("mounted", user.StandardOutput.ReadLine());
            Refused(ViewBinary.Run("reload", mount), mount);
            Refused(ViewBinary.Run("top", mount, "--once"), mount);
            using MountedView view = new(); // before it: the last one mounted must not be the user's
            Tool.Run("mount", "--bind", mount, mount); // after it
            Assert.Contains("\"progs\"", ViewBinary.Run("top", "--once", "--json").Succeeded().Output, StringComparison.Ordinal);
            string[] listed = [.. Packaged("postinst"), .. Packaged("prerm")];
            Assert.Equal([view.Root, view.Root], listed.Where(d => d == view.Root || d.StartsWith(directory.Path, StringComparison.Ordinal)));
        }
        finally
        {
            user.Kill();
            user.WaitForExit();
            Mounts.Detach(mount);
        }
    }

    [ResendFact]
    public void Reload_signals_no_process_but_a_view()
    {
        // The keeper's number is another process's: as in a view whose status is not what it should be.
        using KeptView view = new();
        using Process other = Process.Start("sleep", "1000");
        try
        {
            string binary = Tool.Run("readlink", "-f", ViewBinary.Path).Output.TrimEnd();
            string script = """
                mount --bind "$2" "$1/status" && exec "$3" reload "$1"
                """;
            string status = Path.Combine(Path.GetDirectoryName(view.LogPath)!, "status");
            File.WriteAllText(status, $"server:\t1\nkeeper:\t{other.Id}, 0 restarts, 0 failed reloads\n");
            ToolResult reload = Tool.Run("unshare", "-m", "bash", "-c", script, "bash", view.Root, status, binary);
            Refused(reload, $"the keeper {other.Id}: it keeps no view");
            Assert.False(other.HasExited);
        }
        finally
        {
            other.Kill();
            other.WaitForExit();
        }
    }

    /// <summary>The directories that a script of the package would handle: its own filter, over this machine's mounts.</summary>
    private static string[] Packaged(string script)
    {
        string filter = File.ReadLines(Path.Combine(ViewBinary.Repository(), "packaging", "debian", script)).Single(l => l.Contains("fuse.bpffs-view", StringComparison.Ordinal));
        return Tool.Shell(filter[..filter.LastIndexOf('|')]).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static void Refused(ToolResult result, string named)
    {
        Assert.Equal(1, result.Code);
        Assert.Contains(named, result.Errors, StringComparison.Ordinal);
    }
}
