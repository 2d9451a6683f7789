using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>Links: which program is attached to what.</summary>
internal static class Links
{
    /// <summary><c>links.debug</c>: <c>id type prog target</c>.</summary>
    public static int Debug(ViewContext context, ulong key, TextBuffer to)
    {
        using Fd fd = context.Iterators.Links!.Create();
        if (fd.Errno != 0) return fd.Errno;
        to.Append("  id type           prog             target\n"u8);
        ReadBuffer buffer = context.ReadBuffers.Rent();
        var reader = new RecordReader<link_record>(fd, buffer.Span);
        while (reader.MoveNext())
        {
            ref readonly link_record r = ref reader.Current;
            AppendIdAndType(r, to);
            int prog = to.Length;
            to.AppendText(r.prog_name.Text);
            to.PadTo(prog, 16);
            AppendTarget(r, to);
            to.Append((byte)'\n');
        }
        context.ReadBuffers.Return(buffer);
        return reader.Errno;
    }

    /// <summary><c>progs/&lt;id&gt;/attached</c>: <c>link type target</c>, a line per link of the program.</summary>
    public static int AttachmentsOf(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Progs.Kind.Stat(context, (uint)key, out _);
        if (errno != 0) return errno;
        using Fd fd = context.Iterators.Links!.Create();
        if (fd.Errno != 0) return fd.Errno;
        ReadBuffer buffer = context.ReadBuffers.Rent();
        var reader = new RecordReader<link_record>(fd, buffer.Span);
        while (reader.MoveNext())
        {
            ref readonly link_record r = ref reader.Current;
            if (r.prog_id != key) continue;
            AppendIdAndType(r, to);
            to.Truncate(to.Length - 1);
            AppendTarget(r, to);
            to.Append((byte)'\n');
        }
        context.ReadBuffers.Return(buffer);
        return reader.Errno;
    }

    private static void AppendIdAndType(in link_record r, TextBuffer to)
    {
        to.AppendRight(r.id, 4);
        to.Append((byte)' ');
        int type = to.Length;
        Span<byte> digits = stackalloc byte[10];
        to.Append(Names.Of(Names.LinkTypes, r.type, digits));
        to.PadTo(type, 14);
        to.Append((byte)' ');
    }

    /// <summary>What a link is attached to, for a person: function and target program, tracepoint, device, cgroup.</summary>
    private static void AppendTarget(in link_record r, TextBuffer to)
    {
        AppendPart(r.target_func.Text, to);
        AppendPart(r.target_name.Text, to);
        if (r.cgroup_id == 0) return;
        to.Append(" cgroup:"u8);
        to.Append(r.cgroup_id);
    }

    private static void AppendPart(ReadOnlySpan<byte> part, TextBuffer to)
    {
        if (part.IsEmpty) return;
        to.Append((byte)' ');
        to.AppendText(part);
    }
}
