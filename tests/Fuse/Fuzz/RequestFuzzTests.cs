using System.Buffers.Binary;
using Support.Fuzz;

namespace Fuse.Tests.Fuzz;

/// <summary>Any bytes as a request: answered exactly once or deliberately not, never more than was asked for, nothing thrown, nothing hangs.</summary>
public sealed class RequestFuzzTests
{
    private readonly FuseRequests _requests = new("a", "hello", "..", "", "x/y", new string('n', 300), "\u00ff");
    private readonly RequestTarget _target = new();

    private string? FailureOf(byte[] request)
    {
        string? failure = _target.FailureOf(request, out int length);
        _requests.Learn(request, RequestTarget.Reply[..Math.Clamp(length, 0, RequestTarget.Reply.Length)]);
        return failure;
    }

    [Fact]
    public void Generated()
    {
        int rounds = Fuzzing.Rounds(200_000);
        HashSet<(uint, int, int)> seen = [];
        List<string> novel = [];
        int run = Fuzzing.Run(rounds, i => _requests.Make((Fuzzing.Seed * 1_000_003) + i), request =>
        {
            string? failure = FailureOf(request);
            uint opcode = request.Length >= 8 ? BinaryPrimitives.ReadUInt32LittleEndian(request.AsSpan(4)) : 0;
            if (failure is null && request.Length < 200 && seen.Add((Math.Min(opcode, 64), BinaryPrimitives.ReadInt32LittleEndian(RequestTarget.Reply[4..]), request.Length < 40 ? request.Length : 40)))
                novel.Add(Convert.ToHexStringLower(RequestTarget.Input(request)));
            return failure;
        });
        Assert.Equal(rounds, run);
        Assert.InRange(seen.Count, 100, 100_000); // it got somewhere
        if (Environment.GetEnvironmentVariable("BPFFS_FUZZ_RECORD") is { Length: > 0 } file) File.WriteAllLines(file, novel);
    }

    [Fact]
    public void Corpus()
    {
        byte[][] corpus = RequestTarget.Target.Corpus();
        Assert.Equal(corpus.Length, Fuzzing.Run(corpus.Length, i => corpus[i], RequestTarget.Target.FailureOf));
    }

    [Fact]
    public void A_failure_is_found_and_shrunk()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => Fuzzing.Run(100_000, i => _requests.Make(i), request => request.Length > 50 && request[4] == 15 ? "found" : null));
        Assert.Contains("found", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("input: 000000000f" + new string('0', 92), failure.Message, StringComparison.Ordinal); // 51 bytes
    }
}
