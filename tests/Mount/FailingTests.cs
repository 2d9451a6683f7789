using System.Globalization;
using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>A listing in which one object fails, or goes, still lists the others.</summary>
public sealed class FailingTests
{
    [Fact]
    public void What_cannot_be_opened_has_a_row_that_says_so()
    {
        using BpfMap map = BpfMap.Create("f_map", MapType.Array, 4, 4, 1);
        // One worker and no other reader, so that which descriptors a read takes is known.
        using MountedView view = new(new ViewOptions { Arguments = ["-o", "workers=1"] });
        uint id = map.Id;
        foreach (string file in (string[])["maps.json", "maps.debug"])
        {
            string whole = view.Read(file);
            string limited = ReadWith(view, file, room: 1); // for the iterator, not for a map
            Assert.Contains("Too many open files", limited, StringComparison.Ordinal);
            if (file.EndsWith(".json", StringComparison.Ordinal))
            {
                using JsonDocument all = JsonDocument.Parse(whole), some = JsonDocument.Parse(limited);
                JsonElement failed = some.RootElement.EnumerateArray().Single(e => e.GetProperty("id").GetUInt32() == id);
                Assert.Equal("Too many open files", failed.GetProperty("error").GetString());
                Assert.Contains(all.RootElement.EnumerateArray(), e => e.GetProperty("id").GetUInt32() == id && !e.TryGetProperty("error", out _));
            }
            else
            {
                Assert.Contains(limited.Split('\n'), l => l.TrimStart().StartsWith($"{id} f_map", StringComparison.Ordinal) && l.EndsWith("error: Too many open files", StringComparison.Ordinal));
            }
            Assert.DoesNotContain("error", view.Read(file), StringComparison.Ordinal); // and nothing of it stays
        }
    }

    [Fact]
    public async Task Every_listing_is_whole_while_objects_come_and_go()
    {
        using Zoo zoo = new();
        using MountedView view = new();
        using CancellationTokenSource stop = new();
        Task churn = Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                using BpfMap map = BpfMap.Create("f_comes", MapType.Hash, 4, 4, 8);
                using BpfProgram program = BpfProgram.Load("f_comes", ProgramType.RawTracepoint, Use(map));
                using BpfLink link = program.AttachRawTracepoint("sched_process_exec");
            }
        });
        try
        {
            for (int i = 0; i < 100; i++)
            {
                foreach ((string file, IEnumerable<uint> wanted) in ((string, IEnumerable<uint>)[])
                    [("progs.json", zoo.Programs.Select(p => p.Id)), ("maps.json", zoo.Maps.Select(m => m.Id)), ("links.json", [zoo.Link.Id]), ("btf.json", [])])
                {
                    using JsonDocument json = JsonDocument.Parse(view.Read(file));
                    uint[] ids = [.. json.RootElement.EnumerateArray().Select(e => e.GetProperty("id").GetUInt32())];
                    Assert.Equal([], wanted.Except(ids));
                    Assert.DoesNotContain(json.RootElement.EnumerateArray(), e => e.TryGetProperty("error", out _)); // what is gone has no row
                }
                foreach ((string file, IEnumerable<uint> wanted) in ((string, IEnumerable<uint>)[])
                    [("progs.debug", zoo.Programs.Select(p => p.Id)), ("maps.debug", zoo.Maps.Select(m => m.Id)), ("links.debug", [zoo.Link.Id])])
                {
                    string[] ids = [.. view.Read(file).Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(l => l.TrimStart().Split(' ')[0])];
                    Assert.Equal([], wanted.Select(id => id.ToString(CultureInfo.InvariantCulture)).Except(ids));
                }
                Assert.Equal([], zoo.Programs.Where(p => !view.Read("graph.dot").Contains($"\tprog{p.Id} [", StringComparison.Ordinal)));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await churn;
        }
    }

    /// <summary>
    /// Reads a file while the server can open only so many descriptors more: those with the lowest free numbers, as the kernel gives them.
    /// </summary>
    private static string ReadWith(MountedView view, string file, int room)
    {
        HashSet<int> taken = [.. Directory.EnumerateFileSystemEntries($"/proc/{view.ProcessId}/fd").Select(f => int.Parse(Path.GetFileName(f), CultureInfo.InvariantCulture))];
        int limit = Enumerable.Range(0, int.MaxValue).Where(fd => !taken.Contains(fd)).ElementAt(room);
        string before = Tool.Run("prlimit", "--pid", $"{view.ProcessId}", "--nofile", "--noheadings", "--output", "SOFT").Succeeded().Output.Trim();
        Tool.Run("prlimit", "--pid", $"{view.ProcessId}", $"--nofile={limit}:").Succeeded();
        try
        {
            return view.Read(file);
        }
        finally
        {
            Tool.Run("prlimit", "--pid", $"{view.ProcessId}", $"--nofile={before}:").Succeeded();
        }
    }
}
