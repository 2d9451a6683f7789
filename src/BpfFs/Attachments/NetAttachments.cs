using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Attachment;

namespace BpfFs.Attachments;

/// <summary>XDP, tcx and netkit of the devices of all network namespaces, and what the namespaces run themselves; with links and without.</summary>
internal static class NetAttachments
{
    private static readonly byte[][] s_xdpModes = [[.. "generic"u8], [.. "driver"u8], [.. "offload"u8]]; // enum bpf_xdp_mode

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        List<net_record> records = [];
        int errno = NetDevices.Read(context, records);
        if (errno != 0) return errno;
        for (int start = 0, end; start < records.Count; start = end)
        {
            for (end = start + 1; end < records.Count && IsSame(records[start], records[end]); end++) { }
            if (records[start].what == net_what.NET_TC) continue;
            for (int i = start; i < end; i++) to.Add(Describe(records[i], i - start + 1, end - start));
        }
        return 0;
    }

    /// <summary>Whether they run one after the other. XDP programs of two modes do not.</summary>
    private static bool IsSame(in net_record a, in net_record b) =>
        a.netns == b.netns && a.ifindex == b.ifindex && a.what == b.what && a.mode == b.mode;

    private static Attachment Describe(in net_record r, int order, int count)
    {
        string type = r.what switch
        {
            net_what.NET_XDP => "xdp",
            net_what.NET_TCX_INGRESS => "tcx_ingress",
            net_what.NET_TCX_EGRESS => "tcx_egress",
            net_what.NET_NETKIT => r.mode != 0 ? "netkit_primary" : "netkit_peer",
            net_what.NET_FLOW_DISSECTOR => "flow_dissector",
            _ => "sk_lookup",
        };
        bool isOrdered = r.what is not (net_what.NET_XDP or net_what.NET_FLOW_DISSECTOR);
        bool isDevice = r.what is not (net_what.NET_FLOW_DISSECTOR or net_what.NET_SK_LOOKUP);
        return new Attachment(isDevice ? "device" : "netns", isDevice ? r.name.Text.ToArray() : Utf8($"{r.netns}"), type, r.prog_id, r.link_id)
        {
            Detail = r.what == net_what.NET_XDP && r.mode < s_xdpModes.Length ? s_xdpModes[r.mode] : [],
            Ifindex = r.ifindex,
            Netns = r.netns,
            Order = isOrdered ? order : 0,
            Count = isOrdered ? count : 0,
        };
    }
}
