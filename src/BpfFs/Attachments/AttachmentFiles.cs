using System.Text.Json;
using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;

namespace BpfFs.Attachments;

/// <summary>Everything that is attached to anything, with and without links: the two files of all, and the one of a program.</summary>
internal static class AttachmentFiles
{
    /// <summary><c>attachments</c>: <c>kind attach_type prog ID name target ...</c>, in columns.</summary>
    public static int Text(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = AttachmentSources.Collect(context, 0, out List<Attachment> all);
        if (errno != 0) return errno;
        to.Append("kind        attach_type              prog name             target\n"u8);
        foreach (Attachment a in all)
        {
            int start = AppendHow(a, to);
            to.PadTo(start, 36);
            to.AppendRight(a.ProgId, 5);
            to.Append((byte)' ');
            int name = to.Length;
            if (a.ProgId != 0 && Progs.Read(context, a.ProgId, out Prog prog) == 0) to.AppendText(prog.Record.name.Text);
            to.PadTo(name, 16);
            to.Append((byte)' ');
            a.AppendTarget(to);
            to.Append((byte)'\n');
        }
        return 0;
    }

    /// <summary><c>attachments.json</c>: an array, an object for each.</summary>
    public static int Json(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = AttachmentSources.Collect(context, 0, out List<Attachment> all);
        if (errno != 0) return errno;
        Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        foreach (Attachment a in all)
        {
            Attachment.Row row = a.ProgId != 0 && Progs.Read(context, a.ProgId, out Prog prog) == 0 ? new(a, prog.Record.name.Text) : new(a, default);
            FieldFiles.WriteJson(Attachment.Fields, row, json);
        }
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return 0;
    }

    /// <summary><c>progs/&lt;id&gt;/attached</c>: the same lines without the program.</summary>
    public static int OfProg(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = AttachmentSources.Collect(context, (uint)key, out List<Attachment> all);
        if (errno != 0) return errno;
        foreach (Attachment a in all)
        {
            int start = AppendHow(a, to);
            to.PadTo(start, 36);
            to.Append((byte)' ');
            a.AppendTarget(to);
            to.Append((byte)'\n');
        }
        return 0;
    }

    private static int AppendHow(Attachment a, TextBuffer to)
    {
        int start = to.Length;
        to.Append(Attachment.Utf8(a.Kind));
        to.PadTo(start, 12);
        to.Append(Attachment.Utf8(a.Type));
        return start;
    }
}
