using System.Text.RegularExpressions;

namespace Mount.Tests;

/// <summary>A view with a group, and every kind of object behind it.</summary>
public sealed class GroupZooView() : ZooView(new ViewOptions { Arguments = ["-o", $"gid={Gid}"] })
{
    public const int Gid = 65533;
}

/// <summary>The same with hidepids.</summary>
public sealed class HidingZooView() : ZooView(new ViewOptions { Arguments = ["-o", $"gid={GroupZooView.Gid},hidepids"] });

/// <summary>The whole mount as nobody, as a member of the group, as root: the files of the reader's tiers open and no others, and nothing in them breaks a rule.</summary>
public sealed class AccessWalkTests(GroupZooView plain, HidingZooView hiding) : IClassFixture<GroupZooView>, IClassFixture<HidingZooView>
{
    private const int Public = 0x1A4, Group = 0x1A0, Private = 0x180; // 0644, 0640, 0600

    /// <summary>The golden list of the table: every path with its mode; the most particular first.</summary>
    private static readonly (Regex Path, int Mode, bool IsDirectory)[] s_rows =
    [
        .. File.ReadLines(Path.Combine(ViewBinary.Repository(), "tests/BpfFs/View/Table.verified.txt"))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(f => f.Length == 4 && f[2] != "symlink")
            .OrderBy(f => f[3].Count(c => c == '<'))
            .Select(f => (new Regex("^" + Regex.Replace(Regex.Escape(f[3]), "<[^>]*>", "[^/]+") + "$"), Convert.ToInt32(f[1], 8) & 0x1FF, f[2] == "directory")),
    ];

    private static string Script { get; } = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures/walk.py"));

    private sealed record Walk(Dictionary<string, string> Status, string[] Bad)
    {
        public IEnumerable<string> Opened => Status.Where(s => s.Value == "ok").Select(s => s.Key);
    }

    [Fact]
    public void Nobody_opens_what_is_public() => Check(WalkAs(plain, "--clear-groups", "--reuid", "65534", "--regid", "65534"), mode => (mode & 4) != 0, hides: false);

    [Fact]
    public void A_member_of_the_group_opens_what_is_the_group_s_too() => Check(AsMember(plain), mode => (mode & 0x24) != 0, hides: false);

    [Fact]
    public void With_hidepids_a_member_does_not_see_what_names_processes() => Check(AsMember(hiding), mode => (mode & 0x24) != 0, hides: true);

    [Fact]
    public void With_hidepids_root_opens_all() => Check(WalkAs(hiding), _ => true, hides: false);

    /// <summary>Also if the kernel would print addresses: it hides them from a server without CAP_SYSLOG only as long as it is told to.</summary>
    [Theory]
    [InlineData("0")]
    [InlineData("1")]
    public void Root_opens_all_and_no_address_is_in_it(string kptrRestrict)
    {
        const string setting = "/proc/sys/kernel/kptr_restrict";
        string before = File.ReadAllText(setting);
        try
        {
            File.WriteAllText(setting, kptrRestrict);
            Check(WalkAs(plain), _ => true, hides: false);
        }
        finally
        {
            File.WriteAllText(setting, before);
        }
    }

    [Fact]
    public void Hidden_is_hidden_by_name_too_and_after_root_has_looked()
    {
        string[] paths = ["pids", "graph.holders.dot", "net/pids", "net/pids.json", $"progs/{hiding.Zoo.User.Id}/pids", $"maps/{hiding.Zoo.Map("zoo_hash").Id}/pids", $"pids/{Environment.ProcessId}"];
        foreach (string path in paths)
        {
            string at = hiding.View.At(path);
            Assert.Equal(path == "pids" ? "700 0:0\n" : "600 0:0\n", Tool.Run("stat", "-c", "%a %u:%g", at).Succeeded().Output); // the kernel now knows the name
            Assert.Contains("No such file", Tool.Run("setpriv", ["--reuid", "65534", "--regid", "65534", "--groups", $"{GroupZooView.Gid}", "stat", at]).Errors, StringComparison.Ordinal);
            string inUserNamespace = Tool.AsNobody("unshare -Ur stat \"$1\"", at).Errors;
            Assert.Contains("No such file", inUserNamespace, StringComparison.Ordinal);
        }
        Assert.Contains("stats\n", Tool.Run("ls", hiding.View.Of(hiding.Zoo.User)).Output, StringComparison.Ordinal); // names nobody: still there
    }

