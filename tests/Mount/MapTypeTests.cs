using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using static Support.Instructions;

namespace Mount.Tests;

/// <summary>
/// The entries of a map of every type: those that can be read are what bpftool reads, of the others a line says why not.
/// </summary>
public sealed class MapTypeTests(PlainView view) : IClassFixture<PlainView>
{
    private const MapType Xskmap = (MapType)17, ReuseportSockarray = (MapType)20, UserRingbuf = (MapType)31, Arena = (MapType)33;
    private const uint Mmapable = 1 << 10;

    [Fact]
    public void Lpm_trie()
    {
        using BpfMap map = BpfMap.Create("t_lpm", MapType.LpmTrie, 8, 8, 10, BpfMap.NoPrealloc);
        map.Update([8, 0, 0, 0, 10, 0, 0, 0], BitConverter.GetBytes(1UL));
        map.Update([24, 0, 0, 0, 10, 1, 2, 0], BitConverter.GetBytes(2UL));
        SameAsBpftool(map, 2);
        Assert.Equal("2\n", File.ReadAllText(view.Of(map, "elem_count")));
    }

    [Theory]
    [InlineData(MapType.Devmap)]
    [InlineData(MapType.DevmapHash)]
    public void Device_maps(MapType type)
    {
        using BpfMap map = BpfMap.Create("t_dev", type, 4, 8, 4);
        map.Update(BitConverter.GetBytes(2), BitConverter.GetBytes(1UL)); // to lo, without a program
        SameAsBpftool(map, 1);
        Assert.Equal("02 00 00 00\t01 00 00 00 00 00 00 00\n", File.ReadAllText(view.Of(map, "entries")));
        if (type == MapType.DevmapHash) Assert.Equal("1\n", File.ReadAllText(view.Of(map, "elem_count")));
    }

    [Fact]
    public void Cpu_map()
    {
        using BpfMap map = BpfMap.Create("t_cpu", MapType.Cpumap, 4, 8, 2);
        map.Update(BitConverter.GetBytes(0), BitConverter.GetBytes(192UL)); // a queue of 192 packets
        SameAsBpftool(map, 1);
    }

    [Theory]
    [InlineData(MapType.Sockmap)]
    [InlineData(MapType.Sockhash)]
    public void Maps_of_sockets_have_their_cookies(MapType type)
    {
        using Socket socket = Bound();
        using BpfMap map = BpfMap.Create("t_sock", type, 4, 8, 4);
        map.Update(BitConverter.GetBytes(1), BitConverter.GetBytes((ulong)socket.Handle));
        Assert.Matches($"\"cookie\":{Cookie(socket)}[,}}]", File.ReadAllText(view.Of(map, "entries")));
        SameAsBpftool(map, 1);
        if (type == MapType.Sockhash) Assert.Equal("1\n", File.ReadAllText(view.Of(map, "elem_count")));
    }

    [Fact]
    public void Reuseport_array_has_cookies()
    {
        using BpfMap map = BpfMap.Create("t_reuse", ReuseportSockarray, 4, 8, 4), narrow = BpfMap.Create("t_reuse4", ReuseportSockarray, 4, 4, 4);
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.SetRawSocketOption(1, 15, BitConverter.GetBytes(1)); // SOL_SOCKET, SO_REUSEPORT
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        map.Update(BitConverter.GetBytes(1), BitConverter.GetBytes((ulong)socket.Handle));
        SameAsBpftool(map, 1);
        Assert.Equal(Cookie(socket), ValueOf(map));
        Says(narrow, "8 bytes");
    }

    [Theory]
    [InlineData(MapType.Queue, 11)]
    [InlineData(MapType.Stack, 33)]
    public void Queues_show_the_next_and_keep_it(MapType type, int next)
    {
        using BpfMap map = BpfMap.Create("t_queue", type, 0, 4, 8);
        Assert.Equal("", File.ReadAllText(view.Of(map, "entries")));
        Assert.Equal("0\n", File.ReadAllText(view.Of(map, "elem_count")));
        foreach (int value in (int[])[11, 22, 33]) map.Update([], BitConverter.GetBytes(value));
        for (int i = 0; i < 3; i++) Assert.Equal($"\t{next:x2} 00 00 00\n", File.ReadAllText(view.Of(map, "entries")));
        Assert.Equal("3\n", File.ReadAllText(view.Of(map, "elem_count")));
    }

    [Fact]
    public void A_queue_that_went_around_is_counted()
    {
        using BpfMap map = BpfMap.Create("t_around", MapType.Queue, 0, 4, 3);
        for (int value = 0; value < 7; value++)
        {
            Assert.Equal(0, map.TryUpdate([], BitConverter.GetBytes(value)));
            Assert.Equal("1\n", File.ReadAllText(view.Of(map, "elem_count")));
            map.TakeNext();
        }
        Assert.Equal("0\n", File.ReadAllText(view.Of(map, "elem_count")));
    }

