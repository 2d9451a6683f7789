using System.Runtime.InteropServices;
using System.Text;
using Fuse.Sample;
using static Tmds.Linux.LibC;

namespace Fuse.Tests;

/// <summary>What the dispatcher answers, byte for byte, without a mount.</summary>
public sealed class DispatcherTests
{
    private static readonly string[] s_modifying =
    [
        "SETATTR", "SYMLINK", "MKNOD", "MKDIR", "UNLINK", "RMDIR", "RENAME", "LINK", "WRITE", "SETXATTR", "REMOVEXATTR", "CREATE",
        "FALLOCATE", "RENAME2", "COPY_FILE_RANGE", "SETUPMAPPING", "TMPFILE", "COPY_FILE_RANGE_64",
    ];

    private readonly Wire _wire = new();

    private static uint Code(string name) => OpcodeTable.All.Single(o => o.Name == name).Code;

    [Fact]
    public void Every_opcode_with_every_length_is_answered_once()
    {
        Random random = new(1);
        byte[] body = new byte[256];
        for (uint opcode = 0; opcode < 80; opcode++)
        {
            for (int length = 0; length < 256; length++)
            {
                random.NextBytes(body);
                int reply = _wire.Send(opcode, (ulong)random.Next(12), body.AsSpan(0, length), (ulong)(length + 2));
                if (opcode is 2 or 41 or 42) Assert.Equal(0, reply);
                else _wire.Errno(reply, (ulong)(length + 2));
            }
        }
    }

