using System.Runtime.InteropServices;
using System.Text;
using Support;
using LibC = Tmds.Linux.LibC;

namespace Iterators.Tests;

public sealed class OneObjectTests(LoadedSet loaded) : IClassFixture<LoadedSet>
{
    private IteratorSet Set => loaded.Set;

    [RootFact]
    public void No_such_object_is_ENOENT()
    {
        foreach (uint id in (uint[])[0, uint.MaxValue - 1, uint.MaxValue])
        {
            Assert.Equal(LibC.ENOENT, Set.One.ReadProg(id, out _, out _));
            Assert.Equal(LibC.ENOENT, Set.One.ReadProgMaps(id, out _));
            Assert.Equal(LibC.ENOENT, Set.One.ReadMap(id, out _));
            Assert.Equal(LibC.ENOENT, Set.One.ReadLink(id, out _, out _, new byte[64]));
            Assert.Equal(LibC.ENOENT, ElementReader.Open(Set, id, out _));
        }
    }

    [RootFact]
    public void A_freed_object_is_ENOENT()
    {
        uint id;
        using (BpfMap map = BpfMap.Create("freed", Support.MapType.Array, 4, 4, 1)) id = map.Id;
        Assert.True(Poll.Until(() => Set.One.ReadMap(id, out _) == LibC.ENOENT));
    }

    [RootFact]
    public void Without_capabilities_it_is_EPERM()
    {
        using BpfProgram program = BpfProgram.Load("eperm");
        IteratorSet set = Set;
        Native.OnThreadOfItsOwn(() =>
        {
            Assert.Equal(0, set.One.ReadProg(program.Id, out _, out _));
            Native.DropCapabilities();
            Assert.Equal(LibC.EPERM, set.One.ReadProg(program.Id, out _, out _));
            Assert.Equal(LibC.EPERM, set.One.ReadMap(1, out _));
            Assert.Equal(LibC.EPERM, set.One.ReadLink(1, out _, out _, new byte[64]));
            Assert.Equal(LibC.EPERM, ElementReader.Open(set, 1, out _));
            // what is open stays readable
            using Fd fd = set.Progs!.Create();
            var reader = new RecordReader<prog_record>(fd, new byte[64 * 1024]);
            Assert.True(reader.MoveNext());
        });
    }

    [RootFact]
    public void Out_of_descriptors_it_is_EMFILE_and_nothing_is_lost()
    {
        using BpfProgram program = BpfProgram.Load("emfile");
        IteratorSet set = Set;
        _ = set.One.ReadProg(program.Id, out _, out _);
        int errno, other;
        using (Native.NoMoreDescriptors())
        {
            errno = set.One.ReadProg(program.Id, out _, out _);
            other = set.Progs!.Create().Errno;
        }
        Assert.Equal((LibC.EMFILE, LibC.EMFILE), (errno, other));
        Assert.Equal(0, set.One.ReadProg(program.Id, out _, out _));
    }

    [RootFact]
    public void The_iterators_records_are_those_of_one_object_and_of_bpf_2()
    {
        using Zoo zoo = new();
        HashSet<uint> ours = [.. zoo.Programs.Select(p => p.Id), zoo.Btf.ProgramId("a_function_with_a_very_long_name")], seen = [];
        using Fd fd = Set.Progs!.Create();
        var reader = new RecordReader<prog_record>(fd, new byte[64 * 1024]);
        uint last = 0;
        while (reader.MoveNext())
        {
            prog_record r = reader.Current;
            Assert.True(r.id > last);
            last = r.id;
            if (!ours.Contains(r.id)) continue;
            seen.Add(r.id);
            AssertIsProgram(r);
        }
        Assert.Equal(0, reader.Errno);
        Assert.Equal(ours, seen);
    }

