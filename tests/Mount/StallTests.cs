using System.Diagnostics;
using System.Globalization;

namespace Mount.Tests;

/// <summary>Whatever users do at once, there is a worker that serves others.</summary>
public sealed class StallTests
{
    private const int Rounds = 3000;
    private const int MostWaiting = 32; // of all users: UserAccounts

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

    // A socket whose owner is in send(2) and waits for a page that nobody gives him: until he is killed, it is locked.
    private const string LockedSocket = """
        import ctypes, fcntl, mmap, os, socket, struct, sys, threading
        uffd = ctypes.CDLL(None, use_errno=True).syscall(323, os.O_CLOEXEC)  # userfaultfd(2)
        if uffd < 0: sys.exit("no userfaultfd")
        fcntl.ioctl(uffd, 0xC018AA3F, bytearray(struct.pack("QQQ", 0xAA, 0, 0)))  # UFFDIO_API
        page = mmap.mmap(-1, 4096)
        at = ctypes.addressof(ctypes.c_char.from_buffer(page))
        fcntl.ioctl(uffd, 0xC020AA00, bytearray(struct.pack("QQQQ", at, 4096, 1, 0)))  # UFFDIO_REGISTER, missing pages
        server = socket.create_server(("127.0.0.1", 0))
        client = socket.create_connection(server.getsockname())
        sender = threading.Thread(target=lambda: ctypes.CDLL(None).send(client.fileno(), ctypes.c_void_p(at), 4096, 0), daemon=True)
        sender.start()
        while "do_user_fault" not in (state := open(f"/proc/self/task/{sender.native_id}/wchan").read()) and "handle_userfault" not in state: pass
        print("locked", flush=True)
        sys.stdin.read()
        """;

    /// <summary>One user's readers wait for their turn outside the workers. Of many users' so many wait in them, and more are told that it is busy.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    public void Readers_of_a_socket_that_its_owner_has_locked(int users)
    {
        using MountedView view = new();
        if (!Path.Exists(view.At("net/tcp"))) return; // the kernel refuses the iterator
        using Process owner = Process.Start(new ProcessStartInfo("/usr/bin/python3", ["-c", LockedSocket]) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        List<Process> readers = [];
        bool isFree = false;
        try
        {
            if (owner.StandardOutput.ReadLine() != "locked") return; // a kernel without userfaultfd(2)
            for (int i = 0; i < 40; i++)
            {
                readers.Add(Process.Start(new ProcessStartInfo("setpriv", ["--reuid", $"{60_000 + (i % users)}", "--regid", "65534", "--clear-groups", "cat", view.At("net/tcp")]) { RedirectStandardOutput = true, RedirectStandardError = true })!);
            }
            int refused = Math.Max(0, users - MostWaiting);
            Assert.True(Poll.Until(() => readers.Count(r => r.HasExited) == refused, 60), $"{readers.Count(r => r.HasExited)} have ended");
            foreach (Process reader in readers.Where(r => r.HasExited)) Assert.Contains("resource busy", reader.StandardError.ReadToEnd(), StringComparison.Ordinal);
            foreach (string file in (string[])["README", "status", "progs.json"]) Tool.RunFor(Patience.Of(60), "cat", view.At(file)).Succeeded();
            owner.Kill();
            foreach (Process reader in readers) Assert.True(reader.WaitForExit(Patience.Of(60)), "it waits although the lock is free");
            Tool.AsNobody("cat \"$1\"", view.At("net/tcp")).Succeeded();
            isFree = true;
        }
        finally
        {
            if (!owner.HasExited) owner.Kill();
            if (!isFree) Mounts.Abort(view.Root);
            foreach (Process reader in readers)
            {
                if (!reader.HasExited) reader.Kill();
                reader.Dispose();
            }
        }
    }
}
