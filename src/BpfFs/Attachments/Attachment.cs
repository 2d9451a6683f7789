using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;

namespace BpfFs.Attachments;

/// <summary>A program attached to something.</summary>
/// <param name="Kind">device, cgroup, netns, function, tracepoint, perf_event, iter, map, struct_ops, netfilter.</param>
/// <param name="Target">What to, as a person names it; foreign text.</param>
/// <param name="Type">How: xdp, tc, cgroup_inet_egress, fentry ...</param>
/// <param name="Detail">Mode, order, priority; may be empty.</param>
/// <param name="ProgId">The program.</param>
/// <param name="LinkId">The link that holds it; 0: attached without one.</param>
internal sealed record Attachment(string Kind, byte[] Target, string Type, string Detail, uint ProgId, uint LinkId)
{
    /// <summary>Every field of an attachment.</summary>
    public static readonly Field<Row>[] Fields =
    [
        new("kind", "kind of thing it is attached to", (in r, in to) => to.Text(Row.Utf8(r.Attachment.Kind))),
        new("target", "what it is attached to", (in r, in to) => to.Text(r.Attachment.Target)),
        new("attach_type", "how it is attached", (in r, in to) => to.Text(Row.Utf8(r.Attachment.Type))),
        new("detail", "mode, order, priority", (in r, in to) => to.Text(Row.Utf8(r.Attachment.Detail)), (in r) => r.Attachment.Detail.Length > 0),
        new("prog_id", "the program's id", (in r, in to) => to.Number(r.Attachment.ProgId), (in r) => r.Attachment.ProgId != 0),
        new("prog_name", "the program's name", (in r, in to) => to.Text(r.ProgName), (in r) => !r.ProgName.IsEmpty),
        new("link_id", "the link that holds it; absent: attached without one", (in r, in to) => to.Number(r.Attachment.LinkId), (in r) => r.Attachment.LinkId != 0),
    ];

    /// <summary>An attachment and its program's name.</summary>
    internal readonly ref struct Row(Attachment attachment, ReadOnlySpan<byte> progName)
    {
        public Attachment Attachment { get; } = attachment;

        public ReadOnlySpan<byte> ProgName { get; } = progName;

        public static byte[] Utf8(string text) => System.Text.Encoding.UTF8.GetBytes(text);
    }
}

/// <summary><c>attachments</c> and <c>attachments.json</c>: everything that is attached to anything, with and without links.</summary>
internal static class AttachmentFiles
{
    /// <summary><c>kind target attach_type detail prog ID name link ID</c>, in columns.</summary>
    public static int Text(ViewContext context, ulong key, TextBuffer to)
    {
        List<Attachment> all = [];
        int errno = Collect(context, all);
        if (errno != 0) return errno;
        to.Append("kind        attach_type              prog name             target\n"u8);
        foreach (Attachment a in all)
        {
            int start = to.Length;
            Append(a.Kind, to);
            to.PadTo(start, 12);
            Append(a.Type, to);
            to.PadTo(start, 36);
            to.AppendRight(a.ProgId, 5);
            to.Append((byte)' ');
            int name = to.Length;
            if (Progs.Read(context, a.ProgId, out Prog prog) == 0) to.AppendText(prog.Record.name.Text);
            to.PadTo(name, 16);
            to.Append((byte)' ');
            to.AppendText(a.Target);
            if (a.Detail.Length > 0)
            {
                to.Append((byte)' ');
                to.AppendText(System.Text.Encoding.UTF8.GetBytes(a.Detail)); // a tc filter's name is foreign text
            }
            if (a.LinkId != 0)
            {
                to.Append(" link "u8);
                to.Append((ulong)a.LinkId);
            }
            to.Append((byte)'\n');
        }
        return 0;
    }

    /// <summary>An array, an object for each.</summary>
    public static int Json(ViewContext context, ulong key, TextBuffer to)
    {
        List<Attachment> all = [];
        int errno = Collect(context, all);
        if (errno != 0) return errno;
        System.Text.Json.Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        foreach (Attachment a in all)
        {
            Attachment.Row row = Progs.Read(context, a.ProgId, out Prog prog) == 0 ? new(a, prog.Record.name.Text) : new(a, default);
            FieldFiles.WriteJson(Attachment.Fields, row, json);
        }
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return 0;
    }

    /// <summary>
    /// Links first, then what is attached without one. A source that fails (no netlink, no cgroup2) leaves out its own and is noted in
    /// <c>status</c>.
    /// </summary>
    public static int Collect(ViewContext context, List<Attachment> to)
    {
        int errno = LinkAttachments.Collect(context, to);
        if (errno != 0) return errno;
        Note(context, "devices", DeviceAttachments.Collect(to));
        Note(context, "cgroups", CgroupAttachments.Collect(to));
        return 0;
    }

    private static void Note(ViewContext context, string source, int errno)
    {
        if (errno != 0) context.Errors.Add($"attachments: {source}: {System.Runtime.InteropServices.Marshal.GetPInvokeErrorMessage(errno)}");
    }

    private static void Append(string text, TextBuffer to) => to.Append(System.Text.Encoding.UTF8.GetBytes(text));
}