    private void AssertIsProgram(prog_record r)
    {
        Assert.Equal(0, Set.One.ReadProg(r.id, out one_prog_record one, out one_prog_maps_record maps));
        prog_record same = one.prog;
        r.refcnt = same.refcnt = 0; // the descriptor by which it was read counts
        Assert.True(BytesOf(r).SequenceEqual(BytesOf(same)), $"program {r.id}");

        BpfInfo info = BpfInfo.OfProgram(r.id)!;
        Assert.Equal((info.U32(0), info.U32(4)), (r.type, r.id));
        Assert.True(info.Bytes(8, 8).SequenceEqual(r.tag));
        Assert.Equal((info.U32(16), info.U32(20), info.U64(40), info.U32(48)), (r.bytes_jited, r.bytes_xlated, r.load_time, r.uid));
        Assert.StartsWith(info.Text(64, 16), Encoding.ASCII.GetString(r.name.Text), StringComparison.Ordinal);
        Assert.Equal((info.U32(84) & 1) != 0, ((prog_flags)r.flags & prog_flags.PROG_GPL_COMPATIBLE) != 0);
        Assert.Equal((info.U32(128), info.U32(148), info.U32(216), info.U32(224)), (r.btf_id, r.line_info_cnt, r.verified_insns, r.attach_btf_id));
        Assert.Equal(info.MapIds, ((ReadOnlySpan<uint>)maps.map_ids)[..(int)maps.cnt].ToArray());
        Assert.Equal(info.MapIds.Length, (int)r.used_map_cnt);
        Assert.Equal(0, Set.One.ReadProgMaps(r.id, out one_prog_maps_record again));
        Assert.Equal(info.MapIds, ((ReadOnlySpan<uint>)again.map_ids)[..(int)again.cnt].ToArray());
    }

    [RootFact]
    public void Rows_and_edges_agree_with_the_records()
    {
        using Zoo zoo = new();
        var programs = new Dictionary<uint, prog_record>();
        using Fd progs = Set.Progs!.Create(), rows = Set.ProgRows!.Create(), edges = Set.ProgMaps!.Create();
        var reader = new RecordReader<prog_record>(progs, new byte[64 * 1024]);
        while (reader.MoveNext()) programs.Add(reader.Current.id, reader.Current);
        int found = 0;
        var rowReader = new RecordReader<prog_row_record>(rows, new byte[64 * 1024]);
        while (rowReader.MoveNext())
        {
            if (!programs.TryGetValue(rowReader.Current.id, out prog_record p)) continue;
            prog_row_record r = rowReader.Current;
            Assert.Equal((p.load_time, p.type, p.pages, p.target_prog_id), (r.load_time, r.type, r.pages, r.target_prog_id));
            Assert.True(p.tag[..].SequenceEqual(r.tag[..]) && p.name.Text.SequenceEqual(r.name.Text) && p.attach_func.Text.SequenceEqual(r.attach_func.Text));
            found++;
        }
        Assert.True(found >= zoo.Programs.Count());
        var used = new List<(uint Program, uint Map)>();
        var edgeReader = new RecordReader<prog_map_record>(edges, new byte[64 * 1024]);
        while (edgeReader.MoveNext()) used.Add((edgeReader.Current.prog_id, edgeReader.Current.map_id));
        Assert.Equal(used.Select(e => e.Program).Order(), used.Select(e => e.Program));
        foreach (BpfProgram program in zoo.Programs)
            Assert.Equal(BpfInfo.OfProgram(program.Id)!.MapIds, used.Where(e => e.Program == program.Id).Select(e => e.Map));
    }

