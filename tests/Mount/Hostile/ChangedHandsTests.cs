using System.Diagnostics;

namespace Mount.Tests.Hostile;

/// <summary>Who has something open that was his, and has become somebody else's, reads nothing of that, by whatever call, whoever else reads it meanwhile.</summary>
public sealed class ChangedHandsTests(PlainView view) : IClassFixture<PlainView>
{
    private static readonly string[] s_refused = ["EACCES", "ENOENT"];

    /// <summary>sendfile(2) of a whole file to standard output, as busybox cat reads.</summary>
    private const string SendFile =
        """
        import os, sys
        fd = os.open(sys.argv[1], os.O_RDONLY)
        r, w = os.pipe()
        offset = 0
        while (n := os.sendfile(w, fd, offset, 4096)):
            offset += n
            os.write(1, os.read(r, n))
        """;

    [Theory]
    [InlineData("vmas")]
    [InlineData("files")]
    public void A_process_that_executes_a_setuid_program(string file)
    {
        using Attacker attacker = new();
        string path = view.At($"tasks/{attacker.Child}/{file}");
        Assert.NotEqual("0", attacker.Do("open", path));
        Assert.NotEqual("0", attacker.Do("pread"));
        using Attacker root = new(isRoot: true); // has it open from before, too
        root.Do("open", path);
        attacker.Execute();

        Assert.Contains(attacker.Do("pread"), s_refused);
        Assert.Equal("0", attacker.Do("splice"));
        Assert.Contains(file == "vmas" ? "/su" : "pipe:", Tool.Python(SendFile, path).Succeeded().Output, StringComparison.Ordinal);
        foreach (string call in (string[])["pread", "sendfile", "splice"]) root.Do(call);
        Assert.Contains(root.Do("pread"), s_refused); // what it gave would lie in the old node's pages
        Assert.Contains(attacker.Do("pread"), s_refused);
        Assert.Equal("0", attacker.Do("splice"));
        Assert.Equal("0", attacker.Do("mmap"));
        Assert.Contains(attacker.Do("open", path), s_refused);
    }

    [ResendFact]
    public void A_handle_of_before_a_restart_is_still_whose_it_was()
    {
        using KeptView kept = new();
        using Attacker attacker = new();
        string path = kept.At($"tasks/{attacker.Child}/vmas");
        Assert.NotEqual("0", attacker.Do("open", path));
        Assert.NotEqual("0", attacker.Do("pread"));
        kept.KillServer();
        // a setuid program reads it once, from its start: su, for a password
        Assert.NotEqual("0", attacker.Do("su"));
        attacker.Execute();
        Assert.Contains(attacker.Do("pread"), s_refused);
        Assert.Equal("0", attacker.Do("splice"));
        Assert.Contains("/su", Tool.Python(SendFile, path).Succeeded().Output, StringComparison.Ordinal);
        Assert.Equal("0", attacker.Do("splice"));
        kept.KillServer();
        Assert.Contains(attacker.Do("pread"), s_refused);
        Assert.Equal("0", attacker.Do("splice"));
    }

