using BpfFs.View;
using Fuse;

namespace BpfFs.Tests.View;

public sealed class OpenFilesTests
{
    [Fact]
    public void The_newest_open_file_of_a_node_tells_its_size()
    {
        var files = new OpenFiles();
        Assert.False(files.TryGetSize(5, out _));
        ulong first = files.Add(new FakeFile(5, 100)), second = files.Add(new FakeFile(5, 200)), other = files.Add(new FakeFile(6, 300));
        Assert.Equal(200, SizeOf(files, 5));
        Assert.Equal(300, SizeOf(files, 6));
        Assert.Equal(3, files.Count);
        Assert.Equal(200, files.Remove(second)!.Size);
        Assert.Equal(100, SizeOf(files, 5));
        Assert.Null(files.Remove(second));
        Assert.Null(files.Find(second));
        Assert.Equal(100, files.Find(first)!.Size);
        files.Remove(first);
        Assert.Equal(-1, SizeOf(files, 5));
        files.Remove(other);
        Assert.Equal(0, files.Count);
        Assert.Null(files.Remove(0));
        Assert.Null(files.Remove(ulong.MaxValue));
    }

    [Fact]
    public void Nodes_of_one_bucket_do_not_disturb_each_other()
    {
        var files = new OpenFiles();
        var handles = new List<(ulong Handle, ulong Node)>();
        for (ulong node = 1; node <= 3000; node++) handles.Add((files.Add(new FakeFile(node, (long)node * 10)), node));
        Random random = new(8);
        while (handles.Count > 0)
        {
            int i = random.Next(handles.Count);
            Assert.Equal((long)handles[i].Node * 10, SizeOf(files, handles[i].Node));
            Assert.Equal((long)handles[i].Node * 10, files.Remove(handles[i].Handle)!.Size);
            Assert.Equal(-1, SizeOf(files, handles[i].Node));
            handles.RemoveAt(i);
        }
    }

    [Fact]
    public void Many_threads_at_once()
    {
        var files = new OpenFiles();
        Parallel.For(0, 8, thread =>
        {
            Random random = new(thread);
            var mine = new List<ulong>();
            for (int i = 0; i < 20_000; i++)
            {
                ulong node = (ulong)random.Next(50);
                if (mine.Count < 20 && random.Next(2) == 0) mine.Add(files.Add(new FakeFile(node, (long)node)));
                else if (mine.Count > 0)
                {
                    Assert.NotNull(files.Remove(mine[0]));
                    mine.RemoveAt(0);
                }
                if (files.TryGetSize(node, out long size)) Assert.Equal((long)node, size);
            }
            foreach (ulong handle in mine) files.Remove(handle);
        });
        Assert.Equal(0, files.Count);
        for (ulong node = 0; node < 50; node++) Assert.Equal(-1, SizeOf(files, node));
    }

    [Fact]
    public void Sizes_are_remembered_or_at_worst_forgotten()
    {
        var sizes = new SizeMemory();
        Assert.False(sizes.WasTold(0, 0));
        Assert.False(sizes.WasTold(7, 0));
        sizes.Told(7, 0);
        Assert.True(sizes.WasTold(7, 0));
        Assert.False(sizes.WasTold(7, 1));
        sizes.Told(7, 4096);
        Assert.True(sizes.WasTold(7, 4096));
        Assert.False(sizes.WasTold(7, 0));

        Random random = new(9);
        var told = new Dictionary<ulong, long>();
        int remembered = 0;
        for (int i = 0; i < 2000; i++)
        {
            ulong node = new NodeId((ushort)random.Next(200), (ulong)random.Next(1, 5000)).Value;
            told[node] = random.Next(10_000);
            sizes.Told(node, told[node]);
        }
        foreach ((ulong node, long size) in told)
        {
            if (sizes.WasTold(node, size)) remembered++;
            Assert.False(sizes.WasTold(node, size + 1));
        }
        Assert.True(remembered > told.Count / 2, $"{remembered} of {told.Count}");
    }

    private static long SizeOf(OpenFiles files, ulong node) => files.TryGetSize(node, out long size) ? size : -1;

    private sealed class FakeFile : OpenFile
    {
        public FakeFile(ulong node, long size)
        {
            Node = node;
            Size = size;
        }

        public override long Size { get; }

        public override int Read(in Request request, long offset, Span<byte> buffer, out int length) => throw new NotSupportedException();

        public override void Close(ViewContext context) { }
    }
}
