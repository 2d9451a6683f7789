using Microsoft.Extensions.Logging.Abstractions;
using Support.Fuzz;

namespace Fuse.Tests.Fuzz;

/// <summary>
/// Requests to a dispatcher without a mount, over a file system that lies. An input is a sequence of them: two bytes say how long each is, and the last ends where the input does.
/// </summary>
public sealed class RequestTarget
{
    private const int Prefix = 2;
    private static readonly byte[] s_room = new byte[(1 << 20) + 4096];
    private readonly FuseDispatcher _dispatcher = new(new HostileFileSystem(), NullLogger.Instance);

    /// <summary>The sequence, to a dispatcher of its own.</summary>
    public static FuzzTarget Target { get; } = new("requests", "tests/Fuse/Fuzz/requests.txt", input =>
    {
        RequestTarget target = new();
        for (int at = 0; at + Prefix <= input.Length;)
        {
            int length = Math.Min(BitConverter.ToUInt16(input, at), input.Length - at - Prefix);
            if (target.FailureOf(input.AsSpan(at + Prefix, length), out _) is { } failure) return failure;
            at += Prefix + length;
        }
        return null;
    });

    /// <summary>The answer to the last request.</summary>
    public static ReadOnlySpan<byte> Reply => s_room;

    /// <summary>An input of one request.</summary>
    public static byte[] Input(byte[] request) => [.. BitConverter.GetBytes((ushort)request.Length), .. request];

    /// <summary>Hands over one more request: answered exactly once or deliberately not, never more than was asked for.</summary>
    /// <param name="request">Any bytes.</param>
    /// <param name="length">Of the answer.</param>
    public string? FailureOf(ReadOnlySpan<byte> request, out int length)
    {
        length = _dispatcher.Dispatch(request, s_room);
        return FuseRequests.FailureOf(request, s_room, length);
    }
}