    [RootFact]
    public void The_records_of_maps_are_those_of_one_map_and_of_bpf_2()
    {
        using Zoo zoo = new();
        Dictionary<uint, BpfMap> ours = zoo.Maps.ToDictionary(m => m.Id);
        HashSet<uint> seen = [];
        using Fd fd = Set.Maps!.Create();
        var reader = new RecordReader<map_record>(fd, new byte[64 * 1024]);
        while (reader.MoveNext())
        {
            map_record r = reader.Current;
            if (!ours.TryGetValue(r.id, out BpfMap? map)) continue;
            seen.Add(r.id);
            Assert.Equal(0, Set.One.ReadMap(r.id, out one_map_record one));
            map_record same = one.map;
            r.refcnt = same.refcnt = r.usercnt = same.usercnt = 0; // the descriptor by which it was read counts
            Assert.True(BytesOf(r).SequenceEqual(BytesOf(same)), map.Name);

            BpfInfo info = BpfInfo.OfMap(r.id)!;
            Assert.Equal((info.U32(0), info.U32(4), info.U32(8), info.U32(12)), (r.type, r.id, r.key_size, r.value_size));
            Assert.Equal((info.U32(16), info.U32(20), info.Text(24, 16)), (r.max_entries, r.map_flags, Encoding.ASCII.GetString(r.name.Text)));
            Assert.Equal((info.U32(44), info.U32(64), info.U32(68), info.U32(72), info.U64(80)),
                (r.btf_vmlinux_value_type_id, r.btf_id, r.btf_key_type_id, r.btf_value_type_id, r.map_extra));
            Assert.Equal(map.Name == "zoo_frozen", r.frozen != 0);
            Assert.Equal(0, MapFdInfo.Read(new Fd(map.Fd), out MapFdInfo fdInfo));
            string[] lines = File.ReadAllLines($"/proc/self/fdinfo/{map.Fd}");
            Assert.Contains($"memlock:\t{fdInfo.memlock}", lines);
            Assert.Equal(lines.Any(l => l.StartsWith("owner_prog_type", StringComparison.Ordinal)), fdInfo.owner_prog_type >= 0);
        }
        Assert.Equal(0, reader.Errno);
        Assert.Equal(ours.Keys.ToHashSet(), seen);
    }

    [RootFact]
    public void The_records_of_links_are_those_of_one_link()
    {
        using BpfProgram program = BpfProgram.Load("traced", ProgramType.RawTracepoint);
        using BpfLink link = program.AttachRawTracepoint("task_rename");
        using Fd fd = Set.Links!.Create();
        var reader = new RecordReader<link_record>(fd, new byte[64 * 1024]);
        bool found = false;
        while (reader.MoveNext())
        {
            if (reader.Current.id != link.Id) continue;
            found = true;
            byte[] name = new byte[64];
            Assert.Equal(0, Set.One.ReadLink(link.Id, out one_link_record one, out bpf_link_info info, name));
            Assert.True(BytesOf(reader.Current).SequenceEqual(BytesOf(one.link)));
            Assert.Equal((LinkType.RawTracepoint, program.Id, "traced"), (one.link.type, one.link.prog_id, Encoding.ASCII.GetString(one.link.prog_name.Text)));
            Assert.Equal((LinkType.RawTracepoint, link.Id, program.Id), (info.type, info.id, info.prog_id));
            Assert.StartsWith("task_rename\0", Encoding.ASCII.GetString(name), StringComparison.Ordinal);
        }
        Assert.True(found);
    }

    [RootFact]
    public void Functions_of_links_and_types_of_BTFs_by_number()
    {
        using BpfProgram program = BpfProgram.Load("probe", ProgramType.Kprobe, attachType: Links.BPF_TRACE_UPROBE_MULTI);
        using BpfLink link = Links.Uprobe(program, "/bin/true", [0x2000, 0x2010], [7, 0]);
        using Fd fd = OneObject.OpenLink(link.Id);
        Assert.Equal(0, Set.One.ReadLinkFunc(fd, 0, out link_func_record func));
        Assert.Equal((0x2000ul, 7ul, 0ul), (func.offset, func.cookie, func.ref_ctr_offset));
        Assert.Equal(0, Set.One.ReadLinkFunc(fd, 1, out func));
        Assert.Equal((0x2010ul, 0ul), (func.offset, func.cookie));
        Assert.Equal(22 /* EINVAL */, Set.One.ReadLinkFunc(fd, 2, out _));
        Assert.Equal(22, Set.One.ReadLinkFunc(fd, uint.MaxValue, out _));

        using Fd none = OneObject.OpenLink(uint.MaxValue);
        Assert.Equal(2 /* ENOENT */, Set.One.ReadLinkFunc(none, 0, out _));

        // the kernel's own BTF is that whose id is the lowest
        using Fd btf = OneObject.OpenBtf(Bpf.Ids(ObjectKind.Btf).Min);
        Assert.Equal(0, Set.One.ReadBtfName(btf, Links.KernelFunction("vfs_read"), out func));
        Assert.Equal("vfs_read", Encoding.ASCII.GetString(func.name.Text));
        Assert.Equal(0, Set.One.ReadBtfName(btf, uint.MaxValue, out func));
        Assert.True(func.name.Text.IsEmpty);
    }

