using System.Diagnostics;
using System.Globalization;

namespace Mount.Tests;

/// <summary>What one user has open is bounded, and costs nobody else.</summary>
public sealed class UserLimitTests
{
    private const int Hard = 1024;
    private const int OfUser = 128; // UserLimits.Of(1024)

    // Obeys: "open PATH" opens it until that is refused and tells how many there are and why no more, "close" closes one, "one PATH" tries one more.
    private const string Holder = """
        import errno, os, sys
        held = []
        def one(path):
            held.append(os.open(path, os.O_RDONLY))
        for line in sys.stdin:
            command, _, path = line.rstrip("\n").partition(" ")
            why = "OK"
            try:
                if command == "close": os.close(held.pop())
                elif command == "one": one(path)
                else:
                    while len(held) < 1000: one(path)
            except OSError as e: why = errno.errorcode[e.errno]
            print(len(held), why, flush=True)
        """;

    [Theory]
    [InlineData("README")]
    [InlineData("net/tcp")]
    [InlineData("progs")] // a directory
    public void One_user_reaches_his_own_bound_and_nobody_else_s(string path)
    {
        using MountedView view = new(new ViewOptions { Prefix = ["prlimit", $"--nofile=64:{Hard}"], IsOverIoUring = false });
        Assert.Equal($"{Hard}", Tool.Run("prlimit", "--pid", $"{view.ProcessId}", "--nofile", "--noheadings", "--output", "SOFT").Succeeded().Output.Trim()); // raised
        string file = view.At(path);
        using User nobody = new(65534), other = new(65533), root = new(0);
        Assert.Equal($"{OfUser} EMFILE", nobody.Do($"open {file}"));
        Assert.InRange(Descriptors(view), 1, Hard - 256);
        Assert.Equal($"{OfUser} EMFILE", other.Do($"open {file}"));
        Assert.Equal("1 OK", root.Do($"one {file}"));
        using User third = new(65532);
        Assert.Equal("0 ENFILE", third.Do($"one {file}")); // all users together
        Assert.Equal("2 OK", root.Do($"one {file}"));
        Assert.Equal($"{OfUser - 1} OK", other.Do("close"));
        Assert.True(Poll.Until(() => third.Do($"one {file}") == "1 OK")); // RELEASE comes in its own time
        Assert.Equal($"{OfUser} EMFILE", nobody.Do($"one {file}"));
    }

    [ResendFact]
    public void What_a_user_has_open_counts_at_the_next_server()
    {
        using TemporaryDirectory directory = new();
        string limited = directory.At("limited");
        File.WriteAllText(limited, $"#!/bin/sh\nexec prlimit --nofile={Hard}:{Hard} \"{ViewBinary.Path}\" \"$@\"\n");
        File.SetUnixFileMode(limited, (UnixFileMode)0x1ED);
        using KeptView view = new(limited);
        using User nobody = new(65534);
        Assert.Equal($"{OfUser} EMFILE", nobody.Do($"open {view.At("README")}"));
        view.KillServer();
        Assert.Equal($"{OfUser} EMFILE", nobody.Do($"one {view.At("status")}"));
        Assert.Equal($"{OfUser - 1} OK", nobody.Do("close"));
        Assert.True(Poll.Until(() => nobody.Do($"one {view.At("status")}") == $"{OfUser} OK"));
        Assert.Equal($"{OfUser} EMFILE", nobody.Do($"one {view.At("status")}"));
    }

    private static int Descriptors(MountedView view) => Directory.GetFiles($"/proc/{view.ProcessId}/fd").Length;

    private sealed class User : IDisposable
    {
        private readonly Process _process;

        public User(int uid)
        {
            string id = uid.ToString(CultureInfo.InvariantCulture);
            _process = Process.Start(new ProcessStartInfo("setpriv", ["--reuid", id, "--regid", id, "--clear-groups", "/usr/bin/python3", "-c", Holder]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        }

        public string? Do(string command)
        {
            _process.StandardInput.WriteLine(command);
            return _process.StandardOutput.ReadLine();
        }

        public void Dispose()
        {
            _process.Kill();
            _process.WaitForExit();
            _process.Dispose();
        }
    }
}