    [Fact]
    public void A_body_that_is_too_short_is_EINVAL()
    {
        foreach (Opcode opcode in OpcodeTable.All.Where(o => o.HasReply && o.MinBody > 0))
        {
            Assert.Equal(EINVAL, _wire.Errno(_wire.Send(opcode.Code, 1, new byte[opcode.MinBody - 1])));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(15, 0)]
    [InlineData(16, 16)]
    [InlineData(39, 16)]
    public void A_truncated_header_is_answered_if_it_has_a_number(int length, int expected)
    {
        byte[] request = new byte[length];
        if (length > 8) request[8] = 7;
        Assert.Equal(expected, _wire.Dispatcher.Dispatch(request, new byte[4096]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(41)]
    [InlineData(1 << 20)]
    public void A_length_that_is_not_the_request_s_is_EINVAL(int claimed) =>
        Assert.Equal(EINVAL, _wire.Errno(_wire.Send(Code("LOOKUP"), 1, "hello\0"u8, claimedLength: claimed)));

    [Fact]
    public void Modifying_is_EROFS()
    {
        foreach (string name in s_modifying) Assert.Equal(EROFS, _wire.Errno(_wire.Send(Code(name), 1, new byte[200])));
    }

    [Theory]
    [InlineData(1)] // O_WRONLY
    [InlineData(2)] // O_RDWR
    [InlineData(512)] // O_TRUNC
    public void Opening_for_writing_is_EROFS(uint flags) =>
        Assert.Equal(EROFS, _wire.Errno(_wire.Send(Code("OPEN"), 10, new fuse_open_in { flags = flags })));

    [Fact]
    public void Unknown_is_ENOSYS()
    {
        foreach (uint opcode in (uint[])[0, 7, 19, 54, 63, 64, 4096, uint.MaxValue])
        {
            Assert.Equal(ENOSYS, _wire.Errno(_wire.Send(opcode, 1, new byte[64])));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("\0hello\0")]
    public void A_name_without_end_or_beginning_is_EINVAL(string body) =>
        Assert.Equal(EINVAL, _wire.Errno(_wire.Send(Code("LOOKUP"), 1, Encoding.ASCII.GetBytes(body))));

    [Fact]
    public void Lookup_open_read_release()
    {
        SampleTree tree = new();
        Wire wire = new(tree);
        Assert.Equal(0, wire.Errno(wire.Send(Code("LOOKUP"), 1, "hello\0"u8)));
        fuse_entry_out entry = wire.Payload<fuse_entry_out>();
        Assert.Equal(13UL, entry.attr.size);
        Assert.Equal(0, wire.Errno(wire.Send(Code("OPEN"), entry.nodeid, new fuse_open_in())));
        ulong handle = wire.Payload<fuse_open_out>().fh;
        int length = wire.Send(Code("READ"), entry.nodeid, new fuse_read_in { fh = handle, offset = 7, size = 100 });
        Assert.Equal("world\n", Encoding.ASCII.GetString(wire.LastReply[16..length]));
        Assert.Equal(1, tree.OpenCount);
        Assert.Equal(0, wire.Errno(wire.Send(Code("RELEASE"), entry.nodeid, new fuse_release_in { fh = handle })));
        Assert.Equal(0, tree.OpenCount);
        Assert.Equal(EBADF, wire.Errno(wire.Send(Code("READ"), entry.nodeid, new fuse_read_in { fh = handle, size = 100 })));
    }

    [Theory]
    [InlineData("throw")]
    [InlineData("overflow")]
    public void A_failing_file_system_is_EIO(string name)
    {
        _wire.Send(Code("LOOKUP"), 1, Encoding.ASCII.GetBytes(name + "\0"));
        ulong node = _wire.Payload<fuse_entry_out>().nodeid;
        _wire.Send(Code("OPEN"), node, new fuse_open_in());
        fuse_read_in read = new() { fh = _wire.Payload<fuse_open_out>().fh, size = 4096 };
        Assert.Equal(EIO, _wire.Errno(_wire.Send(Code("READ"), node, read)));
        Assert.Contains(_wire.Dispatcher.Counts, c => c is { Name: "READ", Requests: 1, Errors: 1 });
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(-5)]
    [InlineData(512)]
    [InlineData(int.MinValue)]
    public void What_is_no_errno_is_EIO(int errno)
    {
        Wire wire = new(new ReturnsErrno(errno));
        Assert.Equal(EIO, wire.Errno(wire.Send(Code("LOOKUP"), 1, "x\0"u8)));
    }

    [Fact]
    public void Any_errno_goes_through()
    {
        for (int errno = 1; errno < 512; errno++)
        {
            Wire wire = new(new ReturnsErrno(errno));
            Assert.Equal(errno, wire.Errno(wire.Send(Code("LOOKUP"), 1, "x\0"u8)));
        }
    }

    [Fact]
    public void An_interrupt_of_nobody_is_EAGAIN() =>
        Assert.Equal(EAGAIN, _wire.Errno(_wire.Send(Code("INTERRUPT"), 0, new fuse_interrupt_in { unique = 12 }, unique: 13), 13));

    [Fact]
    public void Forgets_reach_the_file_system_one_by_one()
    {
        Forgetful tree = new();
        Wire wire = new(tree);
        Assert.Equal(0, wire.Send(Code("FORGET"), 5, new fuse_forget_in { nlookup = 3 }));
        ulong[] batch = [2, 6, 1, 7, 2]; // count and dummy, then pairs
        Assert.Equal(0, wire.Send(Code("BATCH_FORGET"), 0, MemoryMarshal.AsBytes<ulong>(batch)));
        Assert.Equal([(5, 3), (6, 1), (7, 2)], tree.Forgotten);
        batch[0] = uint.MaxValue; // claims more than it brings
        wire.Send(Code("BATCH_FORGET"), 0, MemoryMarshal.AsBytes<ulong>(batch));
        Assert.Equal(5, tree.Forgotten.Count);
    }

    [Fact]
    public void Destroy_comes_once()
    {
        Forgetful tree = new();
        Wire wire = new(tree);
        for (int i = 0; i < 3; i++) Assert.Equal(0, wire.Errno(wire.Send(Code("DESTROY"), 0, [])));
        Assert.Equal(1, tree.Destroyed);
    }

    private sealed class ReturnsErrno(int errno) : FileSystem
    {
        public override int Lookup(in Request request, ulong parent, ReadOnlySpan<byte> name, ref fuse_entry_out entry) => errno;
    }

    private sealed class Forgetful : FileSystem
    {
        internal List<(int Node, int Count)> Forgotten { get; } = [];

        internal int Destroyed { get; private set; }

        public override void Forget(ulong node, ulong count) => Forgotten.Add(((int)node, (int)count));

        public override void Destroy() => Destroyed++;
    }
}
