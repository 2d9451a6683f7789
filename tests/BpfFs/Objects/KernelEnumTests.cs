using System.Text;
using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.Tests.Rendering;
using BpfFs.Tests.View;
using BpfFs.View;
using Iterators;

namespace BpfFs.Tests.Objects;

/// <summary>Types that this version does not know, and a kernel that has names for them.</summary>
public sealed class KernelEnumTests
{
    private const int Later = 200; // no kernel has so many, so other tests do not meet these

    [Fact]
    public void Values_to_come_have_the_kernels_names()
    {
        var names = Names(out _);
        Assert.Equal("second", names(2)); // this version's spelling comes first
        Assert.Equal("third", names(3));
        Assert.Equal("with_2_digits", names(17));
        Assert.Equal("", names(4)); // a gap
        Assert.Equal("", names(18)); // __MAX_FAKE_TYPE
        Assert.Equal("", names(uint.MaxValue));
    }

    [Fact]
    public void Of_two_names_the_one_that_is_not_deprecated()
    {
        var names = Names(out _);
        Assert.Equal("kept", names(5));
        Assert.Equal("old_deprecated", names(6)); // it has no other
        Assert.Equal("earlier", names(7));
    }

    [Fact]
    public void What_is_no_identifier_is_no_name() => Assert.Equal("", Names(out _)(8));

    [Fact]
    public void Only_the_enumeration_itself_counts()
    {
        BtfBuilder builder = new();
        builder.Struct("fake_type", 0);
        builder.Enum("other_type", 4, false, ("FAKE_OTHER", 3));
        Assert.Equal("", Names(builder)(3));
    }

    [Fact]
    public void A_wide_enumeration_and_one_behind_a_kind_to_come()
    {
        BtfBuilder builder = new([(0, 4)]);
        builder.Newer(20, "newer", 1, 0, 1);
        builder.Enum64("fake_type", false, ("FAKE_WIDE", 3), ("FAKE_HUGE", 1L << 40));
        Assert.Equal("wide", Names(builder)(3));
    }

    [Fact]
    public void A_kernel_without_btf_has_none()
    {
        EnumNames names = new("none", new KernelEnums(() => null).Add("fake_type", "FAKE_"));
        Assert.Equal("7", Encoding.UTF8.GetString(names.Of(7, new byte[10])));
    }

    [Fact]
    public void The_kernel_is_asked_once_and_then_nothing_is_allocated()
    {
        int reads = 0;
        RawBtf btf = RawBtf.Of(Types().Bytes())!;
        KernelEnums kernel = new(() =>
        {
            reads++;
            return btf;
        });
        EnumNames one = new("none", kernel.Add("fake_type", "FAKE_")), two = new("none", kernel.Add("absent_type", "FAKE_"));
        Assert.Equal("none", Encoding.UTF8.GetString(one.Of(0)));
        Assert.Equal(0, reads);
        byte[] digits = new byte[10];
        long before = 0;
        for (int round = 0; round < 1000; round++)
        {
            if (round == 1) before = GC.GetAllocatedBytesForCurrentThread();
            for (uint value = 0; value < 20; value++)
            {
                one.Of(value, digits);
                two.Of(value, digits);
            }
        }
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(1, reads);
    }

    [Fact]
    public void Directories_by_type_are_called_so()
    {
        RawBtf btf = RawBtf.Of(Types().Bytes())!;
        FakeKind kind = new(new KernelEnums(() => btf), (1, 3, "a", []), (2, 4, "b", []), (3, 1, "c", []));
        Groups groups = new(kind, GroupBy.Type);
        using EntryList list = new();
        Assert.Equal(0, groups.List(null!, 0, list));
        Assert.Equal(3, list.Count);
        foreach (string name in (string[])["third", "4", "first"]) Assert.Equal(0, groups.Find(null!, 0, Encoding.UTF8.GetBytes(name), out _));
        Assert.Equal(Tmds.Linux.LibC.ENOENT, groups.Find(null!, 0, "3"u8, out _));
    }

