using BpfFs.View;
using Fuse;
using Iterators;
using Microsoft.Extensions.Logging.Abstractions;
using Support.Fuzz;

namespace BpfFs.Tests.Fuzz;

/// <summary>Any bytes as a request to the view itself, over the kernel's real objects, without a mount: answered once, and nothing stays open.</summary>
public sealed class ViewFuzzTests
{
    private static readonly string[] s_names =
        ["progs", "maps", "links", "btf", "pids", "net", "tasks", "kernel", "iter", "status", "README", "progs.debug", "maps.json", "graph.dot", "info", "json", "entries", "entries.json", "by-name", "by-type",
            "xlated", "source", "attached", "memory", "stats", "pinned", "name", "id", "tcp", "unix.json", "hash", "array", "xdp", "files", "vmas", "c", "links.debug", "..", ".", "x"];

    [RootFact]
    public void Requests()
    {
        int rounds = Fuzzing.Rounds(4000);
        using IteratorSet iterators = IteratorSet.Load(new IteratorSetOptions(), NullLogger.Instance);
        var view = new ViewFileSystem(ViewTable.Build(iterators), new ViewContext(iterators, NullLogger.Instance), new ViewOptions());
        var dispatcher = new FuseDispatcher(view, NullLogger.Instance);
        FuseRequests requests = new(s_names);
        byte[] room = new byte[(1 << 20) + 4096];

        string? FailureOf(byte[] request)
        {
            int length = dispatcher.Dispatch(request, room);
            requests.Learn(request, room.AsSpan(0, length));
            string? failure = FuseRequests.FailureOf(request, room, length);
            if (requests.Open.Count > 200) CloseAll();
            return failure;
        }

        void CloseAll()
        {
            foreach ((uint release, ulong node, ulong handle) in requests.Open) dispatcher.Dispatch(FuseRequests.Of(release, node, [.. BitConverter.GetBytes(handle), .. new byte[16]], 2), room);
            requests.Open.Clear();
        }

        Assert.Equal(rounds, Fuzzing.Run(rounds, i => requests.Make((Fuzzing.Seed * 1_000_003) + i), FailureOf));
        CloseAll();
        Assert.Equal((0, 0), (view.OpenFileCount, view.OpenDirectoryCount));
        Assert.DoesNotContain(view.Context.Errors.Last(), e => e.Contains("Input/output", StringComparison.Ordinal)); // ESRCH: askers were made up, too
    }
}