    [RootFact]
    public void One_object_costs_no_walk_however_many_there_are()
    {
        using Herd<BpfProgram> many = BpfProgram.LoadMany("many", 300);
        using Descriptor statistics = Bpf.EnableStatistics();
        Dictionary<string, (uint Id, ulong Runs)> before = OurPrograms();
        foreach (BpfProgram program in many.Take(50)) Assert.Equal(0, Set.One.ReadProg(program.Id, out _, out _));
        Dictionary<string, (uint Id, ulong Runs)> after = OurPrograms();
        Assert.Equal(before["one_prog"].Runs + 50, after["one_prog"].Runs);
        foreach (string walk in (string[])["prog_records", "prog_row_records", "prog_map_records", "dump_bpf_prog", "one_prog_maps"])
            Assert.Equal(before[walk], after[walk]);
    }

    [RootFact]
    public void Many_threads_read_their_own()
    {
        using Herd<BpfProgram> many = BpfProgram.LoadMany("own", 64);
        IteratorSet set = Set;
        Parallel.For(0, 8, thread =>
        {
            for (int i = 0; i < 2000; i++)
            {
                BpfProgram program = many[(i + (thread * 8)) % many.Count];
                Assert.Equal(0, set.One.ReadProg(program.Id, out one_prog_record one, out _));
                Assert.Equal(program.Id, one.prog.id);
            }
        });
    }

    [RootFact]
    public void Reading_one_allocates_nothing()
    {
        using BpfProgram program = BpfProgram.Load("alloc");
        using BpfMap map = BpfMap.Create("alloc", Support.MapType.Array, 4, 4, 1);
        byte[] buffer = new byte[64 * 1024];
        IteratorSet set = Set;
        Read(1000);
        Thread.Sleep(150);
        Read(1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Read(1000);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);

        void Read(int times)
        {
            for (int i = 0; i < times; i++)
            {
                set.One.ReadProg(program.Id, out _, out _);
                using Fd fd = OneObject.OpenMap(map.Id);
                set.One.ReadMap(fd, out _);
                MapFdInfo.Read(fd, out _);
                if (i % 100 != 0) continue;
                using Fd all = set.ProgRows!.Create();
                var reader = new RecordReader<prog_row_record>(all, buffer);
                while (reader.MoveNext()) { }
            }
        }
    }

    /// <summary>By name, of the programs that this process holds: id and run_cnt.</summary>
    private Dictionary<string, (uint Id, ulong Runs)> OurPrograms()
    {
        _ = Set;
        var programs = new Dictionary<string, (uint, ulong)>();
        foreach (string held in Ids.HeldBy(Environment.ProcessId).Where(id => id.StartsWith("Program", StringComparison.Ordinal)))
        {
            uint id = uint.Parse(held["Program ".Length..], null);
            if (BpfInfo.OfProgram(id) is not { } info) continue;
            string name = info.Text(64, 16);
            if (BpfPrograms.Rows.FirstOrDefault(r => r.Name[..Math.Min(15, r.Name.Length)] == name) is { } row) programs[row.Name] = (id, info.U64(200));
        }
        return programs;
    }

    private static byte[] BytesOf<T>(in T record)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in record)).ToArray();
}
