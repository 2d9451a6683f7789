using System.Globalization;
using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>iter/: compiled iterators that are put into a directory.</summary>
public sealed partial class UserIteratorsTests : IDisposable
{
    private const string Head =
        """
        #include <linux/bpf.h>
        #include <bpf/bpf_helpers.h>
        #pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
        struct bpf_iter_meta { struct seq_file *seq; __u64 session_id, seq_num; };
        struct task_struct { int pid, tgid; };
        struct bpf_map { __u32 id; };
        struct kernfs_node { __u64 id; };
        struct cgroup { struct kernfs_node *kn; };
        struct kallsym_iter { char name[512]; };
        struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };
        struct bpf_iter__bpf_map { struct bpf_iter_meta *meta; struct bpf_map *map; };
        struct bpf_iter__cgroup { struct bpf_iter_meta *meta; struct cgroup *cgroup; };
        struct bpf_iter__ksym { struct bpf_iter_meta *meta; struct kallsym_iter *ksym; };
        struct bpf_iter__bpf_map_elem { struct bpf_iter_meta *meta; struct bpf_map *map; void *key; void *value; };
        #pragma clang attribute pop
        char LICENSE[] SEC("license") = "GPL";

        """;

    private const string Maps =
        """
        SEC("iter/bpf_map") int ids(struct bpf_iter__bpf_map *ctx)
        {
            struct bpf_map *map = ctx->map;
            if (map) BPF_SEQ_PRINTF(ctx->meta->seq, "%u\n", map->id);
            return 0;
        }
        """;

    private readonly string _directory = $"/run/bpffs-view-test-{Environment.ProcessId}";
    private readonly TemporaryDirectory _work = new();
    private readonly MountedView _view;

    public UserIteratorsTests()
    {
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
        _view = new MountedView(new ViewOptions { Arguments = ["--iterators", _directory] });
    }

    public void Dispose()
    {
        _view.Dispose();
        _work.Dispose();
        if (Directory.Exists(_directory)) Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void The_tutorial_works()
    {
        string tutorial = File.ReadAllText(Path.Combine(ViewBinary.Repository(), "docs", "iterators.md"));
        string source = Block().Match(tutorial).Groups[1].Value;
        Assert.InRange(source.Split('\n').Count(l => l.Trim().Length > 0), 10, 20);
        File.WriteAllText(_work.At("switches.bpf.c"), source);
        string compile = Assert.Single(tutorial.Split('\n'), l => l.StartsWith("clang ", StringComparison.Ordinal));
        Tool.Shell("cd $1 && eval \"$2\"", _work.Path, compile).Succeeded();
        string install = Assert.Single(tutorial.Split('\n'), l => l.StartsWith("install ", StringComparison.Ordinal));
        Tool.Shell("cd $1 && eval \"${2//\\/etc\\/bpffs-view\\/iterators.d/$3}\"", _work.Path, install, _directory).Succeeded();

        WaitFor("switches.switches");
        using System.Diagnostics.Process sleeper = System.Diagnostics.Process.Start("sleep", "1000");
        try
        {
            Assert.True(Poll.Until(() => File.ReadAllText($"/proc/{sleeper.Id}/wchan") is not "0" && Switches(sleeper.Id) > 0));
            string line = Assert.Single(File.ReadAllLines(_view.At($"iter/switches.switches/{sleeper.Id}")));
            Assert.Matches($"^ *{sleeper.Id} +{sleeper.Id} +{Switches(sleeper.Id)} +[0-9]+ sleep$", line);
            Assert.Contains(line, File.ReadAllLines(_view.At("iter/switches.switches/all")));
        }
        finally
        {
            sleeper.Kill();
            sleeper.WaitForExit();
        }
        Assert.False(File.Exists(_view.At("iter/switches.switches/4194305"))); // beyond the largest pid
    }

    [Fact]
    public void Objects_come_change_and_go()
    {
        Assert.Empty(Directory.EnumerateFileSystemEntries(_view.At("iter")));
        Put("maps", Maps);
        WaitFor("maps.ids");
        uint program = LoadedProgram("ids");
        using (BpfMap map = BpfMap.Create("u_fresh", MapType.Hash, 4, 8, 4))
        {
            Assert.Contains($"{map.Id}", File.ReadAllLines(_view.At("iter/maps.ids")));
        }
        Put("maps", Maps.Replace("int ids(", "int numbers(", StringComparison.Ordinal));
        WaitFor("maps.numbers");
        Assert.False(File.Exists(_view.At("iter/maps.ids")));
        Assert.True(Poll.Until(() => !Bpf.Ids(ObjectKind.Program).Contains(program)));

        program = LoadedProgram("numbers");
        File.Delete($"{_directory}/maps.o");
        Assert.True(Poll.Until(() => !Bpf.Ids(ObjectKind.Program).Contains(program)));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_view.At("iter")));