    /// <summary>Each enumeration, where it is shown: text, JSON, target.</summary>
    [Fact]
    public void Programs_maps_and_links_of_types_to_come()
    {
        BtfBuilder builder = new();
        foreach ((string name, string prefix) in ((string, string)[])
            [
                ("bpf_prog_type", "BPF_PROG_TYPE_"), ("bpf_map_type", "BPF_MAP_TYPE_"), ("bpf_link_type", "BPF_LINK_TYPE_"), ("bpf_attach_type", "BPF_"),
                ("bpf_cgroup_iter_order", "BPF_CGROUP_ITER_"), ("bpf_struct_ops_state", "BPF_STRUCT_OPS_STATE_"), ("bpf_perf_event_type", "BPF_PERF_EVENT_"),
            ])
        {
            builder.Enum(name, 4, false, ($"{prefix}LATER_{name.ToUpperInvariant()}", Later));
        }
        RawBtf btf = RawBtf.Of(builder.Bytes())!;
        KernelEnums.Running.ReadFrom(() => btf); // and stays: nobody else has such values

        prog_record prog = Samples.FullProg();
        prog.type = Later;
        Assert.Contains("type:\tlater_bpf_prog_type\n", Samples.Info(prog, []), StringComparison.Ordinal);
        Assert.Contains("\"type\":\"later_bpf_prog_type\"", Samples.Json(prog, []), StringComparison.Ordinal);
        map_record map = Samples.FullMap();
        map.type = map.inner_type = map.struct_ops_state = Later;
        MapFdInfo fdInfo = Samples.FullFdInfo();
        fdInfo.owner_prog_type = Later;
        string info = Samples.Info(map, fdInfo);
        foreach (string line in (string[])["\ntype:\tlater_bpf_map_type\n", "\nowner_prog_type:\tlater_bpf_prog_type\n", "\ninner_type:\tlater_bpf_map_type\n", "\nstruct_ops_state:\tlater_bpf_struct_ops_state\n"])
            Assert.Contains(line, info, StringComparison.Ordinal);
        Assert.Contains("type:\tlater_bpf_link_type\n", LinkFieldTests.Render(new link_record { id = 1, type = Later }, default), StringComparison.Ordinal);
        string cgroup = LinkFieldTests.Render(new link_record { id = 1, type = LinkType.Cgroup }, new bpf_link_info { cgroup_attach_type = Later });
        Assert.Contains("attach_type:\tlater_bpf_attach_type\n", cgroup, StringComparison.Ordinal);
        link_record iterator = new() { id = 1, type = LinkType.Iter, cgroup_id = 1 };
        Samples.Fill(iterator.target_func, "cgroup"u8);
        string order = LinkFieldTests.Render(iterator, new bpf_link_info { iter_cgroup_order = Later });
        Assert.Contains("order:\tlater_bpf_cgroup_iter_order\n", order, StringComparison.Ordinal);
        Assert.Matches("target: cgroup .*later_bpf_cgroup_iter_order\n", order);
        string perf = LinkFieldTests.Render(new link_record { id = 1, type = LinkType.PerfEvent, perf_kind = (perf_link_kind)Later }, default);
        Assert.Contains("perf_event_type:\tlater_bpf_perf_event_type\n", perf, StringComparison.Ordinal);
        Assert.Contains("target: later_bpf_perf_event_type", perf, StringComparison.Ordinal);
    }

    /// <summary>What this version knows agrees with a kernel that knows it too, but for the spelling of one.</summary>
    [Fact]
    public void The_running_kernel_agrees()
    {
        RawBtf kernel = RawBtf.Read(null)!;
        KernelEnums enums = new(() => kernel);
        foreach ((EnumNames ours, KernelEnum theirs) in ((EnumNames, KernelEnum)[])
            [
                (BpfFs.Objects.Names.ProgTypes, enums.Add("bpf_prog_type", "BPF_PROG_TYPE_")), (BpfFs.Objects.Names.MapTypes, enums.Add("bpf_map_type", "BPF_MAP_TYPE_")),
                (BpfFs.Objects.Names.LinkTypes, enums.Add("bpf_link_type", "BPF_LINK_TYPE_")), (BpfFs.Objects.Names.AttachTypes, enums.Add("bpf_attach_type", "BPF_")),
                (BpfFs.Objects.Names.CgroupOrders, enums.Add("bpf_cgroup_iter_order", "BPF_CGROUP_ITER_")),
                (BpfFs.Objects.Names.StructOpsStates, enums.Add("bpf_struct_ops_state", "BPF_STRUCT_OPS_STATE_")),
                (BpfFs.Objects.Names.PerfEventTypes, enums.Add("bpf_perf_event_type", "BPF_PERF_EVENT_")),
            ])
        {
            foreach ((uint number, string name) in ours.Known)
            {
                string kernels = Encoding.UTF8.GetString(theirs.NameOf(number));
                Assert.True(kernels.Length == 0 || kernels == name || kernels == $"{name}_deprecated", $"{number}: {name}, the kernel says {kernels}");
            }
            Assert.NotEmpty(Encoding.UTF8.GetString(theirs.NameOf(1)));
        }
    }

    private static BtfBuilder Types()
    {
        BtfBuilder builder = new();
        builder.Enum("fake_type", 4, false,
            ("FAKE_NONE", 0), ("FAKE_FIRST", 1), ("FAKE_TWO", 2), ("FAKE_THIRD", 3), ("FAKE_KEPT_DEPRECATED", 5), ("FAKE_KEPT", 5), ("FAKE_OLD_DEPRECATED", 6), ("FAKE_EARLIER", 7), ("FAKE_LATER", 7),
            ("FAKE_../x\n", 8), ("OTHER_NAME", 9), ("FAKE_", 10), ("FAKE_WITH_2_DIGITS", 17), ("__MAX_FAKE_TYPE", 18), ("FAKE_NEGATIVE", -1));
        return builder;
    }

    private static Func<uint, string> Names(out EnumNames names) => Names(Types(), out names);

    private static Func<uint, string> Names(BtfBuilder builder) => Names(builder, out _);

    private static Func<uint, string> Names(BtfBuilder builder, out EnumNames names)
    {
        RawBtf btf = RawBtf.Of(builder.Bytes())!;
        EnumNames made = names = new("none first second", new KernelEnums(() => btf).Add("fake_type", "FAKE_"));
        return value => Encoding.UTF8.GetString(made.Of(value));
    }
}
