using BpfFs.View;

namespace BpfFs.Tests.View;

public sealed class TreeTests
{
    [Fact]
    public void Rows_are_found_by_number_and_stand_below_their_directory()
    {
        var source = new NoChildren();
        Row[] rows = [new DirectoryRow(""), new DirectoryRow("d", source), File("d/fixed"), new DirectoryRow("d/<id>"), File("d/<id>/info"), File("top")];
        var tree = new Tree(rows);
        Assert.All(rows, row => Assert.Same(row, tree.Find(row.Number)));
        Assert.Equal(rows, tree.Rows);
        var directory = (DirectoryRow)rows[1];
        Assert.Equal([rows[2]], directory.Fixed);
        Assert.Same(rows[3], Assert.Single(directory.Dynamic));
        Assert.Equal([rows[1], rows[5]], ((DirectoryRow)rows[0]).Fixed);
        Assert.Null(tree.Find(NodeId.RowOf("nowhere")));
    }

    [Fact]
    public void A_path_twice() => Fails("the view has d twice", new DirectoryRow(""), new DirectoryRow("d"), File("d"));

    [Fact]
    public void No_directory_above() => Fails("the view's d/file has no directory above it", new DirectoryRow(""), File("d/file"));

    [Fact]
    public void A_directory_that_comes_too_late() => Fails("the view's d/file has no directory above it", new DirectoryRow(""), File("d/file"), new DirectoryRow("d"));

    [Fact]
    public void A_file_above() => Fails("the view's d/file has no directory above it", new DirectoryRow(""), File("d"), File("d/file"));

    [Fact]
    public void No_root() => Fails("the view's d has no directory above it", new DirectoryRow("d"));

    [Fact]
    public void A_name_that_nothing_finds() => Fails("nothing in d finds d/<id>", new DirectoryRow(""), new DirectoryRow("d"), File("d/<id>"));

    [Fact]
    public void Two_names_for_what_one_source_finds() =>
        Fails("nothing in d finds d/<b>", new DirectoryRow(""), new DirectoryRow("d", new NoChildren()), File("d/<a>"), File("d/<b>"));

    [Fact]
    public void Two_paths_of_one_number()
    {
        var numbers = new Dictionary<ushort, string>();
        string path = "f0";
        for (int i = 0; !numbers.TryGetValue(NodeId.RowOf(path), out _); path = $"f{++i}") numbers.Add(NodeId.RowOf(path), path);
        string other = numbers[NodeId.RowOf(path)];
        Fails($"the view's paths {path} and {other} have one number: rename one", new DirectoryRow(""), File(other), File(path));
    }

    private static void Fails(string message, params Row[] rows) =>
        Assert.Equal(message, Assert.Throws<InvalidOperationException>(() => new Tree(rows)).Message);

    private static FileRow File(string path) => new(path, Tier.Public, (_, _, _) => 0);

    private sealed class NoChildren : ChildSource
    {
        public override int Find(ViewContext context, ulong parent, ReadOnlySpan<byte> name, out ulong key)
        {
            key = 0;
            return Tmds.Linux.LibC.ENOENT;
        }

        public override int List(ViewContext context, ulong parent, EntryList to) => 0;
    }
}
