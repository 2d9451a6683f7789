using System.Diagnostics;

namespace Support;

/// <summary>
/// While it lives, the kernel offers FUSE over io_uring to every new mount, or to none. The switch is one for the whole machine: a lock keeps other test
/// processes away, and a shell of its own puts it back, also when the test process is killed.
/// </summary>
public sealed class RingSwitch : IDisposable
{
    private const string Parameter = "/sys/module/fuse/parameters/enable_uring";
    private readonly Process _shell;

    public RingSwitch(bool isOn = true)
    {
        const string script = """
            [ -w "$0" ] || exit 0
            before=$(cat "$0")
            echo "$1" >"$0"
            trap 'echo "$before" >"$0"' EXIT
            trap : INT TERM HUP
            echo on
            cat
            """;
        string[] arguments = ["/run/lock/fuse-enable-uring", "sh", "-c", script, Parameter, isOn ? "Y" : "N"];
        _shell = Process.Start(new ProcessStartInfo("flock", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        string? answer = _shell.StandardOutput.ReadLine();
        if (IsThere && answer != "on") throw new InvalidOperationException($"{Parameter} cannot be set");
    }

    /// <summary>Linux 6.14, built with CONFIG_FUSE_IO_URING.</summary>
    public static bool IsThere => File.Exists(Parameter);

    public void Dispose()
    {
        _shell.StandardInput.Close();
        _shell.WaitForExit();
        _shell.Dispose();
    }
}
