using System.Globalization;

namespace Mount.Tests;

/// <summary>A file of net/ is of the namespace of whoever reads it.</summary>
public sealed class NetNamespaceTests(PlainView view) : IClassFixture<PlainView>
{
    // prints the port; argv: the address
    private const string Listen =
        """
        import socket, sys
        s = socket.create_server((sys.argv[1], 0)); print(s.getsockname()[1], flush=True)
        """;

    [Fact]
    public void A_reader_sees_its_own()
    {
        using NetNamespace one = new(), two = new();
        using PythonHolder inOne = new(Listen, one, "127.0.0.1"), inTwo = new(Listen, two, "127.0.0.1"), here = new(Listen, null, "127.0.0.1");
        string file = view.At("net/tcp");
        Assert.Equal($"127.0.0.1 {inOne.Line} listen\n", Listeners(one.Shell("cat \"$1\"", file)));
        Assert.Equal($"127.0.0.1 {inTwo.Line} listen\n", Listeners(two.Shell("cat \"$1\"", file)));
        string ours = Listeners(Tool.Shell("cat \"$1\"", file));
        Assert.Contains($"127.0.0.1 {here.Line} listen\n", ours, StringComparison.Ordinal);
        string nobody = one.Shell("setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all cat \"$1\"", file).Succeeded().Output;
        Assert.Contains($" {inOne.Line} ", nobody, StringComparison.Ordinal);
        AllThreadsAreAtHome();
    }