    [Fact]
    public void Programs_and_maps_in_maps_have_names()
    {
        using BpfMap tail = BpfMap.Create("t_tail", MapType.ProgArray, 4, 4, 4), inner = BpfMap.Create("t_inner", MapType.Array, 4, 8, 1);
        using BpfMap outer = BpfMap.Create("t_outer", MapType.ArrayOfMaps, 4, 4, 3, inner: inner), outerHash = BpfMap.Create("t_outerh", MapType.HashOfMaps, 4, 4, 3, inner: inner);
        using BpfProgram caller = BpfProgram.Load("t_caller", ProgramType.Xdp, [.. LoadMap(2, tail), Set(3, 0), Call(12), .. Return(2)]);
        using BpfProgram called = BpfProgram.Load("t_called", ProgramType.Xdp);
        tail.Update(BitConverter.GetBytes(3), BitConverter.GetBytes(called.Fd));
        outer.Update(BitConverter.GetBytes(2), BitConverter.GetBytes(inner.Fd));
        outerHash.Update(BitConverter.GetBytes(99), BitConverter.GetBytes(inner.Fd));
        Assert.Equal($"03 00 00 00\tprog {called.Id} t_called\n", File.ReadAllText(view.Of(tail, "entries")));
        Assert.Equal($"02 00 00 00\tmap {inner.Id} t_inner\n", File.ReadAllText(view.Of(outer, "entries")));
        Assert.Equal($"63 00 00 00\tmap {inner.Id} t_inner\n", File.ReadAllText(view.Of(outerHash, "entries")));
        Assert.All((BpfMap[])[tail, outer, outerHash], map => SameAsBpftool(map, 1));
        Assert.Equal("array\n", File.ReadAllText(view.Of(outer, "inner_type")));
    }

    [Theory]
    [InlineData(MapType.PercpuHash, 12)]
    [InlineData(MapType.PercpuArray, 5)]
    public void Values_of_CPUs_that_fill_no_words(MapType type, int valueSize)
    {
        using BpfMap map = BpfMap.Create("t_odd", type, 4, valueSize, 1);
        byte[] values = new byte[(valueSize + 7) / 8 * 8 * BpfMap.PossibleCpus];
        values.AsSpan().Fill(0xa5); // what is behind a value, too
        map.Update(BitConverter.GetBytes(0), values);
        SameAsBpftool(map, 1);
    }

