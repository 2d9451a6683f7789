using BpfFs.Rendering;
using BpfFs.View;
using Iterators;

namespace BpfFs.Objects;

/// <summary>Links: which program is attached to what. One, or all in one pass.</summary>
internal sealed class Links : ObjectKind
{
    public static readonly Links Kind = new();
    private const int NameSize = 4096; // PATH_MAX, for uprobes

    [ThreadStatic]
    private static LinkReading? t_reading;

    public override string Plural => "links";

    public override EnumNames Types => Names.LinkTypes;

    /// <summary>The kernel does not keep when a link was made.</summary>
    public override int Stat(ViewContext context, uint id, out ulong loadTime)
    {
        loadTime = 0;
        if (IsHeld) return Read(context, id, out _);
        using Fd fd = OneObject.OpenLink(id);
        return fd.Errno;
    }

    public override int Walk<TVisitor>(ViewContext context, ref TVisitor visitor)
    {
        using var walk = new RecordWalk<link_record>(context, context.Iterators.Links!);
        while (walk.MoveNext())
        {
            ref readonly link_record r = ref walk.Current;
            visitor.Visit(r.id, 0, r.type, r.prog_name.Text, default);
        }
        return walk.Errno;
    }

    public override int VisitOne<TVisitor>(ViewContext context, uint id, ref TVisitor visitor)
    {
        int errno = Read(context, id, out Link link);
        if (errno == 0) visitor.Visit(id, 0, link.Record.type, link.Record.prog_name.Text, default);
        return errno;
    }

    /// <summary>One link; valid until this thread reads the next.</summary>
    public static int Read(ViewContext context, uint id, out Link link)
    {
        LinkReading reading = t_reading ??= new();
        link = default;
        if (!reading.Has(id))
        {
            int errno = context.Iterators.One.ReadLink(id, out reading.Value.Record, out reading.Value.Info, reading.Name);
            if (reading.Took(id, errno) != 0) return errno;
        }
        link.Record = ref reading.Value.Record.link;
        link.Info = ref reading.Value.Info;
        link.Funcs = link.Record.type == LinkType.TracingMulti || context.Iterators.One.ReadsLinkFuncs ? reading.Funcs ??= new KernelLinkFuncs(context) : null;
        int end = reading.Name.AsSpan().IndexOf((byte)0);
        link.Name = reading.Name.AsSpan(0, Math.Max(end, 0));
        if (link.Record.type == LinkType.Tracing && Progs.Read(context, link.Record.prog_id, out Prog prog) == 0) link.ProgType = prog.Record.type;
        link.CgroupPath = CgroupPaths.Of(link.Record.cgroup_id);
        return 0;
    }

    /// <summary><c>links.json</c>: every link; one that cannot be read has an <c>error</c> and what the iterator told of it.</summary>
    public static int AllJson(ViewContext context, ulong key, TextBuffer to)
    {
        using var walk = new RecordWalk<link_record>(context, context.Iterators.Links!);
        System.Text.Json.Utf8JsonWriter json = to.StartJson();
        json.WriteStartArray();
        while (walk.MoveNext())
        {
            int errno = Read(context, walk.Current.id, out Link link);
            if (errno == Tmds.Linux.LibC.ENOENT) continue; // gone since
            if (errno == 0)
            {
                FieldFiles.WriteJson(Link.Fields, link, json);
                continue;
            }
            Link known = new(walk.Current) { Error = errno };
            FieldFiles.WriteJson(Link.Fields, known, json);
        }
        json.WriteEndArray();
        json.Flush();
        to.Append((byte)'\n');
        return walk.Errno;
    }

    /// <summary><c>links/&lt;id&gt;/target</c>: what it is attached to, in one line for a person.</summary>
    public static int Target(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Read(context, (uint)key, out Link link);
        if (errno != 0) return errno;
        int start = to.Length;
        LinkTarget.Append(link, to);
        to.WrittenSpan[(start + 1)..].CopyTo(to.WrittenSpan[start..]); // without the separating space
        to.WrittenSpan[^1] = (byte)'\n';
        return 0;
    }

    /// <summary><c>links/&lt;id&gt;/prog</c>.</summary>
    public static int ProgLink(ViewContext context, ulong key, TextBuffer to)
    {
        int errno = Read(context, (uint)key, out Link link);
        if (errno != 0) return errno;
        if (link.Record.prog_id == 0) return Tmds.Linux.LibC.ENOENT;
        to.Append("../../progs/"u8);
        to.Append((ulong)link.Record.prog_id);
        return 0;
    }

    /// <summary><c>links.debug</c>: <c>id type prog target</c>.</summary>
    public static int Debug(ViewContext context, ulong key, TextBuffer to)
    {
        using var walk = new RecordWalk<link_record>(context, context.Iterators.Links!);
        to.Append("  id type           prog             target\n"u8);
        while (walk.MoveNext())
        {
            ref readonly link_record r = ref walk.Current;
            AppendIdAndType(r, to);
            int prog = to.Length;
            to.AppendText(r.prog_name.Text);
            to.PadTo(prog, 16);
            LinkTarget.Append(context, r, to);
            to.Append((byte)'\n');
        }
        return walk.Errno;
    }

    private static void AppendIdAndType(in link_record r, TextBuffer to)
    {
        to.AppendRight(r.id, 4);
        to.Append((byte)' ');
        int type = to.Length;
        Span<byte> digits = stackalloc byte[10];
        to.Append(Names.LinkTypes.Of(r.type, digits));
        to.PadTo(type, 14);
        to.Append((byte)' ');
    }

    /// <summary>One reading of a link; its name is kept beside it.</summary>
    private sealed class LinkReading : Reading<(one_link_record Record, bpf_link_info Info)>
    {
        public byte[] Name { get; } = new byte[NameSize];

        public KernelLinkFuncs? Funcs { get; set; }
    }
}