    [Fact]
    public void A_namespace_without_a_name_is_seen_where_the_kernel_can_open_it()
    {
        // unshare(1) leaves no trace of it in the file system. Linux 6.18 opens it by its handle; before, there is no way, and nothing is shown rather than
        // another's.
        string output = Tool.Shell("unshare -n bash -c 'ip link set lo up; cat \"$1\"/net/ipv6_route' bash \"$1\"", view.Root).Output;
        string[] version = File.ReadAllText("/proc/sys/kernel/osrelease").Split('.');
        int number = (int.Parse(version[0], CultureInfo.InvariantCulture) * 1000) + int.Parse(version[1], CultureInfo.InvariantCulture);
        string[] devices = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)[8])];
        if (number >= 6018) Assert.NotEmpty(devices);
        Assert.All(devices, device => Assert.Equal("lo", device));
        AllThreadsAreAtHome();
    }

    [Fact]
    public void An_open_file_stays_in_its_namespace()
    {
        using NetNamespace one = new();
        using PythonHolder inOne = new(Listen, one, "127.0.0.1");
        const string script =
            """
            import ctypes, os, sys
            fd = os.open(sys.argv[1] + '/net/tcp', os.O_RDONLY)
            path = os.open(sys.argv[1] + '/net/tcp', os.O_PATH)
            first = os.read(fd, 1 << 20)
            home = os.open(f'/proc/{sys.argv[3]}/ns/net', os.O_RDONLY)
            assert ctypes.CDLL(None).setns(home, 0) == 0
            assert sys.argv[2].encode() in first
            assert os.pread(fd, 1 << 20, 0) == first                        # taken again, where it was opened
            assert os.fstat(fd).st_size == len(first)
            here = open(sys.argv[1] + '/net/tcp', 'rb').read()               # the same path is another file now
            assert b' ' + sys.argv[2].encode() + b' 0.0.0.0 ' not in here
            assert os.fstat(fd).st_ino != os.stat(sys.argv[1] + '/net/tcp').st_ino
            try: os.open(f'/proc/self/fd/{path}', os.O_RDONLY); print('opened')
            except OSError as e: print(os.strerror(e.errno))                 # of a namespace that the opener is not in
            """;
        Assert.Equal("Stale file handle\n", one.Python(script, view.Root, inOne.Line, $"{Environment.ProcessId}").Succeeded().Output);
    }

    [Fact]
    public void Readers_in_many_namespaces_never_see_each_others()
    {
        // every kind of reader, also those that go through the page cache and trust the size
        const string read =
            """
            for i in $(seq 12); do
                cat "$1"; busybox cat "$1"; tail -n +1 "$1"; head -c 100000 "$1"
                cp "$1" "$2/cp" && cat "$2/cp"; busybox cp "$1" "$2/busybox" && cat "$2/busybox"
                /usr/bin/python3 -c 'import shutil, sys; shutil.copyfile(sys.argv[1], sys.argv[2])' "$1" "$2/copied" && cat "$2/copied"
            done | grep -a -v remote_address | sort | uniq -c | sed 's/  */ /g' | cut -d ' ' -f 2-4
            """;
        const int readings = 12 * 7;
        NetNamespace[] namespaces = [new(), new(), new()];
        try
        {
            // so many sockets that the files have different sizes
            PythonHolder[] holders = [.. namespaces.Select((ns, i) => new PythonHolder(
                """
                import socket, sys
                keep = [socket.create_server((f'127.0.{sys.argv[1]}.{i + 1}', 9)) for i in range(1 + 40 * int(sys.argv[1]))]
                print('ready', flush=True)
                """, ns, $"{i}"))];
            try
            {
                Parallel.For(0, namespaces.Length, i =>
                {
                    using TemporaryDirectory directory = new();
                    string[] lines = namespaces[i].Shell(read, view.At("net/tcp"), directory.Path).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
                    string[] wanted = [.. Enumerable.Range(1, 1 + (40 * i)).Select(n => $"{readings} 127.0.{i}.{n} 9")];
                    Assert.Equal(wanted.Order(StringComparer.Ordinal), lines.Order(StringComparer.Ordinal));
                });
            }
            finally
            {
                foreach (PythonHolder holder in holders) holder.Dispose();
            }
        }
        finally
        {
            foreach (NetNamespace ns in namespaces) ns.Dispose();
        }
        AllThreadsAreAtHome();
    }

    [Fact]
    public void A_directory_lists_the_readers_files()
    {
        using NetNamespace one = new();
        string inodes = "cd \"$1\"/net && ls -1i | sed 's/^ *//' | sort && stat -c '%i %n' * | sort";
        string here = Tool.Shell(inodes, view.Root).Succeeded().Output, there = one.Shell(inodes, view.Root).Succeeded().Output;
        foreach (string[] lines in (string[][])[here.Split('\n'), there.Split('\n')])
            Assert.All(lines.CountBy(l => l).Where(l => l.Key.Length > 0), l => Assert.Equal(2, l.Value));
        Assert.Equal("", string.Concat(here.Split('\n').Intersect(there.Split('\n'))));
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        string[] before = Descriptors();
        using (NetNamespace one = new())
        {
            for (int i = 0; i < 20; i++) one.Shell("head -c 10 \"$1\"/net/unix; cat \"$1\"/net/* >/dev/null", view.Root).Succeeded();
        }
        Assert.True(Poll.Until(() => Descriptors().Length <= before.Length + 2), string.Join('\n', Descriptors().Except(before)));
        Assert.DoesNotContain(Descriptors(), d => d.StartsWith("net:", StringComparison.Ordinal) && d != new FileInfo("/proc/self/ns/net").LinkTarget);
    }

    private string[] Descriptors() => [.. Directory.GetFiles($"/proc/{view.ProcessId}/fd").Select(f => new FileInfo(f).LinkTarget ?? "")];

    /// <summary>Address, port and state of what listens.</summary>
    private static string Listeners(ToolResult table) => string.Concat(table.Succeeded().Output.Split('\n')
        .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(l => l.Length > 5 && l[4] == "listen").Select(l => $"{l[0]} {l[1]} {l[4]}\n"));

    private void AllThreadsAreAtHome()
    {
        string home = new FileInfo($"/proc/{view.ProcessId}/ns/net").LinkTarget!;
        Assert.All(Directory.GetDirectories($"/proc/{view.ProcessId}/task"), task => Assert.Equal(home, new FileInfo($"{task}/ns/net").LinkTarget ?? home));
    }
}
