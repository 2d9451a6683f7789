using System.Globalization;
using System.Text;
using BpfFs.Objects;
using BpfFs.Rendering;

namespace BpfFs.Attachments;

/// <summary>A program attached to something.</summary>
/// <param name="Kind">One of <see cref="Kinds"/>.</param>
/// <param name="Target">What to, as a person names it; foreign text.</param>
/// <param name="Type">How: xdp, tc_ingress, cgroup_inet_egress, trace_fentry ...</param>
/// <param name="ProgId">The program; 0: none (a struct_ops link whose map cannot be read).</param>
/// <param name="LinkId">The link that holds it; 0: attached without one.</param>
internal sealed record Attachment(string Kind, byte[] Target, string Type, uint ProgId, uint LinkId)
{
    /// <summary>What a program can be attached to, in the order of the listing.</summary>
    public static readonly string[] Kinds =
        ["device", "netns", "netfilter", "cgroup", "map", "struct_ops", "lsm", "function", "tracepoint", "perf_event", "iter", "link"];

    /// <summary>Mode, priority, name of the filter; foreign text, may be empty.</summary>
    public byte[] Detail { get; init; } = [];

    /// <summary>Number of the device; 0: it is none.</summary>
    public uint Ifindex { get; init; }

    /// <summary>Inode of the network namespace of the device; 0: it is none.</summary>
    public uint Netns { get; init; }

    /// <summary>Which of those attached there it is, in the order of running, from 1; 0: there is no order.</summary>
    public int Order { get; init; }

    /// <summary>How many are attached there.</summary>
    public int Count { get; init; }

    /// <summary>Of a cgroup: which of those that run in it, inherited ones included; 0: not known.</summary>
    public int EffectiveOrder { get; init; }

    /// <summary>How many run in it.</summary>
    public int EffectiveCount { get; init; }

    /// <summary>Every field of an attachment.</summary>
    public static readonly Field<Row>[] Fields =
    [
        new("kind", "kind of thing it is attached to", (in r, in to) => to.Text(Utf8(r.Attachment.Kind))),
        new("target", "what it is attached to", (in r, in to) => to.Text(r.Attachment.Target)),
        new("ifindex", "number of the device", (in r, in to) => to.Number(r.Attachment.Ifindex), (in r) => r.Attachment.Ifindex != 0),
        new("netns_ino", "inode of the device's network namespace", (in r, in to) => to.Number(r.Attachment.Netns), (in r) => r.Attachment.Netns != 0),
        new("attach_type", "how it is attached", (in r, in to) => to.Text(Utf8(r.Attachment.Type))),
        new("detail", "mode, priority, name of the filter", (in r, in to) => to.Text(r.Attachment.Detail), (in r) => r.Attachment.Detail.Length > 0),
        new("order", "which of those attached there, in the order of running", (in r, in to) => to.Number((long)r.Attachment.Order), (in r) => r.Attachment.Order != 0),
        new("count", "how many are attached there", (in r, in to) => to.Number((long)r.Attachment.Count), (in r) => r.Attachment.Order != 0),
        new("effective_order", "which of those that run in the cgroup", (in r, in to) => to.Number((long)r.Attachment.EffectiveOrder), (in r) => r.Attachment.EffectiveOrder != 0),
        new("effective_count", "how many run in the cgroup, inherited ones included", (in r, in to) => to.Number((long)r.Attachment.EffectiveCount), (in r) => r.Attachment.EffectiveOrder != 0),
        new("prog_id", "the program's id", (in r, in to) => to.Number(r.Attachment.ProgId), (in r) => r.Attachment.ProgId != 0),
        new("prog_name", "the program's name", (in r, in to) => to.Text(r.ProgName), (in r) => !r.ProgName.IsEmpty),
        new("link_id", "the link that holds it; absent: attached without one", (in r, in to) => to.Number(r.Attachment.LinkId), (in r) => r.Attachment.LinkId != 0),
    ];

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    public static byte[] Utf8(FormattableString text) => Encoding.UTF8.GetBytes(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// <c>target detail 1 of 2 effective 1 of 3 netns INODE link ID</c>: what there is of it. The namespace only where it is not our own.
    /// </summary>
    public void AppendTarget(TextBuffer to)
    {
        to.AppendText(Target);
        if (Detail.Length > 0)
        {
            to.Append((byte)' ');
            to.AppendText(Detail);
        }
        if (Count > 1) AppendOrder(" "u8, Order, Count, to);
        if (EffectiveCount > 1) AppendOrder(" effective "u8, EffectiveOrder, EffectiveCount, to);
        if (Kind == "device" && Netns != 0 && Netns != NetNamespaces.Own) AppendNumber(" netns "u8, Netns, to);
        if (LinkId != 0) AppendNumber(" link "u8, LinkId, to);
    }

    private static void AppendOrder(ReadOnlySpan<byte> what, int order, int count, TextBuffer to)
    {
        AppendNumber(what, (uint)order, to);
        AppendNumber(" of "u8, (uint)count, to);
    }

    private static void AppendNumber(ReadOnlySpan<byte> what, uint number, TextBuffer to)
    {
        to.Append(what);
        to.Append((ulong)number);
    }

    /// <summary>An attachment and its program's name.</summary>
    internal readonly ref struct Row(Attachment attachment, ReadOnlySpan<byte> progName)
    {
        public Attachment Attachment { get; } = attachment;

        public ReadOnlySpan<byte> ProgName { get; } = progName;
    }
}