        Put("maps", Maps);
        WaitFor("maps.ids");
        Directory.Delete(_directory, recursive: true);
        WaitFor("maps.ids", isThere: false);
    }

    [Fact]
    public void One_that_fails_disturbs_no_other()
    {
        Put("good", Maps);
        Put("bad", Maps.Replace("map->id", "*(int *)(long)ctx->meta->session_id", StringComparison.Ordinal));
        File.WriteAllText($"{_directory}/noelf.o", "no object");
        Put("none", "int unused;");
        Put("half", Maps + Maps.Replace("ids", "wrong", StringComparison.Ordinal).Replace("map->id", "*(int *)(long)ctx->meta->session_id", StringComparison.Ordinal));
        WaitFor("good.ids");
        WaitFor("half.ids");
        WaitFor("half.error"); // of the other program
        Assert.NotEmpty(File.ReadAllLines(_view.At("iter/half.ids")));
        Assert.Matches("^wrong: .*\n(.*\n)*.*invalid mem access", _view.Read("iter/half.error"));
        WaitFor("bad.error");
        string words = _view.Read("iter/bad.error");
        Assert.Contains("invalid mem access", words, StringComparison.Ordinal);
        Assert.DoesNotMatch("0xff[0-9a-f]{14}", words);
        WaitFor("noelf.error");
        WaitFor("none.error");
        Assert.Contains("no program has a section named iter/", _view.Read("iter/none.error"), StringComparison.Ordinal);
        Assert.NotEmpty(File.ReadAllLines(_view.At("iter/good.ids")));
        Assert.Contains("Permission denied", Tool.AsNobody("cat $1/iter/bad.error", _view.Root).Errors, StringComparison.Ordinal);
        Put("bad", Maps);
        WaitFor("bad.ids");
        Assert.False(File.Exists(_view.At("iter/bad.error")));
    }

    [Fact]
    public void What_others_can_change_is_refused()
    {
        Put("maps", Maps);
        WaitFor("maps.ids");
        foreach ((string change, string back, string reason) in ((string, string, string)[])[
            ("chmod g+w $1/maps.o", "chmod 600 $1/maps.o", "writable"),
            ("chmod o+w $1/maps.o", "chmod 600 $1/maps.o", "writable"),
            ("chown 65534 $1/maps.o", "chown 0 $1/maps.o", "not owned by root"),
            ("mv $1/maps.o $1/x && ln -s x $1/maps.o", "rm $1/maps.o && mv $1/x $1/maps.o", "symbolic link")])
        {
            Tool.Shell(change, _directory).Succeeded();
            WaitFor("maps.error");
            Assert.Contains(reason, _view.Read("iter/maps.error"), StringComparison.Ordinal);
            Assert.False(File.Exists(_view.At("iter/maps.ids")));
            Tool.Shell(back, _directory).Succeeded();
            WaitFor("maps.ids");
        }
        foreach ((string change, string back) in ((string, string)[])[("chmod o+w $1", "chmod 755 $1"), ("chmod g+w $1", "chmod 755 $1"), ("chown 65534 $1", "chown 0 $1")])
        {
            Tool.Shell(change, _directory).Succeeded();
            WaitFor("maps.ids", isThere: false);
            Assert.Contains($"iterators:\t{_directory} refused: ", _view.Read("status"), StringComparison.Ordinal);
            Tool.Shell(back, _directory).Succeeded();
            WaitFor("maps.ids");
        }
    }

    [Fact]
    public void A_directory_above_that_others_can_change_is_refused()
    {
        using var view = new MountedView(new ViewOptions { Arguments = ["-o", $"iterators={_work.At("iterators.d")}"] }); // below /tmp
        Directory.CreateDirectory(_work.At("iterators.d"));
        Assert.True(Poll.Until(() => view.Read("status").Contains("refused: /tmp: is writable", StringComparison.Ordinal)));
    }

    [Fact]
    public void The_name_says_who_may_read_it()
    {
        Put("a", Maps);
        Put("b.group", Maps);
        Put("c.public", Maps);
        WaitFor("a.ids");
        WaitFor("b.ids");
        WaitFor("c.ids");
        Assert.Equal("600 640 644 ", Tool.Shell("stat -c %a $1/iter/[abc].ids | tr '\\n' ' '", _view.Root).Output);
        Tool.AsNobody("cat $1/iter/c.ids", _view.Root).Succeeded();
        Assert.NotEqual(0, Tool.AsNobody("cat $1/iter/a.ids", _view.Root).Code);
        Assert.NotEqual(0, Tool.AsNobody("cat $1/iter/b.ids", _view.Root).Code);
    }

    [IteratorFact("bpf_map_elem")]
    public void Maps_are_those_that_it_can_be_attached_to()
    {
        Put("elem",
            """
            SEC("iter/bpf_map_elem") int values(struct bpf_iter__bpf_map_elem *ctx)
            {
                __u32 *key = ctx->key; __u64 *value = ctx->value;
                if (key && value) BPF_SEQ_PRINTF(ctx->meta->seq, "%u %llu\n", *key, *value);
                return 0;
            }
            """);
        using BpfMap fits = BpfMap.Create("u_fits", MapType.Hash, 4, 8, 4), small = BpfMap.Create("u_small", MapType.Hash, 4, 4, 4), queue = BpfMap.Create("u_queue", MapType.Queue, 0, 8, 4);
        fits.Update(3, 14);
        WaitFor("elem.values");
        Assert.Equal("3 14\n", File.ReadAllText(_view.At($"iter/elem.values/{fits.Id}")));
        string[] listed = [.. Directory.EnumerateFiles(_view.At("iter/elem.values")).Select(p => Path.GetFileName(p))];
        Assert.Contains($"{fits.Id}", listed);
        Assert.DoesNotContain($"{small.Id}", listed);
        Assert.DoesNotContain($"{queue.Id}", listed);
        Assert.DoesNotContain("all", listed);
        Assert.False(File.Exists(_view.At($"iter/elem.values/{small.Id}")));
    }

    [Fact]
    public void Cgroups_are_by_id()
    {
        Put("cgroup",
            """
            SEC("iter/cgroup") int ids(struct bpf_iter__cgroup *ctx)
            {
                struct cgroup *cgroup = ctx->cgroup;
                if (cgroup) BPF_SEQ_PRINTF(ctx->meta->seq, "%llu\n", cgroup->kn->id);
                return 0;
            }
            """);
        using var group = new KernelTablesTests.Group();
        string id = Tool.Run("stat", "-c", "%i", group.Path).Succeeded().Output;
        WaitFor("cgroup.ids");
        Assert.Equal(id, File.ReadAllText(_view.At($"iter/cgroup.ids/{id.Trim()}")));
        Assert.Contains(id.Trim(), File.ReadAllLines(_view.At("iter/cgroup.ids/all")));
        Assert.Contains(id.Trim(), Directory.EnumerateFiles(_view.At("iter/cgroup.ids")).Select(p => Path.GetFileName(p)));
    }

    [Fact]
    public void Bytes_are_as_written_and_a_long_output_takes_no_memory()
    {
        Put("long",
            """
            SEC("iter/ksym") int bytes(struct bpf_iter__ksym *ctx)
            {
                static const char text[] = "\0\x1b\xff[31m\n";
                char name[64] = {};
                struct kallsym_iter *ksym = ctx->ksym;
                if (!ksym) return 0;
                bpf_probe_read_kernel_str(name, sizeof(name), ksym->name);
                bpf_seq_write(ctx->meta->seq, text, sizeof(text) - 1);
                for (int i = 0; i < 8; i++) bpf_seq_write(ctx->meta->seq, name, sizeof(name));
                return 0;
            }
            """);
        WaitFor("long.bytes");
        long before = Memory();
        byte[] bytes = Tool.Run("cat", _view.At("iter/long.bytes")).Succeeded().Bytes;
        Assert.True(bytes.Length > 20 << 20, $"{bytes.Length} bytes");
        Assert.Equal(0, bytes.Length % (8 + (8 * 64)));
        Assert.Equal("\0\x1b"u8.ToArray().Concat(new byte[] { 0xFF }).Concat("[31m\n"u8.ToArray()), bytes[..8]);
        Assert.InRange(Memory() - before, long.MinValue, 6 << 10);
    }

    /// <summary>KiB of memory of its own: the pages of its program come and go.</summary>
    private long Memory() => long.Parse(File.ReadLines($"/proc/{_view.ProcessId}/status").First(l => l.StartsWith("RssAnon:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);

    private static long Switches(int pid) => long.Parse(File.ReadLines($"/proc/{pid}/status").First(l => l.StartsWith("voluntary_ctxt_switches:", StringComparison.Ordinal)).Split('\t')[1], CultureInfo.InvariantCulture);

    /// <summary>The id of the program of that name that the view has loaded.</summary>
    private uint LoadedProgram(string name) => uint.Parse(
        File.ReadAllLines(_view.At($"pids/{_view.ProcessId}")).Select(l => l.Split(' ')).Where(w => w[0] == "prog").Select(w => w[1])
            .First(id => File.Exists(_view.At($"progs/{id}/name")) && _view.Read($"progs/{id}/name") == name + "\n"), CultureInfo.InvariantCulture);

    private void Put(string name, string source)
    {
        File.WriteAllText(_work.At($"{name}.c"), Head + source);
        Tool.Run("clang", "-O2", "-g", "-target", "bpf", "-mcpu=v3", "-idirafter", "/usr/include/x86_64-linux-gnu", "-c", _work.At($"{name}.c"), "-o", _work.At($"{name}.o")).Succeeded();
        Tool.Run("install", "-D", "-m", "600", _work.At($"{name}.o"), $"{_directory}/{name}.o").Succeeded();
    }

    private void WaitFor(string name, bool isThere = true) =>
        Assert.True(Poll.Until(() => Directory.EnumerateFileSystemEntries(_view.At("iter")).Any(p => Path.GetFileName(p) == name) == isThere), $"iter/{name}: {string.Concat(Directory.EnumerateFiles(_view.At("iter"), "*.error").Select(File.ReadAllText))}\n{_view.Log}");

    [GeneratedRegex("```c\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
