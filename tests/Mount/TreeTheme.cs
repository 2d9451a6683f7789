using System.Globalization;

namespace Mount.Tests;

/// <summary>What stands where: names, types, modes, owners, inodes, times, symlinks.</summary>
public abstract class TreeTheme(ZooView fixture)
{
    private readonly MountedView _view = fixture.View;
    private readonly Zoo _zoo = fixture.Zoo;

    [Fact]
    public void The_root_has_what_it_should()
    {
        HashSet<string> names = [.. Directory.EnumerateFileSystemEntries(_view.Root).Select(n => Path.GetFileName(n)!)];
        Assert.Superset(new HashSet<string>(["README", "status", "links.debug", "maps", "maps.debug", "maps.json", "progs", "progs.debug", "progs.json"]), names);
        Assert.Contains("bpffs-view", _view.Read("README"), StringComparison.Ordinal);
        Assert.Contains(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), _view.Read("status"), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_program_has_its_directory()
    {
        foreach (BpfProgram program in _zoo.Programs)
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(_view.Of(program)).Select(n => Path.GetFileName(n)!)];
            Assert.Superset(new HashSet<string>(["info", "json", "attached", "maps", "id", "type", "tag", "uid", "loaded_at", "pages"]), names.ToHashSet());
            Assert.Equal(program.Name.Length > 0, names.Contains("name"));
            Assert.Equal(names.Length, names.Distinct().Count());
            Assert.Equal($"{program.Id}\n", File.ReadAllText(_view.Of(program, "id")));
            if (program.Name.Length > 0) Assert.Equal(program.Name + "\n", File.ReadAllText(_view.Of(program, "name")));
        }
    }

    [Fact]
    public void Every_map_has_its_directory()
    {
        MapType[] iterated = [MapType.Hash, MapType.Array, MapType.LruHash, MapType.PercpuHash, MapType.PercpuArray, MapType.LruPercpuHash];
        foreach (BpfMap map in _zoo.Maps)
        {
            string[] names = [.. Directory.EnumerateFileSystemEntries(_view.Of(map)).Select(n => Path.GetFileName(n)!)];
            Assert.Superset(new HashSet<string>(["info", "json", "progs", "id", "type", "name", "bytes_key", "bytes_value", "max_entries", "flags"]), names.ToHashSet());
            if (iterated.Contains(map.Type)) Assert.Contains("entries", names);
            Assert.Equal(map.Name + "\n", File.ReadAllText(_view.Of(map, "name")));
            Assert.Equal($"{map.KeySize}\n", File.ReadAllText(_view.Of(map, "bytes_key")));
        }
    }

    [Fact]
    public void A_field_is_the_same_in_its_file_and_in_info()
    {
        foreach (string directory in (string[])[_view.Of(_zoo.User), _view.Of(_zoo.Map("zoo_lpm")), _view.Of(_zoo.Caller)])
        {
            foreach (string line in File.ReadAllLines(Path.Combine(directory, "info")))
            {
                string[] parts = line.Split(":\t");
                Assert.Equal(2, parts.Length);
                if (parts[0] == "jited") continue; // the file of that name has the code
                Assert.Equal(parts[1] + "\n", File.ReadAllText(Path.Combine(directory, parts[0])));
            }
        }
    }

    [Fact]
    public void Programs_and_maps_lead_to_each_other()
    {
        string maps = _view.Of(_zoo.User, "maps");
        uint[] used = [_zoo.Map("zoo_hash").Id, _zoo.Map("zoo_array").Id, _zoo.Map("zoo_lru").Id];
        Assert.Equal(used.Order().Select(i => $"{i}"), Directory.EnumerateFileSystemEntries(maps).Select(n => Path.GetFileName(n)!).OrderBy(n => uint.Parse(n, CultureInfo.InvariantCulture)));
        foreach (uint id in used)
        {
            Assert.Equal($"../../../maps/{id}", Tool.Run("readlink", $"{maps}/{id}").Output.TrimEnd());
            Assert.Equal($"{id}\n", File.ReadAllText($"{maps}/{id}/id"));
        }
        Assert.Equal($"{_zoo.User.Id} zoo_user\n", File.ReadAllText(_view.Of(_zoo.Map("zoo_array"), "progs")));
        Assert.Equal(16, Directory.EnumerateFileSystemEntries(_view.Of(_zoo.Many, "maps")).Count());
        Assert.Empty(Directory.EnumerateFileSystemEntries(_view.Of(_zoo.Pinned, "maps")));
        Assert.Contains("raw_tracepoint", File.ReadAllText(_view.Of(_zoo.Program("zoo_traced"), "attached")), StringComparison.Ordinal);
        Assert.Contains("sched_process_exec", File.ReadAllText(_view.Of(_zoo.Program("zoo_traced"), "attached")), StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_are_found_by_name_type_and_tag()
    {
        foreach (BpfProgram program in _zoo.Programs)
        {
            string[] groups = ["type", "tag", .. program.Name.Length > 0 ? ["name"] : Array.Empty<string>()];
            foreach (string group in groups) HasMember($"progs/by-{group}", File.ReadAllText(_view.Of(program, group)).TrimEnd(), program.Id);
        }
        foreach (BpfMap map in _zoo.Maps)
        {
            foreach (string group in (string[])["type", "name"]) HasMember($"maps/by-{group}", File.ReadAllText(_view.Of(map, group)).TrimEnd(), map.Id);
        }
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(_view.At("progs/by-name/zoo_twin")).Count());
        Assert.False(Directory.Exists(_view.At("progs/by-name/no_such_name")));
        Assert.False(Path.Exists(_view.At($"progs/by-name/zoo_twin/{_zoo.User.Id}"))); // exists, but not under this name
    }

    private void HasMember(string group, string value, uint id)
    {
        Assert.Contains(value, Directory.EnumerateDirectories(_view.At(group)).Select(n => Path.GetFileName(n)));
        Assert.Equal($"../../{id}", Tool.Run("readlink", _view.At($"{group}/{value}/{id}")).Output.TrimEnd());
        Assert.Equal($"{id}\n", _view.Read($"{group}/{value}/{id}/id"));
    }

    [Fact]
    public void Names_that_are_no_ids_are_not_there()
    {
        foreach (string name in (string[])["0", "00", $"0{_zoo.User.Id}", $"+{_zoo.User.Id}", "-1", "4294967296", "99999999999999999999", $"{_zoo.User.Id} ", "1.0", "x"])
        {
            Assert.False(Path.Exists(_view.At($"progs/{name}")), name);
            Assert.False(Path.Exists(_view.At($"maps/{name}")), name);
        }
        Assert.False(Path.Exists(_view.Of(_zoo.User, "nothing")));
        Assert.False(Path.Exists(_view.Of(_zoo.User, "recursion_misses"))); // a field that this program does not have
    }

    [Fact]
    public void Modes_and_owners()
    {
        foreach ((string path, string expected) in ((string, string)[])
        [
            ("", "755 0 0 directory"), ("progs", "755 0 0 directory"), ("progs.json", "644 0 0 regular file"), ("status", "644 0 0 regular file"),
            ($"progs/{_zoo.User.Id}", "755 0 0 directory"), ($"progs/{_zoo.User.Id}/info", "644 0 0 regular file"),
            ($"progs/{_zoo.User.Id}/maps/{_zoo.Map("zoo_hash").Id}", "777 0 0 symbolic link"),
            ($"maps/{_zoo.Map("zoo_hash").Id}/entries", "600 0 0 regular file"), ("maps/by-type", "755 0 0 directory"),
        ])
        {
            Assert.Equal(expected, Tool.Run("stat", "-c", "%a %u %g %F", _view.At(path)).Output.TrimEnd());
        }
    }

    [Fact]
    public void Inodes_are_stable_and_different()
    {
        string[] paths = ["", "README", "progs", "maps", "progs.json", "maps.json", $"progs/{_zoo.User.Id}", $"progs/{_zoo.User.Id}/info", $"progs/{_zoo.User.Id}/json",
            $"progs/{_zoo.Caller.Id}", $"progs/{_zoo.Caller.Id}/info", $"maps/{_zoo.Map("zoo_hash").Id}", $"maps/{_zoo.Map("zoo_hash").Id}/info"];
        string[] Inodes() => [.. Tool.Run("stat", ["-c", "%i", .. paths.Select(_view.At)]).Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)];
        string[] first = Inodes();
        Assert.Equal(paths.Length, first.Distinct().Count());
        Tool.Shell("echo 2 >/proc/sys/vm/drop_caches"); // the kernel forgets inodes, and asks again
        Assert.Equal(first, Inodes());
        // readdir and stat must agree, or find and tar think that a directory was replaced
        string listed = Tool.Run("ls", "-i", _view.Of(_zoo.User)).Output;
        foreach (string line in listed.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(parts[0], Tool.Run("stat", "-c", "%i", _view.Of(_zoo.User, parts[1])).Output.TrimEnd());
        }
    }

    [Fact]
    public void Times()
    {
        // loaded_at has seconds, and the kernel's clock is that of boot: at most a second apart.
        DateTime loaded = DateTime.Parse(File.ReadAllText(_view.Of(_zoo.User, "loaded_at")), CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
        foreach (string file in (string[])["", "info", "attached", "maps"])
        {
            Assert.InRange((Directory.GetLastWriteTimeUtc(_view.Of(_zoo.User, file)) - loaded).TotalSeconds, -1.1, 1.1);
        }
        Assert.InRange((DateTime.UtcNow - loaded).TotalSeconds, 0, 3600);
        DateTime started = Directory.GetLastWriteTimeUtc(_view.Root);
        Assert.InRange((DateTime.UtcNow - started).TotalSeconds, 0, 3600);
        Assert.Equal(started, File.GetLastWriteTimeUtc(_view.At("progs.json")));
        Assert.Equal(started, Directory.GetLastWriteTimeUtc(_view.Of(_zoo.Map("zoo_hash"))));
    }

    [Fact]
    public void Statfs()
    {
        Assert.Equal("fuse.bpffs-view", Mounts.At(_view.Root).Single());
        string[] fields = Tool.Run("stat", "-f", "-c", "%S %l %c %a", _view.Root).Succeeded().Output.TrimEnd().Split(' ');
        Assert.Equal(["4096", "255"], fields[..2]);
        Assert.InRange(long.Parse(fields[2], CultureInfo.InvariantCulture), _zoo.Programs.Count() + _zoo.Maps.Count(), long.MaxValue);
        Assert.Equal(0, Tool.Run("df", _view.Root).Code);
    }

    [Fact]
    public void Find_sees_each_file_once_and_no_error()
    {
        ToolResult found = Tool.Run("find", _view.Root, "-noleaf");
        // what other processes had loaded may go meanwhile
        Assert.DoesNotContain(found.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => !l.EndsWith(": No such file or directory", StringComparison.Ordinal));
        string[] paths = found.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(paths.Length, paths.Distinct().Count());
        Assert.Superset(new HashSet<string>([.. _zoo.Programs.Select(p => _view.Of(p, "info")), .. _zoo.Maps.Select(m => _view.Of(m, "info"))]), paths.ToHashSet());
    }

    [Fact]
    public void What_a_listing_says_is_what_stat_says()
    {
        Tool.Python("""
            import os, stat, sys
            def walk(path):
                with os.scandir(path) as entries:
                    for e in entries:
                        try:
                            s = e.stat(follow_symlinks=False)
                        except FileNotFoundError: # it went meanwhile
                            continue
                        assert e.is_symlink() == stat.S_ISLNK(s.st_mode) and e.is_dir(follow_symlinks=False) == stat.S_ISDIR(s.st_mode), e.path
                        assert e.inode() == s.st_ino, e.path
                        if stat.S_ISDIR(s.st_mode):
                            try:
                                walk(e.path)
                            except FileNotFoundError:
                                pass
            walk(sys.argv[1])
            """, _view.Root).Succeeded();
    }

    [Fact]
    public void Find_that_follows_symlinks_ends_soon()
    {
        int plain = int.Parse(Tool.Shell("find \"$1\" 2>/dev/null | wc -l", _view.Root).Output, CultureInfo.InvariantCulture);
        int followed = int.Parse(Tool.Shell($"timeout {Patience.Of(60).TotalSeconds} find -L \"$1\" 2>/dev/null | wc -l", _view.Root).Output, CultureInfo.InvariantCulture);
        // An object's directory is reached from by-name, by-type, by-tag and, a map's, from its programs: some ten times, not a power of it.
        Assert.InRange(followed, plain, plain * 20);
    }

    [Fact]
    public void Every_file_can_be_read_and_has_its_size()
    {
        string[] directories = ["progs", "maps", .. _zoo.Programs.Select(p => $"progs/{p.Id}"), .. _zoo.Maps.Select(m => $"maps/{m.Id}"), $"links/{_zoo.Link.Id}"];
        string[] files = Tool.Run("find", [.. directories.Select(_view.At).Where(Directory.Exists), "-maxdepth", "1", "-type", "f"]).Succeeded().Output
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.InRange(files.Length, 10 * (directories.Length - 3), int.MaxValue);
        foreach (string path in files)
        {
            using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
            using MemoryStream contents = new();
            file.CopyTo(contents);
            byte[] bytes = contents.ToArray();
            bool isStreamed = bytes.Length > 1 << 20; // of which nobody knows the size beforehand
            Assert.True(isStreamed ? file.Length > bytes.Length : file.Length == bytes.Length, $"{path}: stat says {file.Length}, read gives {bytes.Length}");
            if (bytes.Length > 0) Assert.True(bytes[^1] == '\n', $"{path} does not end with a line's end");
        }
    }
}

public sealed class TreeTests(ZooView fixture) : TreeTheme(fixture), IClassFixture<ZooView>;

public sealed class OneProcessorTreeTests(OneProcessorZooView fixture) : TreeTheme(fixture), IClassFixture<OneProcessorZooView>;

public sealed class RingTreeTests(RingZooView view) : TreeTheme(view), IClassFixture<RingZooView>;
