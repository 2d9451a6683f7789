using System.Text;
using BpfFs.Objects;
using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.View;

public sealed class ListingTests : IDisposable
{
    private static readonly byte[] s_tag = [0xde, 0xad, 0xbe, 0xef, 1, 2, 3, 4], s_other = [1, 2, 3, 4, 5, 6, 7, 8];
    private readonly FakeKind _kind = new(
        (1, 1, "same", s_tag), (2, 2, "same", s_other), (3, 1, "", s_tag), (4, 1, ".", s_tag),
        (5, 1, "..", s_tag), (6, 99, "...", s_tag), (700, 1, "other.name_1", s_tag));
    private readonly EntryList _list = new();

    public void Dispose() => _list.Dispose();

    [Theory]
    [InlineData("1", 1)]
    [InlineData("4294967295", 4294967295)]
    [InlineData("10", 10)]
    [InlineData("0", 0)]
    [InlineData("01", 0)]
    [InlineData("+1", 0)]
    [InlineData("-1", 0)]
    [InlineData(" 1", 0)]
    [InlineData("1 ", 0)]
    [InlineData("1\n", 0)]
    [InlineData("0x1", 0)]
    [InlineData("1e3", 0)]
    [InlineData("1,000", 0)]
    [InlineData("4294967296", 0)]
    [InlineData("18446744073709551617", 0)]
    [InlineData("", 0)]
    [InlineData("\u0661", 0)]
    [InlineData("id", 0)]
    public void An_id_has_one_spelling(string name, uint id)
    {
        int errno = new ObjectIds(_kind).Find(null!, 0, Encoding.UTF8.GetBytes(name), out ulong key);
        Assert.Equal(id == 0 ? ENOENT : 0, errno);
        if (id != 0) Assert.Equal(id, key);
    }

    [Fact]
    public void All_objects_by_id()
    {
        Assert.Equal(["1", "2", "3", "4", "5", "6", "700"], List(new ObjectIds(_kind), 0));
        Assert.Equal(700_000UL, _list.LoadTime(6));
    }

    [Fact]
    public void Groups_by_name_are_safe_file_names_each_once()
    {
        var groups = new Groups(_kind, GroupBy.Name);
        string[] names = List(groups, 0);
        Assert.Equal(["same", @"\x2e", @"\x2e\x2e", "...", "other.name_1"], names);
        AssertMembers(groups, GroupBy.Name, new()
        {
            ["same"] = ["1", "2"],
            [@"\x2e"] = ["4"],
            [@"\x2e\x2e"] = ["5"],
            ["..."] = ["6"],
            ["other.name_1"] = ["700"],
        });
        foreach (string absent in (string[])[".", "..", "sam", "same1", "SAME"])
            Assert.Equal(ENOENT, groups.Find(null!, 0, Encoding.UTF8.GetBytes(absent), out _));
    }

    [Fact]
    public void Groups_by_type_and_tag()
    {
        var types = new Groups(_kind, GroupBy.Type);
        Assert.Equal(["first", "second", "99"], List(types, 0));
        AssertMembers(types, GroupBy.Type, new() { ["first"] = ["1", "3", "4", "5", "700"], ["second"] = ["2"], ["99"] = ["6"] });
        var tags = new Groups(_kind, GroupBy.Tag);
        Assert.Equal(["deadbeef01020304", "0102030405060708"], List(tags, 0));
        AssertMembers(tags, GroupBy.Tag, new() { ["deadbeef01020304"] = ["1", "3", "4", "5", "6", "700"], ["0102030405060708"] = ["2"] });
        Assert.Equal(ENOENT, tags.Find(null!, 0, "DEADBEEF01020304"u8, out _));
    }

    [Fact]
    public void A_walk_that_fails_fails_the_listing()
    {
        _kind.Errno = EMFILE;
        Assert.Equal(EMFILE, new ObjectIds(_kind).List(null!, 0, _list));
        Assert.Equal(EMFILE, new Groups(_kind, GroupBy.Name).List(null!, 0, _list));
        Assert.Equal(EMFILE, new Groups(_kind, GroupBy.Name).Find(null!, 0, "same"u8, out _));
        Assert.Equal(EMFILE, new GroupMembers(_kind, GroupBy.Name).List(null!, 0, _list));
        Assert.Equal(EMFILE, new GroupMembers(_kind, GroupBy.Name).Find(null!, 0, "1"u8, out _));
    }

    private void AssertMembers(Groups groups, GroupBy by, Dictionary<string, string[]> expected)
    {
        var members = new GroupMembers(_kind, by);
        foreach ((string group, string[] ids) in expected)
        {
            Assert.Equal(0, groups.Find(null!, 0, Encoding.UTF8.GetBytes(group), out ulong key));
            Assert.Equal(ids, List(members, key));
            foreach (string id in (string[])["1", "2", "3", "4", "5", "6", "700", "8", "01"])
            {
                int errno = members.Find(null!, key, Encoding.UTF8.GetBytes(id), out ulong found);
                Assert.Equal(ids.Contains(id) ? 0 : ENOENT, errno);
                if (errno == 0) Assert.Equal(ulong.Parse(id, null), found);
            }
        }
    }

    private string[] List(ChildSource source, ulong parent)
    {
        _list.Clear();
        Assert.Equal(0, source.List(null!, parent, _list));
        return [.. Enumerable.Range(0, _list.Count).Select(i => Encoding.UTF8.GetString(_list.Name(i)))];
    }
}
