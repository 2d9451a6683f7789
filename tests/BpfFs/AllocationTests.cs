using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.Tests.Objects;
using BpfFs.Tests.View;
using BpfFs.View;
using Iterators;

namespace BpfFs.Tests;

/// <summary>What is done for each read allocates nothing once it is warm.</summary>
public sealed class AllocationTests
{
    [Fact]
    public void Every_file_of_a_program() => AssertNone(Renders(FieldFiles.Rows(Progs.Kind, Prog.Fields, Samples.Reading(Samples.FullProg(), Samples.MapIds))));

    [Fact]
    public void Every_file_of_a_map() => AssertNone(Renders(FieldFiles.Rows(Maps.Kind, Map.Fields, Samples.Reading(Samples.FullMap(), Samples.FullFdInfo()))));

    [Fact]
    public void Every_file_of_a_link() => AssertNone(Renders(FieldFiles.Rows<Link>(Links.Kind, Link.Fields, LinkFieldTests.ReadTracing)));

    [Fact]
    public void Opening_reading_rewinding_and_closing_a_captured_file()
    {
        ViewContext context = Fakes.Context();
        byte[] contents = Fakes.Lines(10_000), buffer = new byte[4096];
        var files = new OpenFiles();
        var row = new FileRow("file", Tier.Public, (_, _, to) =>
        {
            to.Append(contents);
            return 0;
        });
        AssertNone(() =>
        {
            CapturedFile file = context.CapturedFiles.Rent();
            file.Open(context, row, new NodeId(row.Number, 7));
            ulong handle = files.Add(file);
            for (int offset = 0; offset < contents.Length; offset += buffer.Length) file.Read(Fakes.Request, offset, buffer, out _);
            file.Read(Fakes.Request, 0, buffer, out _);
            files.TryGetSize(file.Node, out _);
            files.Remove(handle)!.Close(context);
        });
    }

    [Fact]
    public void Reading_a_streamed_file()
    {
        var producer = new FakeProducer(Fakes.Lines(StreamFile.HeadSize * 2), 60_000);
        using var file = new StreamFile();
        file.Open(Fakes.Context(), new StreamRow("stream", Tier.Private, new FakeSource(producer)), new NodeId(1, 1));
        byte[] buffer = new byte[128 * 1024];
        AssertNone(() =>
        {
            for (long offset = 0; file.Read(Fakes.Request, offset, buffer, out int length) == 0 && length > 0; offset += length) { }
        }, times: 20);
    }

    [Fact]
    public void Listings_and_lookups()
    {
        var kind = new FakeKind([.. Enumerable.Range(1, 50).Select(i => ((uint)i, (uint)i % 4, $"name{i % 7}", new byte[8]))]);
        using var list = new EntryList();
        ChildSource[] sources = [new ObjectIds(kind), new Groups(kind, GroupBy.Name), new Groups(kind, GroupBy.Type), new Groups(kind, GroupBy.Tag)];
        var counter = new Counter();
        AssertNone(() =>
        {
            foreach (ChildSource source in sources)
            {
                list.Clear();
                source.List(null!, 0, list);
                source.Find(null!, 0, "17"u8, out _);
                counter.Entries += list.Count;
            }
        }, times: 300);
        Assert.NotEqual(0, counter.Entries);
    }

    [Fact]
    public void Values_of_a_map()
    {
        var types = new Rendering.BtfBuilder();
        uint number = types.Int("int", 4, Rendering.BtfBuilder.Signed), letter = types.Int("char", 1), real = types.Float("double", 8);
        uint type = types.Struct("value", 40,
            new("number", number, 0), new("text", types.Array(letter, 8), 32), new("numbers", types.Array(number, 3), 96), new("real", real, 192),
            new("low", number, 256, 3), new("colour", types.Enum("colour", 4, false, ("RED", 0)), 259, 7));
        using Btf btf = types.Build();
        ValueNode node = ValueFormat.Make(btf, type, 40);
        using Text.Holder text = new();
        byte[] data = [.. Enumerable.Range(0, 40).Select(i => (byte)(i * 37))];
        AssertNone(() =>
        {
            text.Buffer.Clear();
            node.Write(data, text.Buffer);
        });
    }

    [Fact]
    public void Escaped_text()
    {
        using Text.Holder text = new();
        AssertNone(() =>
        {
            text.Buffer.Clear();
            text.Buffer.AppendText(Samples.Hostile);
        });
    }

    private static Action Renders(IEnumerable<Row> rows)
    {
        FileRow[] files = [.. rows.Cast<FileRow>()];
        var text = new TextBuffer();
        return () =>
        {
            foreach (FileRow file in files)
            {
                text.Clear();
                file.Render(null!, 1, text);
            }
        };
    }

    // warm: the pools, and the JIT's tiers
    internal static void AssertNone(Action action, int times = 1000)
    {
        Run(times);
        Thread.Sleep(150);
        Run(times);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(times);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Run(int count)
        {
            for (int i = 0; i < count; i++) action();
        }
    }

    private sealed class Counter
    {
        public long Entries { get; set; }
    }
}