    /// <summary>Root in a user namespace of one's own is nobody here.</summary>
    [Theory]
    [InlineData("")]
    [InlineData("unshare -U")]
    [InlineData("unshare -Ur")]
    [InlineData("unshare -Urm")]
    [InlineData("unshare -Urpf")]
    public void A_user_namespace_gives_nothing(string prefix)
    {
        string entries = plain.View.Of(plain.Zoo.Map("zoo_hash"), "entries"), pids = plain.View.Of(plain.Zoo.User, "pids"), info = plain.View.Of(plain.Zoo.User, "info");
        foreach (string file in (string[])[entries, pids])
            Assert.Contains("Permission denied", Tool.AsNobody($"{prefix} cat \"$1\"", file).Errors, StringComparison.Ordinal);
        Assert.Contains("zoo_user", Tool.AsNobody($"{prefix} cat \"$1\"", info).Succeeded().Output, StringComparison.Ordinal);
    }

    /// <summary>A setuid program reads as whom it is, as any file; who started it sees nothing of the process.</summary>
    [Fact]
    public void A_setuid_reader()
    {
        using TemporaryDirectory directory = new();
        foreach (string tool in (string[])["cat", "sleep"]) Tool.Shell("cp $(command -v $2) $1/$2 && chmod 4755 $1/$2", directory.Path, tool).Succeeded();
        string entries = plain.View.Of(plain.Zoo.Map("zoo_hash"), "entries");
        Assert.Equal(10, Tool.AsNobody("\"$1\"/cat \"$2\"", directory.Path, entries).Succeeded().Output.Count(c => c == '\n'));
        Assert.Contains("Permission denied", Tool.AsNobody("\"$1\"/cat < \"$2\"", directory.Path, entries).Errors, StringComparison.Ordinal); // opened by nobody
        const string script = """
            "$1"/sleep 8 >/dev/null 2>&1 & own=$!
            until grep -q sleep /proc/$own/comm; do :; done
            [ -e "$2"/tasks/$own ]; echo "setuid $?"
            cat "$2"/tasks/$own/files >&2
            sleep 8 >/dev/null 2>&1 & own2=$!
            until grep -q sleep /proc/$own2/comm; do :; done
            [ -e "$2"/tasks/$own2 ]; echo "own $?"
            kill $own2
            """;
        ToolResult result = Tool.AsNobody(script + "\nexit", directory.Path, plain.View.Root);
        Assert.Equal("setuid 1\nown 0\n", result.Output);
        Assert.Contains("No such file", result.Errors, StringComparison.Ordinal);
    }

    private static Walk AsMember(ZooView view) => WalkAs(view, "--reuid", "65534", "--regid", "65534", "--groups", $"{GroupZooView.Gid}");

    private static Walk WalkAs(ZooView view, params string[] identity)
    {
        // What other maps hold is their owners', and may be anything; so may names that other programs and symbols have.
        string ours = string.Join('|', view.Zoo.Maps.Select(m => m.Id));
        string[] python = ["/usr/bin/python3", "-c", Script, view.View.Root, $"maps/(?!(?:{ours})/).*/entries(\\.json)?"];
        ToolResult result = identity.Length == 0 ? Tool.Run(python[0], python[1..]) : Tool.Run("setpriv", [.. identity, .. python]);
        string[] lines = result.Succeeded().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Dictionary<string, string> status = [];
        foreach (string line in lines.Where(l => !l.StartsWith("BAD ", StringComparison.Ordinal))) status[line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..]] = line.Split(' ')[0];
        return new Walk(status, [.. lines.Where(l => l.StartsWith("BAD ", StringComparison.Ordinal))]);
    }

    private static void Check(Walk walk, Func<int, bool> mayOpen, bool hides)
    {
        Assert.Empty(walk.Bad);
        List<string> wrong = [];
        Dictionary<int, int> opened = [];
        foreach ((string path, string status) in walk.Status)
        {
            if (path.StartsWith("tasks/", StringComparison.Ordinal)) continue; // TasksTests: each to his own
            (Regex _, int mode, bool isDirectory) = s_rows.FirstOrDefault(r => r.Path.IsMatch(path));
            if (mode == 0) wrong.Add($"{path} is not in the table");
            // Objects of others come and go; some cannot be shown, and say so.
            else if (status != "EACCES" && !mayOpen(mode)) wrong.Add($"{path}: {status}, but is {Convert.ToString(mode, 8)}");
            else if (status == "EACCES" && mayOpen(mode)) wrong.Add($"{path}: {status}, but is {Convert.ToString(mode, 8)}");
            else if (hides && (path.EndsWith("/pids", StringComparison.Ordinal) || path.StartsWith("pids", StringComparison.Ordinal))) wrong.Add($"{path} is there");
            if (status == "ok" && !isDirectory) opened[mode] = opened.GetValueOrDefault(mode) + 1;
        }
        Assert.Empty(wrong);
        foreach (int mode in (int[])[Public, Group, Private]) Assert.Equal(mayOpen(mode), opened.GetValueOrDefault(mode) > 20);
    }
}
