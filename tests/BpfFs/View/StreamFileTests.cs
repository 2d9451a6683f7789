using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.View;

public sealed class StreamFileTests
{
    private const int Small = StreamFile.HeadSize / 2, Large = (StreamFile.HeadSize * 3) + 12_345;

    public static TheoryData<int> Sizes => [0, 1, 4095, 4096, 4097, Small, StreamFile.HeadSize - 1, StreamFile.HeadSize, StreamFile.HeadSize + 1, Large];

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Reads_in_order_make_the_whole(int size)
    {
        foreach (bool endsLate in (bool[])[false, true])
        {
            foreach (int read in (int[])[1000, 4096, 65_536, 131_072, Large * 2])
            {
                using var file = new StreamFile();
                FakeProducer producer = Open(file, size, endsLate: endsLate);
                Assert.Equal(producer.Contents, ReadAll(file, read));
                Assert.Equal(0, producer.Restarts);
                Assert.Equal(size, producer.Produced);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Any_offset_gives_what_stands_there(int size)
    {
        Random random = new(size);
        using var file = new StreamFile();
        FakeProducer producer = Open(file, size);
        for (int round = 0; round < 60; round++)
        {
            int offset = random.Next(size + 1), wanted = random.Next(1, 200_000);
            byte[] buffer = new byte[wanted];
            Assert.Equal(0, file.Read(Fakes.Request, offset, buffer, out int length));
            Assert.Equal(Math.Min(wanted, size - offset), length);
            Assert.True(producer.Contents.AsSpan(offset, length).SequenceEqual(buffer.AsSpan(0, length)), $"at {offset}");
        }
    }

    [Fact]
    public void A_small_file_has_its_exact_size()
    {
        foreach (int size in (int[])[0, 1, Small, StreamFile.HeadSize - 1])
        {
            using var file = new StreamFile();
            Open(file, size, ceiling: 1L << 40);
            Assert.Equal(size, file.Size);
        }
    }

    [Fact]
    public void A_large_file_says_more_than_it_has_in_whole_pages()
    {
        foreach (long ceiling in (long[])[Large, Large + 1, (Large + 4096) & ~4095, 1L << 40])
        {
            using var file = new StreamFile();
            Open(file, Large, ceiling: ceiling);
            Assert.Equal(0, file.Size % 4096);
            Assert.InRange(file.Size, Large + 1, ceiling + 8192);
            long before = file.Size;
            ReadAll(file, 65_536);
            Assert.Equal(before, file.Size);
        }
    }

    [Fact]
    public void The_end_of_a_large_file_is_0_and_beyond_it_ESPIPE()
    {
        using var file = new StreamFile();
        Open(file, Large);
        byte[] buffer = new byte[4096];
        foreach (int offset in (int[])[Large, Large + 1, Large * 2, Large, Large + 4096])
        {
            Assert.Equal(offset == Large ? 0 : ESPIPE, file.Read(Fakes.Request, offset, buffer, out int length));
            Assert.Equal(0, length);
        }
        Assert.Equal(0, file.Read(Fakes.Request, Large - 10, buffer, out int last));
        Assert.Equal(10, last);
        Assert.Equal(ESPIPE, file.Read(Fakes.Request, file.Size - 10, buffer, out _)); // tail -c 10
    }

    [Fact]
    public void The_end_of_a_small_file_is_like_any_files()
    {
        using var file = new StreamFile();
        Open(file, Small);
        foreach (int offset in (int[])[Small, Small + 1, Small * 100])
        {
            Assert.Equal(0, file.Read(Fakes.Request, offset, new byte[10], out int length));
            Assert.Equal(0, length);
        }
    }

    [Fact]
    public void The_start_again_is_a_fresh_start()
    {
        using var file = new StreamFile();
        FakeProducer producer = Open(file, Small);
        byte[] buffer = new byte[100];
        Assert.Equal(0, file.Read(Fakes.Request, 0, buffer, out _));
        Assert.Equal(0, producer.Restarts); // the first reading is what was taken at open
        producer.Contents = Fakes.Lines(77);
        Assert.Equal(0, file.Read(Fakes.Request, 0, buffer, out int length));
        Assert.Equal((1, 77, 77L), (producer.Restarts, length, file.Size));
        producer.Contents = Fakes.Lines(Large);
        Assert.Equal(0, file.Read(Fakes.Request, 0, buffer, out _));
        Assert.True(file.Size > Large);
        Assert.Equal(0, file.Read(Fakes.Request, 0, buffer, out _));
    }

    [Fact]
    public void Backwards_in_a_large_file_replays_and_forwards_goes_on()
    {
        using var file = new StreamFile();
        FakeProducer producer = Open(file, Large);
        byte[] buffer = new byte[4096];
        Assert.Equal(0, file.Read(Fakes.Request, 100, buffer, out _)); // back within the head: nothing to replay
        Assert.Equal(0, file.Read(Fakes.Request, 50, buffer, out _));
        Assert.Equal(0, producer.Restarts);
        Assert.Equal(0, file.Read(Fakes.Request, Large - 5000, buffer, out _));
        Assert.Equal(0, producer.Restarts);
        Assert.Equal(0, file.Read(Fakes.Request, 50, buffer, out int length));
        Assert.Equal((1, 4096), (producer.Restarts, length));
        Assert.True(producer.Contents.AsSpan(50, 4096).SequenceEqual(buffer));
    }

    [Fact]
    public void Errors_of_the_source_and_of_the_start_are_opens()
    {
        var file = new StreamFile();
        Assert.Equal(EPERM, file.Open(Fakes.Context(), Row(new FakeSource(null, EPERM)), new NodeId(1, 1)));
        var producer = new FakeProducer(Fakes.Lines(1000), 100) { FailsAt = 0, Failure = EIO };
        Assert.Equal(EIO, file.Open(Fakes.Context(), Row(new FakeSource(producer)), new NodeId(1, 1)));
        Assert.True(producer.IsDisposed);
        producer = new FakeProducer(Fakes.Lines(Large), 4096) { FailsAt = StreamFile.HeadSize - 1, Failure = EIO };
        Assert.Equal(EIO, file.Open(Fakes.Context(), Row(new FakeSource(producer)), new NodeId(1, 1)));
        Assert.True(producer.IsDisposed);
    }

    [Fact]
    public void An_error_in_the_middle_comes_after_what_was_read()
    {
        using var file = new StreamFile();
        FakeProducer producer = Open(file, Large);
        producer.FailsAt = StreamFile.HeadSize + 100_000;
        producer.Failure = EIO;
        byte[] buffer = new byte[Large];
        int total = 0, errno;
        while ((errno = file.Read(Fakes.Request, total, Next(), out int length)) == 0 && length > 0) total += length;
        Assert.Equal(EIO, errno);
        Assert.InRange(total, StreamFile.HeadSize - 65_536, producer.FailsAt);
        Assert.True(producer.Contents.AsSpan(0, total).SequenceEqual(buffer.AsSpan(0, total)));

        producer.FailsAt = -1; // the reader tries again: it goes on where it was
        while ((errno = file.Read(Fakes.Request, total, Next(), out int length)) == 0 && length > 0) total += length;
        Assert.Equal(0, errno);
        Assert.Equal(producer.Contents, buffer);

        Span<byte> Next() => buffer.AsSpan(total, Math.Min(65_536, Large - total));
    }

    [Fact]
    public void A_restart_that_fails_is_an_error_and_the_next_may_succeed()
    {
        using var file = new StreamFile();
        FakeProducer producer = Open(file, Small);
        byte[] buffer = new byte[100];
        Assert.Equal(0, file.Read(Fakes.Request, 0, buffer, out _));
        producer.RestartFailure = ENOENT;
        Assert.Equal(ENOENT, file.Read(Fakes.Request, 0, buffer, out _));
        producer.RestartFailure = 0;
        Assert.Equal(0, file.Read(Fakes.Request, 0, buffer, out int length));
        Assert.Equal(100, length);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_file()
    {
        using var file = new StreamFile();
        FakeProducer producer = Open(file, 64 * 1024 * 1024);
        byte[] buffer = new byte[1024 * 1024];
        long total = 0;
        while (file.Read(Fakes.Request, total, buffer, out int length) == 0 && length > 0) total += length;
        Assert.Equal(64 * 1024 * 1024, total);
        Assert.InRange(producer.LargestBuffer, StreamFile.HeadSize, StreamFile.HeadSize * 3);
    }

    [Fact]
    public void Closing_frees_the_producer()
    {
        var file = new StreamFile();
        FakeProducer producer = Open(file, Large);
        file.Close(Fakes.Context());
        Assert.True(producer.IsDisposed);
    }

    private static FakeProducer Open(StreamFile file, int size, bool endsLate = false, long ceiling = -1)
    {
        var producer = new FakeProducer(Fakes.Lines(size), 60_000) { EndsLate = endsLate, CeilingOverride = ceiling };
        Assert.Equal(0, file.Open(Fakes.Context(), Row(new FakeSource(producer)), new NodeId(7, 8)));
        Assert.Equal(new NodeId(7, 8).Value, file.Node);
        return producer;
    }

    private static StreamRow Row(StreamSource source) => new("stream", Tier.Private, source);

    private static byte[] ReadAll(StreamFile file, int size)
    {
        var all = new List<byte>();
        byte[] buffer = new byte[size];
        while (true)
        {
            Assert.Equal(0, file.Read(Fakes.Request, all.Count, buffer, out int length));
            if (length == 0) return [.. all];
            all.AddRange(buffer.AsSpan(0, length));
        }
    }
}
