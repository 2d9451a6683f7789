using System.Diagnostics;
using System.Globalization;

namespace Mount.Tests;

/// <summary>Whatever users do at once, there is a worker that serves others.</summary>
public sealed class StallTests
{
    private const int Rounds = 3000;

    // Openers of a file whose contents change, and readers of its last page through the page cache, which lock it. Each tells a line when it has come to its end.
    private const string Openers = """
        import os, sys, threading
        path, rounds = sys.argv[1], int(sys.argv[2])
        def opens():
            for _ in range(rounds): os.close(os.open(path, os.O_RDONLY))
        def splices():
            fd = os.open(path, os.O_RDONLY)
            read, write = os.pipe()
            for _ in range(rounds):
                size = os.fstat(fd).st_size
                count = os.splice(fd, write, 4096, offset_src=max(0, size - 1) & ~4095)
                if count: os.read(read, count)
        for _ in range(5):
            if os.fork() == 0:
                threads = [threading.Thread(target=opens) for _ in range(4)] + [threading.Thread(target=splices)]
                for t in threads: t.start()
                for t in threads: t.join()
                os._exit(0)
        for _ in range(5):
            if os.wait()[1]: sys.exit(1)
        print("done")
        """;

    [Theory]
    [InlineData("status")]
    [InlineData("metrics/bpf.prom")]
    public void Openers_of_a_changing_file_and_readers_of_its_page(string file)
    {
        using MountedView view = new(new ViewOptions { Arguments = ["-o", "gid=65534"] }); // for the metrics
        using Process attack = Process.Start(new ProcessStartInfo("setpriv",
            ["--reuid", "65534", "--regid", "65534", "--clear-groups", "/usr/bin/python3", "-c", Openers, view.At(file), (file == "status" ? Rounds : Rounds / 20).ToString(CultureInfo.InvariantCulture)])
        { RedirectStandardOutput = true })!;
        bool isDone = false;
        try
        {
            // Somebody else reads all the while; each reading is bounded, and so is the attack once it gets on.
            while (!attack.WaitForExit(50)) Tool.RunFor(Patience.Of(60), "cat", view.At("README")).Succeeded();
            isDone = attack.StandardOutput.ReadToEnd() == "done\n";
        }
        finally
        {
            if (!isDone) Mounts.Abort(view.Root);
            if (!attack.HasExited) attack.Kill(entireProcessTree: true);
        }
        Assert.True(isDone, $"{attack.ExitCode}\n{view.Log}");
    }
}