    [Fact]
    public void Cgroup_storage()
    {
        Assert.NotNull(Mounts.Cgroup2);
        using BtfObject storage = new("storage");
        string cgroup = Directory.CreateDirectory(Path.Combine(Mounts.Cgroup2, $"bpffs-view-t-{Environment.ProcessId}")).FullName;
        string[] attach = [cgroup, "egress", "id", $"{storage.ProgramId("count_egress")}"];
        try
        {
            Tool.Run("bpftool", ["cgroup", "attach", .. attach]).Succeeded();
            try
            {
                using BpfMap all = storage.Map("of_attachments", (MapType)19, 16, 8), percpu = storage.Map("of_attachments_percpu", (MapType)21, 8, 8);
                SameAsBpftool(all, 1);
                SameAsBpftool(percpu, 1);
                Assert.Contains("{\"packets\":0,\"bytes\":0}", File.ReadAllText(view.Of(all, "entries")), StringComparison.Ordinal);
            }
            finally
            {
                Tool.Run("bpftool", ["cgroup", "detach", .. attach]);
            }
        }
        finally
        {
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public void Local_storage_says_whose_it_is()
    {
        using BtfObject storage = new("storage");
        using BpfMap sockets = storage.Map("of_sockets", (MapType)24, 4, 8), tasks = storage.Map("of_tasks", (MapType)29, 4, 8);
        if (KernelRefuses.Iterator("bpf_sk_storage_map") is null) Assert.Equal("", File.ReadAllText(view.Of(sockets, "entries"))); // it can be read, and no socket has one
        else Says(sockets, "sockets");
        Says(tasks, "tasks");
        if (KernelNames.Lacks("BPF_MAP_TYPE_CGRP_STORAGE", "6.2")) return;
        using BpfMap cgroups = storage.Map("of_cgroups", (MapType)32, 4, 8);
        Says(cgroups, "cgroups");
    }

    [Fact]
    public void What_cannot_be_read_says_why()
    {
        foreach ((MapType type, int key, int value, int entries, uint flags, string word) in ((MapType, int, int, int, uint, string)[])
            [
                (MapType.Ringbuf, 0, 0, 4096, 0, "consumes"), (UserRingbuf, 0, 0, 4096, 0, "consumes"), (MapType.BloomFilter, 0, 4, 10, 0, "bloom"),
                (MapType.StackTrace, 4, 16, 4, 0, "addresses"), (MapType.PerfEventArray, 4, 4, 2, 0, "perf"), (MapType.CgroupArray, 4, 4, 2, 0, "cgroups"),
                (Xskmap, 4, 4, 2, 0, "AF_XDP"), (Arena, 0, 0, 1, Mmapable, "arena"),
            ])
        {
            if (type == Arena && KernelNames.Lacks("BPF_MAP_TYPE_ARENA", "6.9")) continue;
            using BpfMap map = BpfMap.Create("t_not", type, key, value, entries, flags);
            Says(map, word);
        }
    }

    [Fact]
    public void A_ring_buffer_tells_its_fill()
    {
        using BpfMap ring = BpfMap.Create("t_ring", MapType.Ringbuf, 0, 0, 4096);
        Assert.Equal("0\n", File.ReadAllText(view.Of(ring, "ring_producer_pos")));
        // bpf_ringbuf_output(ring, stack, 8, 0): a header of 8 bytes goes before
        using BpfProgram writer = BpfProgram.Load("t_writer", ProgramType.RawTracepoint,
            [Store(10, -8, 7), .. LoadMap(1, ring), Copy(2, 10), Add(2, -8), Set(3, 8), Set(4, 0), Call(130), .. Return()]);
        writer.Run();
        writer.Run();
        Assert.Equal("32\n", File.ReadAllText(view.Of(ring, "ring_producer_pos")));
        Assert.Equal("0\n", File.ReadAllText(view.Of(ring, "ring_consumer_pos")));
    }

    [Fact]
    public void Values_of_every_kind_equal_bpftools()
    {
        using BtfObject btf = new("values");
        using BpfMap everything = btf.Map("everything_map", MapType.Hash, 8, 96), percpu = btf.Map("per_cpu", MapType.PercpuHash, 4, 8), numbers = btf.Map("numbers", MapType.Array, 4, 8);
        Random random = new(3);
        byte[] value = new byte[96];
        for (int i = 0; i < 8; i++)
        {
            random.NextBytes(value);
            BinaryPrimitives.WriteInt64LittleEndian(value.AsSpan(16), 0x0000_0064_6362_6101); // yes, letter, text: bpftool's text is its own
            BinaryPrimitives.WriteInt16LittleEndian(value.AsSpan(24), 0);
            everything.Update(BitConverter.GetBytes((ulong)i), value);
        }
        byte[] values = new byte[8 * BpfMap.PossibleCpus];
        random.NextBytes(values);
        percpu.Update(BitConverter.GetBytes(3), values);
        numbers.Update(1, ulong.MaxValue);
        SameAsBpftool(everything, 8);
        SameAsBpftool(percpu, 1);
        SameAsBpftool(numbers, 4);
    }

    /// <summary>entries.json is what bpftool prints, less the places that it has an error for; and entries has as many lines.</summary>
    private void SameAsBpftool(BpfMap map, int count)
    {
        JsonElement[] wanted = [.. JsonDocument.Parse(Tool.Run("bpftool", "-j", "map", "dump", "id", $"{map.Id}").Output).RootElement.EnumerateArray().Where(e => !IsError(e))];
        JsonElement[] got = [.. JsonDocument.Parse(File.ReadAllBytes(view.Of(map, "entries.json"))).RootElement.EnumerateArray()];
        Assert.Equal(count, got.Length);
        Assert.Equal(wanted.Select(e => e.GetRawText()).Order(StringComparer.Ordinal), got.Select(e => e.GetRawText()).Order(StringComparer.Ordinal));
        Assert.Equal(count, File.ReadAllLines(view.Of(map, "entries")).Length);
    }

    private static bool IsError(JsonElement element) =>
        element.TryGetProperty("value", out JsonElement value) && value.ValueKind == JsonValueKind.Object && value.TryGetProperty("error", out _);

    private void Says(BpfMap map, string word)
    {
        string line = Assert.Single(File.ReadAllLines(view.Of(map, "entries")));
        Assert.StartsWith("# ", line, StringComparison.Ordinal);
        Assert.Contains(word, line, StringComparison.Ordinal);
        Assert.False(File.Exists(view.Of(map, "entries.json")));
    }

    private ulong ValueOf(BpfMap map)
    {
        string hex = Assert.Single(File.ReadAllLines(view.Of(map, "entries"))).Split('\t')[1];
        return MemoryMarshal.Read<ulong>(Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
    }

    private static ulong Cookie(Socket socket)
    {
        byte[] cookie = new byte[8];
        Assert.Equal(8, socket.GetRawSocketOption(1, 57, cookie)); // SOL_SOCKET, SO_COOKIE
        return MemoryMarshal.Read<ulong>(cookie);
    }

    private static Socket Bound()
    {
        Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        socket.Listen();
        return socket;
    }
}
