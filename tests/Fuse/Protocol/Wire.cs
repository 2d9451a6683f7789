using System.Runtime.InteropServices;
using Fuse.Sample;
using Microsoft.Extensions.Logging.Abstractions;

namespace Fuse.Tests;

/// <summary>Requests made by hand, and a dispatcher that answers them without a mount.</summary>
internal sealed class Wire
{
    private const int HeaderSize = 40;
    private readonly byte[] _request = new byte[1 << 16];
    private readonly byte[] _reply = new byte[2 << 20];

    internal Wire(FileSystem? fileSystem = null) =>
        Dispatcher = new FuseDispatcher(fileSystem ?? new SampleTree(), NullLogger.Instance);

    internal FuseDispatcher Dispatcher { get; }

    internal Span<byte> LastReply => _reply;

    /// <summary>The length of the reply, 0 for none.</summary>
    internal int Send(uint opcode, ulong node, ReadOnlySpan<byte> body, ulong unique = 2, int claimedLength = -1)
    {
        int length = HeaderSize + body.Length;
        fuse_in_header header = new()
        {
            len = (uint)(claimedLength < 0 ? length : claimedLength),
            opcode = opcode,
            unique = unique,
            nodeid = node,
        };
        MemoryMarshal.Write(_request, header);
        body.CopyTo(_request.AsSpan(HeaderSize));
        return Dispatcher.Dispatch(_request.AsSpan(0, length), _reply);
    }

    internal int Send<T>(uint opcode, ulong node, T body, ulong unique = 2) where T : unmanaged =>
        Send(opcode, node, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in body)), unique);

    /// <summary>The positive errno of a request that must have exactly one whole reply.</summary>
    internal int Errno(int replyLength, ulong unique = 2)
    {
        fuse_out_header header = MemoryMarshal.Read<fuse_out_header>(_reply);
        Assert.Equal((uint)replyLength, header.len);
        Assert.Equal(unique, header.unique);
        Assert.InRange(header.error, -511, 0);
        if (header.error != 0) Assert.Equal(16, replyLength);
        return -header.error;
    }

    internal T Payload<T>() where T : unmanaged => MemoryMarshal.Read<T>(_reply.AsSpan(16));
}
