using System.Globalization;
using System.Text;
using BpfFs.Objects;
using BpfFs.View;
using Iterators;

namespace BpfFs.Attachments;

/// <summary>What links attach.</summary>
internal static class LinkAttachments
{
    private const uint ProgTypeExt = 28; // BPF_PROG_TYPE_EXT

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        if (context.Iterators.Links is not { } links) return 0;
        using var walk = new RecordWalk<link_record>(context, links);
        while (walk.MoveNext())
        {
            if (Links.Read(context, walk.Current.id, out Link link) == 0) to.Add(Describe(link));
        }
        return walk.Errno;
    }

    private static Attachment Describe(in Link link)
    {
        ref readonly link_record r = ref link.Record;
        string attachType = r.type switch
        {
            LinkType.Tracing => Name(Names.AttachTypes, link.Info.tracing_attach_type),
            LinkType.Cgroup => Name(Names.AttachTypes, link.Info.cgroup_attach_type),
            LinkType.Netns or LinkType.Tcx or LinkType.Netkit or LinkType.Sockmap => Name(Names.AttachTypes, link.Info.second),
            LinkType.PerfEvent when link.Info.perf_event_type != 0 => Name(Names.PerfEventTypes, link.Info.perf_event_type),
            _ => Name(Names.LinkTypes, r.type),
        };
        if (r.type == LinkType.Tracing && link.ProgType == ProgTypeExt) attachType = "freplace"; // bpf(2) says attach type 0
        (string kind, byte[] target) = r.type switch
        {
            LinkType.RawTracepoint => ("tracepoint", link.Name.ToArray()),
            LinkType.Tracing => ("function", r.target_prog_id == 0 ? r.target_func.Text.ToArray() : Join(r.target_func.Text, r.target_name.Text)),
            LinkType.Cgroup => ("cgroup", link.CgroupPath.IsEmpty ? Number(link.Info.cgroup_id) : link.CgroupPath.ToArray()),
            LinkType.Iter => ("iter", link.Name.ToArray()),
            LinkType.Netns => ("netns", Number(link.Info.first)),
            LinkType.Xdp or LinkType.Tcx or LinkType.Netkit => ("device", r.target_func.Text.IsEmpty ? Number(link.Info.first) : r.target_func.Text.ToArray()),
            LinkType.PerfEvent => ("perf_event", link.Name.ToArray()),
            LinkType.KprobeMulti or LinkType.UprobeMulti => ("function", link.Name.IsEmpty ? [.. "several"u8] : link.Name.ToArray()),
            LinkType.StructOps or LinkType.Sockmap => ("map", Number(link.Info.first)),
            LinkType.Netfilter => ("netfilter", Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"pf {link.Info.first} hook {link.Info.second}"))),
            _ => ("link", []),
        };
        string detail = r.type == LinkType.Netfilter ? string.Create(CultureInfo.InvariantCulture, $"prio {link.Info.netfilter_priority}") : "";
        return new Attachment(kind, target, attachType, detail, r.prog_id, r.id);
    }

    private static string Name(byte[][] names, uint value) =>
        value < names.Length ? Encoding.UTF8.GetString(names[value]) : value.ToString(CultureInfo.InvariantCulture);

    private static byte[] Number(ulong value) => Encoding.UTF8.GetBytes(value.ToString(CultureInfo.InvariantCulture));

    private static byte[] Join(ReadOnlySpan<byte> function, ReadOnlySpan<byte> prog) => [.. function, (byte)' ', .. prog];
}
