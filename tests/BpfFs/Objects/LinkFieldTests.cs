using System.Text;
using BpfFs.Objects;
using Iterators;

namespace BpfFs.Tests.Objects;

/// <summary>Links of every type, as the kernel might give them: also of types that no kernel here has.</summary>
public sealed class LinkFieldTests
{
    private static readonly string[] s_types = [.. Names.LinkTypes.Known.Select(t => t.Name)];

    [Fact]
    public void Every_type()
    {
        var all = new StringBuilder();
        foreach (uint type in (uint[])[.. Names.LinkTypes.Known.Skip(1).Select(t => t.Number), 1000])
        {
            foreach (perf_link_kind kind in type == LinkType.PerfEvent ? Enum.GetValues<perf_link_kind>() : [0])
            {
                link_record record = Record(type, kind);
                bpf_link_info info = Info(type);
                all.Append($"== {(type < s_types.Length ? s_types[type] : "a later type")} {(kind == 0 ? "" : kind)}\n{Render(record, info)}");
            }
        }
        Golden.Verify(all.ToString(), "Link.types");
    }

    [Fact]
    public void What_is_gone_is_said()
    {
        foreach ((uint type, string target) in ((uint, string)[])
            [
                (LinkType.Cgroup, "cgroup removed"), (LinkType.Netns, "netns removed"), (LinkType.Xdp, "device removed"), (LinkType.Tcx, "device removed"),
                (LinkType.Netkit, "device removed"),
            ])
        {
            string text = Render(new link_record { id = 1, type = type, known = (uint)KnownOf(type) }, default);
            Assert.Contains($"target: {target}\n", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void No_type_is_attached_to_nothing()
    {
        for (uint type = 0; type < 40; type++)
        {
            Assert.Matches("target: [^\n ]", Render(new link_record { id = 1, type = type }, default));
            Assert.Matches("target: [^\n ]", Render(new link_record { id = 1, type = type, known = (uint)KnownOf(type) }, default));
        }
    }

    [Fact]
    public void A_link_that_could_not_be_read_has_what_the_iterator_told()
    {
        for (uint type = 1; type < Names.LinkTypes.KnownCount; type++)
        {
            link_record record = Record(type, perf_link_kind.PERF_LINK_KPROBE);
            Link link = new(record) { Error = Tmds.Linux.LibC.EMFILE };
            using Text.Holder text = new();
            System.Text.Json.Utf8JsonWriter json = text.Buffer.StartJson();
            FieldFiles.WriteJson(Link.Fields, link, json);
            json.Flush();
            System.Text.Json.JsonElement written = Text.AssertJson(text.Buffer.Written.ToArray());
            Assert.Equal("Too many open files", written.GetProperty("error").GetString());
            Assert.Equal(7u, written.GetProperty("id").GetUInt32());
            Assert.Equal(s_types[type], written.GetProperty("type").GetString());
            // nothing made up out of what was not read
            foreach (string unread in (string[])["attach_type", "target_obj_id", "prog_type", "order", "missed", "btf_obj_id", "flags", "funcs", "path"])
                Assert.False(written.TryGetProperty(unread, out _), $"{s_types[type]}: {unread}");
        }
    }

    [Theory]
    [InlineData(0, 3, "hardware", "cache-misses")]
    [InlineData(1, 9, "software", "dummy")]
    [InlineData(1, 1000, "software", "1000")]
    [InlineData(3, 0x10000, "hw-cache", "L1-dcache-load-misses")]
    [InlineData(3, 0x00_01_03, "hw-cache", "dTLB-store-refs")]
    [InlineData(3, 0xff_ff_ff_ff_ff_07_09UL, "hw-cache", "9-7-4294967295")]
    [InlineData(4, 0x1c2, "raw", "450")]
    [InlineData(4242, 5, "4242", "5")]
    public void Perf_events_have_the_names_of_perf(uint type, ulong config, string typeName, string configName)
    {
        var record = new link_record { id = 1, type = LinkType.PerfEvent, perf_kind = perf_link_kind.PERF_LINK_EVENT, perf_type = type, perf_config = config, known = (uint)KnownOf(LinkType.PerfEvent) };
        string text = Render(record, default);
        Assert.Contains($"event_type:\t{typeName}\nevent_config:\t{configName}\n", text, StringComparison.Ordinal);
        Assert.Contains($"target: {typeName}:{configName}\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Hostile_names_stay_in_their_line()
    {
        for (uint type = 1; type < Names.LinkTypes.KnownCount; type++)
        {
            link_record record = Record(type, perf_link_kind.PERF_LINK_UPROBE);
            Samples.Fill(record.prog_name, Samples.Hostile);
            Samples.Fill(record.target_func, Samples.Hostile);
            Samples.Fill(record.target_name, Samples.Hostile);
            string text = Render(record, Info(type), Samples.Hostile);
            Text.AssertSafe(Encoding.UTF8.GetBytes(text), "\n\t");
            Assert.DoesNotContain("\n42:", text, StringComparison.Ordinal);
        }
    }

    private static readonly link_record[] s_tracing = [Record(LinkType.Tracing, 0)];
    private static readonly bpf_link_info[] s_tracingInfo = [Info(LinkType.Tracing)];

    /// <summary>Reads a tracing link, whichever is asked for.</summary>
    internal static int ReadTracing(BpfFs.View.ViewContext context, uint id, out Link link)
    {
        link = new Link(s_tracing[0]) { Info = ref s_tracingInfo[0] };
        return 0;
    }

    /// <summary>info, JSON and target.</summary>
    internal static string Render(link_record record, bpf_link_info info, ReadOnlySpan<byte> name = default)
    {
        Link link = new(record) { Info = ref info, Name = name, ProgType = 26, Funcs = new SomeFuncs(name.IsEmpty ? "a_func [a_module]"u8 : name) };
        using Text.Holder text = new();
        FieldFiles.WriteInfo(Link.Fields, link, text.Buffer);
        System.Text.Json.Utf8JsonWriter json = text.Buffer.StartJson();
        FieldFiles.WriteJson(Link.Fields, link, json);
        json.Flush();
        text.Buffer.Append("\ntarget:"u8);
        LinkTarget.Append(link, text.Buffer);
        text.Buffer.Append((byte)'\n');
        return Text.Of(text.Buffer);
    }

    private static link_record Record(uint type, perf_link_kind kind)
    {
        // what the type does not have is zero, as the BPF program leaves it
        bool isDevice = type is LinkType.Xdp or LinkType.Tcx or LinkType.Netkit, isPerf = type == LinkType.PerfEvent;
        var record = new link_record
        {
            id = 7,
            type = type,
            known = (uint)KnownOf(type),
            prog_id = type == LinkType.StructOps ? 0 : 42u,
            perf_kind = isPerf ? kind : 0,
            cookie = type is LinkType.Tracing or LinkType.RawTracepoint or LinkType.PerfEvent ? 99ul : 0,
            ifindex = isDevice ? 3u : 0,
            netns_ino = isDevice || type is LinkType.Netns or LinkType.Netfilter ? 4242u : 0,
            map_id = type is LinkType.StructOps or LinkType.Sockmap ? 17u : 0,
            func_cnt = type is LinkType.KprobeMulti or LinkType.UprobeMulti ? 2u : 0,
        };
        if (type == LinkType.Tracing) (record.target_prog_id, record.target_btf_id) = (8, 9);
        if (type == LinkType.Netfilter) (record.nf_family, record.nf_hook, record.nf_priority) = (10, 4, -5);
        if (isPerf || type == LinkType.UprobeMulti) record.offset = 0x1139;
        if (isPerf && kind == perf_link_kind.PERF_LINK_UPROBE) record.ref_ctr_offset = 0x4010;
        if (record.prog_id != 0) Samples.Fill(record.prog_name, "a_program"u8);
        Samples.Fill(record.target_func, isDevice ? "eth0"u8 : type is LinkType.StructOps or LinkType.Sockmap or LinkType.Netfilter or LinkType.Netns or LinkType.Cgroup ? default : "a_func"u8);
        if (record.map_id != 0) Samples.Fill(record.target_name, "a_map"u8);
        if (type == LinkType.Tracing) Samples.Fill(record.target_name, "a_target"u8);
        return record;
    }

    /// <summary>What today's kernels tell of a link of this type.</summary>
    private static link_known_flags KnownOf(uint type) => type switch
    {
        LinkType.Xdp or LinkType.Tcx or LinkType.Netkit => link_known_flags.LINK_HAS_DEVICE,
        LinkType.Cgroup => link_known_flags.LINK_HAS_CGROUP,
        LinkType.Netns => link_known_flags.LINK_HAS_NETNS,
        LinkType.Netfilter => link_known_flags.LINK_HAS_NETFILTER | link_known_flags.LINK_HAS_NETNS,
        LinkType.PerfEvent => link_known_flags.LINK_HAS_PERF_EVENT | link_known_flags.LINK_HAS_OFFSET,
        LinkType.KprobeMulti => link_known_flags.LINK_HAS_FUNCS | link_known_flags.LINK_HAS_FLAGS,
        LinkType.UprobeMulti => link_known_flags.LINK_HAS_FUNCS | link_known_flags.LINK_HAS_OFFSET,
        _ => 0,
    };

    private static bpf_link_info Info(uint type)
    {
        var info = new bpf_link_info { type = type, id = 7, prog_id = 42 };
        switch (type)
        {
            case LinkType.Tracing: (info.tracing_attach_type, info.tracing_target_obj_id, info.tracing_target_btf_id) = (25, 8, 9); break;
            case LinkType.Cgroup: info.cgroup_attach_type = 1; break;
            case LinkType.Netns: info.second = 36; break;
            case LinkType.Tcx: info.second = 47; break;
            case LinkType.Netkit: info.second = 55; break;
            case LinkType.Sockmap: info.second = 7; break;
            case LinkType.PerfEvent: (info.perf_event_type, info.perf_event_kprobe_missed) = (3, 6); break;
            case LinkType.KprobeMulti: (info.buffer_size, info.kprobe_multi_missed) = (2, 5); break;
            case LinkType.UprobeMulti: (info.uprobe_multi_flags, info.uprobe_multi_pid) = (1, 4711); break;
            case LinkType.TracingMulti: (info.first, info.tracing_multi_count, info.tracing_multi_btf_obj_id) = (60, 2, 1); break;
            default: break;
        }
        return info;
    }

    private sealed class SomeFuncs(ReadOnlySpan<byte> name) : LinkFuncs
    {
        private readonly byte[] _name = name.ToArray();

        public override List<link_func_record> Of(in Link link)
        {
            link_func_record first = new() { cookie = 5, offset = 0x1139, ref_ctr_offset = 0x4010 }, second = new() { offset = 0x2000 };
            Samples.Fill(first.name, _name);
            return [first, second]; // the second has no symbol
        }
    }
}
