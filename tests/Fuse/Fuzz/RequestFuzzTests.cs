using System.Buffers.Binary;
using Support;
using Support.Fuzz;

namespace Fuse.Tests.Fuzz;

/// <summary>Any bytes as a request: answered exactly once or deliberately not, never more than was asked for, nothing thrown, nothing hangs.</summary>
public sealed class RequestFuzzTests
{
    private static readonly string s_corpus = Path.Combine(ViewBinary.Repository(), "tests/Fuse/Fuzz/requests.txt");
    private readonly FuseRequests _requests = new("a", "hello", "..", "", "x/y", new string('n', 300), "\u00ff");
    private readonly Wire _wire = new(new HostileFileSystem());
    private readonly byte[] _room = new byte[(1 << 20) + 4096];

    private string? FailureOf(byte[] request)
    {
        int length = _wire.Dispatcher.Dispatch(request, _room);
        _requests.Learn(request, _room.AsSpan(0, length));
        return FuseRequests.FailureOf(request, _room, length);
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
            if (failure is null && request.Length < 200 && seen.Add((Math.Min(opcode, 64), BinaryPrimitives.ReadInt32LittleEndian(_room.AsSpan(4)), request.Length < 40 ? request.Length : 40)))
                novel.Add(Convert.ToHexStringLower(request));
            return failure;
        });
        Assert.Equal(rounds, run);
        Assert.InRange(seen.Count, 100, 100_000); // it got somewhere
        if (Environment.GetEnvironmentVariable("BPFFS_FUZZ_RECORD") is { Length: > 0 } file) File.WriteAllLines(file, novel);
    }

    [Fact]
    public void Corpus()
    {
        byte[][] corpus = Fuzzing.Corpus(s_corpus);
        Assert.Equal(corpus.Length, Fuzzing.Run(corpus.Length, i => corpus[i], FailureOf));
    }

    [Fact]
    public void A_failure_is_found_and_shrunk()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => Fuzzing.Run(100_000, i => _requests.Make(i), request => request.Length > 50 && request[4] == 15 ? "found" : null));
        Assert.Contains("found", failure.Message, StringComparison.Ordinal);
        Assert.EndsWith("input: 000000000f" + new string('0', 92), failure.Message, StringComparison.Ordinal); // 51 bytes
    }
}