    [Fact]
    public void An_iterator_that_is_for_fewer_now()
    {
        using TemporaryDirectory work = new();
        string directory = $"/run/bpffs-view-hands-{Environment.ProcessId}";
        try
        {
            using MountedView own = new(new ViewOptions { Arguments = ["--iterators", directory] });
            File.WriteAllText(work.At("maps.bpf.c"), """
                #include <linux/bpf.h>
                #include <bpf/bpf_helpers.h>
                #pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
                struct bpf_iter_meta { struct seq_file *seq; };
                struct bpf_map { __u32 id; };
                struct bpf_iter__bpf_map { struct bpf_iter_meta *meta; struct bpf_map *map; };
                #pragma clang attribute pop
                char LICENSE[] SEC("license") = "GPL";
                SEC("iter/bpf_map") int ids(struct bpf_iter__bpf_map *ctx)
                {
                    struct bpf_map *map = ctx->map;
                    if (map) BPF_SEQ_PRINTF(ctx->meta->seq, "%u\n", map->id);
                    return 0;
                }
                """);
            Tool.Run("clang", "-O2", "-g", "-target", "bpf", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c", work.At("maps.bpf.c"), "-o", work.At("maps.o")).Succeeded();
            Directory.CreateDirectory(directory);
            Tool.Run("cp", work.At("maps.o"), $"{directory}/.maps.o").Succeeded();
            File.Move($"{directory}/.maps.o", $"{directory}/maps.public.o");
            string path = own.At("iter/maps.ids");
            Assert.True(Poll.Until(() => File.Exists(path)), own.Log);
            using Attacker attacker = new();
            Assert.Equal("1", attacker.Do("open", path));
            Assert.NotEqual("0", attacker.Do("pread"));
            File.Move($"{directory}/maps.public.o", $"{directory}/maps.o");
            Assert.True(Poll.Until(() => attacker.Do("open2", path) == "EACCES"), "it is still public");
            using BpfMap later = BpfMap.Create("t_later", MapType.Array, 4, 8, 1);
            Assert.Contains($"{later.Id}", Tool.Python(SendFile, path).Succeeded().Output.Split('\n'));
            Assert.Equal("0", attacker.Do("splice"));
            Assert.Equal("0", attacker.Do("mmap"));
        }
        finally
        {
            if (Directory.Exists(directory)) Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void A_process_s_nodes_keep_their_numbers()
    {
        using Attacker attacker = new();
        string path = view.At($"tasks/{attacker.Child}/vmas");
        string before = Tool.Run("stat", "-c", "%i", path).Succeeded().Output;
        Assert.Equal(before, Tool.AsNobody("stat -c %i $1", path).Succeeded().Output);
        attacker.Execute();
        Assert.NotEqual(before, Tool.Run("stat", "-c", "%i", path).Succeeded().Output);
    }

    /// <summary>A process, nobody's or root's, that does one call at a time with a file it has open, and says how many bytes it got or the error. Its child executes su(1).</summary>
    private sealed class Attacker : IDisposable
    {
        private const string Script =
            """
            import errno, mmap, os, subprocess, sys
            go, r = os.pipe(), os.pipe()
            child = os.fork()
            if child == 0:
                os.dup2(r[0], 0)
                os.read(go[0], 1)
                os.execv("/bin/su", ["su", "-c", "true", "root"])
            print(child, flush=True)
            fd = -1

            def spliced(call):
                got, offset, (pr, pw) = 0, 0, os.pipe()
                try:
                    while n := call(pw, offset):
                        os.read(pr, n)
                        got, offset = got + n, offset + n
                except OSError:
                    pass
                return got

            def mapped():
                pr, pw = os.pipe()
                reader = os.fork()
                if reader == 0:
                    try:
                        os.write(pw, bytes(mmap.mmap(fd, 4096, mmap.MAP_PRIVATE, mmap.PROT_READ)[0:1]))
                    finally:
                        os._exit(0)
                os.waitpid(reader, 0)
                os.close(pw)
                return len(os.read(pr, 1).strip(b"\0"))

            for line in sys.stdin:
                call, *argument = line.split()
                try:
                    if call == "open":
                        fd = os.open(argument[0], os.O_RDONLY)
                        print(1, flush=True)
                    elif call == "open2":
                        os.close(os.open(argument[0], os.O_RDONLY))
                        print(1, flush=True)
                    elif call == "pread":
                        print(len(os.pread(fd, 1 << 20, 0)), flush=True)
                    elif call == "splice":
                        print(spliced(lambda to, at: os.splice(fd, to, 4096, offset_src=at)), flush=True)
                    elif call == "sendfile":
                        print(spliced(lambda to, at: os.sendfile(to, fd, at, 4096)), flush=True)
                    elif call == "mmap":
                        print(mapped(), flush=True)
                    elif call == "su":
                        os.lseek(fd, 0, 0)
                        subprocess.run(["/bin/su", "-c", "true", "root"], stdin=fd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                        print(os.lseek(fd, 0, 1), flush=True)
                    else:
                        os.write(go[1], b"x")
                        print(0, flush=True)
                except OSError as e:
                    print(errno.errorcode[e.errno], flush=True)
            os.kill(child, 9)
            """;

        private readonly Process _process;

        public Attacker(bool isRoot = false)
        {
            string[] python = ["/usr/bin/python3", "-c", Script];
            string[] command = isRoot ? python : ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all", .. python];
            _process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardInput = true, RedirectStandardOutput = true, WorkingDirectory = "/" })!;
            Child = int.Parse(_process.StandardOutput.ReadLine()!, System.Globalization.CultureInfo.InvariantCulture);
        }

        public int Child { get; }

        public string Do(string call, string argument = "")
        {
            _process.StandardInput.WriteLine($"{call} {argument}");
            _process.StandardInput.Flush();
            return _process.StandardOutput.ReadLine() ?? throw new InvalidOperationException($"the attacker ended at {call}");
        }

        /// <summary>The child is su from now on, waiting for a password.</summary>
        public void Execute()
        {
            Do("exec");
            Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{Child}/comm") == "su\n" && File.ReadAllText($"/proc/{Child}/status").Contains("Uid:\t65534\t0\t", StringComparison.Ordinal)), "no su");
            Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{Child}/maps").Contains("libpam", StringComparison.Ordinal)), "su does not ask");
        }

        public void Dispose()
        {
            _process.StandardInput.Close();
            if (!_process.WaitForExit(Patience.Of(10))) _process.Kill(entireProcessTree: true);
            _process.Dispose();
        }
    }
}
