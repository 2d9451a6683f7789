using BpfFs.Objects;
using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Attachment;

namespace BpfFs.Attachments;

/// <summary>
/// Perf events that run a program (PERF_EVENT_IOC_SET_BPF), found by the descriptors of all processes: each event once, however many have it open, and
/// without saying who has. Those of links are recognized by the event's number.
/// </summary>
internal static class PerfAttachments
{
    private const int LongestName = 4096; // PATH_MAX
    private static readonly string[] s_types = ["hardware", "software", "tracepoint", "hw_cache", "raw", "breakpoint"]; // enum perf_type_id

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        int errno = context.Iterators.Attach.PerfDescriptors(out IteratorLink? descriptors);
        if (errno != 0) return errno;
        Dictionary<ulong, perf_event_record> events = [];
        errno = Walk(context, descriptors!, r => events.TryAdd(r.event_id, r));
        if (errno != 0) return errno;
        // Only then the links: an event found above that a link has taken since is the link's.
        Dictionary<ulong, uint> links = [];
        errno = context.Iterators.Attach.PerfLinks(out IteratorLink? ofLinks);
        if (errno == 0)
        {
            errno = Walk(context, ofLinks!, r =>
            {
                links[r.event_id] = r.link_id;
                events.TryAdd(r.event_id, r);
            });
        }
        byte[] name = new byte[LongestName];
        foreach (perf_event_record r in events.Values)
        {
            if (Describe(context, r, links.GetValueOrDefault(r.event_id), name) is { } found) to.Add(found);
        }
        return errno;
    }

    private static int Walk(ViewContext context, IRecordSource link, Action<perf_event_record> visit)
    {
        using var walk = new RecordWalk<perf_event_record>(context, link);
        while (walk.MoveNext()) visit(walk.Current);
        return walk.Errno;
    }

    /// <summary>Null: the link itself says more.</summary>
    private static Attachment? Describe(ViewContext context, in perf_event_record r, uint link, byte[] name)
    {
        if (r.link_id == 0 && PerfQuery.Query(r.tid, r.fd, name, out int length, out uint prog, out PerfEventKind kind, out ulong offset) == 0 && prog == r.prog_id)
        {
            byte[] target = LinkAttachments.ProbeTarget(name.AsSpan(0, length), offset, isFile: kind is PerfEventKind.Uprobe or PerfEventKind.Uretprobe);
            return new Attachment("perf_event", target, TypeOf(kind), prog, link) { Detail = Where(r) };
        }
        // Without a name: an event that only a link has, or (the view in a pid namespace of its own) one that cannot be asked for.
        bool isSampled = Progs.Read(context, r.prog_id, out Prog read) == 0 && read.Record.type == ProgType.PerfEvent;
        if (!isSampled && link != 0) return null;
        byte[] event_ = r.type < s_types.Length ? Utf8($"{s_types[r.type]} {r.config}") : Utf8($"pmu {r.type} {r.config}");
        return new Attachment("perf_event", event_, "event", r.prog_id, link) { Detail = Where(r) };
    }

    private static string TypeOf(PerfEventKind kind) => kind switch
    {
        PerfEventKind.Tracepoint => "tracepoint",
        PerfEventKind.Kprobe => "kprobe",
        PerfEventKind.Kretprobe => "kretprobe",
        PerfEventKind.Uprobe => "uprobe",
        PerfEventKind.Uretprobe => "uretprobe",
        _ => "event",
    };

    /// <summary>On which CPU; of whose task is nobody's business.</summary>
    private static byte[] Where(in perf_event_record r) =>
        Utf8((r.cpu >= 0 ? Invariant($"cpu {r.cpu}") : "") + (r.cpu >= 0 && r.of_task != 0 ? " " : "") + (r.of_task != 0 ? "one task" : ""));

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
