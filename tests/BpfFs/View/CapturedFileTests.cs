using BpfFs.View;
using static Tmds.Linux.LibC;

namespace BpfFs.Tests.View;

public sealed class CapturedFileTests : IDisposable
{
    private readonly CapturedFile _file = new();
    private byte[] _contents = "first contents\n"u8.ToArray();
    private int _renders, _errno;
    private ulong _key;

    public void Dispose() => _file.Dispose();

    [Fact]
    public void Every_read_comes_out_of_one_capture()
    {
        Open();
        _contents = "other\n"u8.ToArray();
        Assert.Equal("first", Read(0, 5));
        Assert.Equal("contents\n", Read(6, 100));
        Assert.Equal("rst c", Read(2, 5));
        Assert.Equal("", Read(15, 10));
        Assert.Equal("", Read(1L << 40, 10));
        Assert.Equal("", Read(long.MaxValue, 10));
        Assert.Equal((1, 15L, 42UL), (_renders, _file.Size, _key));
    }

    [Fact]
    public void The_first_read_at_the_start_is_the_capture_and_the_second_takes_anew()
    {
        Open();
        Assert.Equal("first contents\n", Read(0, 100));
        Assert.Equal(1, _renders);
        _contents = "FIRST CONTENTS\n"u8.ToArray();
        Assert.Equal("FIRST CONTENTS\n", Read(0, 100));
        Assert.Equal(2, _renders);
        _contents = "shorter\n"u8.ToArray();
        Assert.Equal("shorter\n", Read(0, 100));
        Assert.Equal((3, 8L), (_renders, _file.Size));
        Assert.Equal("er\n", Read(5, 100));
        Assert.Equal(3, _renders);
    }

    [Fact]
    public void A_read_at_the_start_after_one_elsewhere_takes_anew()
    {
        Open();
        Read(3, 2);
        Read(0, 2);
        Assert.Equal(2, _renders);
    }

    [Fact]
    public void An_error_at_open_is_opens_and_one_at_a_rewind_is_reads()
    {
        _errno = EPERM;
        Assert.Equal(EPERM, _file.Open(Fakes.Context(), Row(), new NodeId(1, 42)));
        _errno = 0;
        Open();
        Read(0, 100);
        _errno = ENOENT;
        Assert.Equal(ENOENT, _file.Read(Fakes.Request, 0, new byte[10], out int length));
        Assert.Equal(0, length);
        Assert.Equal("", Read(3, 10)); // half of what failed is not shown
    }

    [Fact]
    public void An_empty_file_is_empty()
    {
        _contents = [];
        Open();
        Assert.Equal("", Read(0, 10));
        Assert.Equal(0, _file.Size);
    }

    [Fact]
    public void Closed_it_is_used_again_and_holds_nothing()
    {
        ViewContext context = Fakes.Context();
        CapturedFile file = context.CapturedFiles.Rent();
        _contents = Fakes.Lines(1_000_000);
        Assert.Equal(0, file.Open(context, Row(), new NodeId(1, 42)));
        file.Close(context);
        Assert.Equal(0, file.Size);
        CapturedFile again = context.CapturedFiles.Rent();
        Assert.Same(file, again);
        _contents = "second\n"u8.ToArray();
        Assert.Equal(0, again.Open(context, Row(), new NodeId(2, 43)));
        Assert.Equal((7L, new NodeId(2, 43).Value, 43UL), (again.Size, again.Node, _key));
        Assert.Equal(0, again.Read(Fakes.Request, 0, new byte[10], out _));
        Assert.Equal(3, _renders + 1); // the first read after the second open was no rewind
    }

    private void Open() => Assert.Equal(0, _file.Open(Fakes.Context(), Row(), new NodeId(1, 42)));

    private FileRow Row() => new("file", Tier.Public, (_, key, to) =>
    {
        _renders++;
        _key = key;
        to.Append(_errno == 0 ? _contents : _contents.AsSpan(0, _contents.Length / 2));
        return _errno;
    });

    private string Read(long offset, int size)
    {
        byte[] buffer = new byte[size];
        Assert.Equal(0, _file.Read(Fakes.Request, offset, buffer, out int length));
        return System.Text.Encoding.ASCII.GetString(buffer, 0, length);
    }
}
