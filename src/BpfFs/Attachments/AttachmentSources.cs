using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using BpfFs.Objects;
using BpfFs.View;

namespace BpfFs.Attachments;

/// <summary>Finds attachments of one sort, whoever's they are.</summary>
/// <param name="name">For <c>status</c>.</param>
/// <param name="progTypes">enum bpf_prog_type: only programs of these can be there, so only for them it is asked.</param>
/// <param name="collect">Fills the list; 0 or an errno, and then what it found until then counts.</param>
internal sealed class AttachmentSource(string name, uint[] progTypes, AttachmentSource.Collector collect)
{
    public delegate int Collector(ViewContext context, List<Attachment> to);

    private readonly Recent<List<Attachment>> _recent = new((ViewContext context, out List<Attachment>? found) =>
    {
        found = [];
        AttachmentSources.Note(name, collect(context, found));
        return 0;
    });

    /// <summary>
    /// Whether it sees the attachments of links without knowing that they are links' (bpf(2) tells only programs).
    /// </summary>
    public Func<ViewContext, bool> IsBlindForLinks { get; init; } = _ => false;

    public bool CanHave(uint progType) => progTypes.Contains(progType) || progType >= Names.ProgTypes.KnownCount;

    public List<Attachment> Get(ViewContext context)
    {
        _recent.Get(context, out List<Attachment> found);
        return found;
    }
}

/// <summary>
/// All sources, and how they become one list. A source that fails (no netlink, no cgroup2) leaves out its own rows and is named in <c>status</c>.
/// </summary>
internal static class AttachmentSources
{
    private static readonly ConcurrentDictionary<string, int> s_failures = new();

    private static readonly AttachmentSource[] s_sources =
    [
        new("devices", [ProgType.SchedCls, ProgType.Xdp, ProgType.FlowDissector, ProgType.SkLookup], NetAttachments.Collect) { IsBlindForLinks = NetDevices.IsBlindForLinks },
        new("tc", [ProgType.SchedCls], TcAttachments.Collect),
        new("cgroups", [ProgType.CgroupSkb, ProgType.CgroupSock, ProgType.SockOps, ProgType.CgroupDevice, ProgType.CgroupSockAddr, ProgType.CgroupSysctl,
            ProgType.CgroupSockopt, ProgType.Lsm], CgroupAttachments.Collect) { IsBlindForLinks = _ => true },
        new("sockmaps", [ProgType.SkSkb, ProgType.SkMsg], SockmapAttachments.Collect) { IsBlindForLinks = _ => true },
        new("struct_ops", [ProgType.StructOps], StructOpsAttachments.Collect),
        new("perf_events", [ProgType.Kprobe, ProgType.Tracepoint, ProgType.PerfEvent], PerfAttachments.Collect),
    ];

    /// <summary>Sources whose last reading failed, and why.</summary>
    public static IEnumerable<(string Name, string Cause)> Failures =>
        s_failures.OrderBy(f => f.Key, StringComparer.Ordinal).Select(f => (f.Key, Marshal.GetPInvokeErrorMessage(f.Value)));

    /// <summary>What is attached, by kind; 0 or an errno: there is no such program, or links cannot be read.</summary>
    /// <param name="context">The view.</param>
    /// <param name="prog">Of this program only; 0: of all.</param>
    /// <param name="found">Everything once.</param>
    public static int Collect(ViewContext context, uint prog, out List<Attachment> found)
    {
        found = [];
        uint type = 0;
        if (prog != 0)
        {
            int missing = Progs.Read(context, prog, out Prog read);
            if (missing != 0) return missing;
            type = read.Record.type;
        }
        // Links last of all: one that is made meanwhile is then claimed by nobody and stands for itself, instead of being taken for an attachment without.
        List<(AttachmentSource Source, List<Attachment> Rows)> sources =
            [.. s_sources.Where(s => prog == 0 || s.CanHave(type)).Select(s => (s, s.Get(context)))];
        List<Attachment> links = [];
        int errno = LinkAttachments.Collect(context, prog, links);
        if (errno != 0) return errno;
        var unclaimed = new LinkRows(links);
        foreach ((AttachmentSource source, List<Attachment> rows) in sources)
        {
            bool isBlind = source.IsBlindForLinks(context);
            foreach (Attachment row in rows)
            {
                if (prog == 0 || row.ProgId == prog) found.Add(unclaimed.Claim(row, isBlind));
            }
        }
        found.AddRange(links.Where(unclaimed.Has));
        found = [.. found.OrderBy(a => Array.IndexOf(Attachment.Kinds, a.Kind))]; // stable: within a kind the order of running stays
        return 0;
    }

    /// <summary>Keeps for <c>status</c> how a source ended.</summary>
    public static void Note(string source, int errno)
    {
        if (errno == 0) s_failures.TryRemove(source, out _);
        else s_failures[source] = errno;
    }

    /// <summary>Links that no source has told of yet.</summary>
    private sealed class LinkRows
    {
        private readonly Dictionary<uint, Attachment> _byId = [];
        private readonly Dictionary<(string, string, uint, string), Queue<uint>> _byTarget = [];

        public LinkRows(List<Attachment> links)
        {
            foreach (Attachment link in links)
            {
                _byId[link.LinkId] = link;
                if (link.Kind is not ("cgroup" or "map" or "device" or "netns")) continue;
                if (!_byTarget.TryGetValue(Key(link), out Queue<uint>? same)) _byTarget[Key(link)] = same = new Queue<uint>();
                same.Enqueue(link.LinkId);
            }
        }

        public bool Has(Attachment link) => _byId.ContainsKey(link.LinkId);

        /// <summary>The source's row, with its link if it has one; the link has then been told of.</summary>
        public Attachment Claim(Attachment row, bool isBlindForLinks)
        {
            if (row.LinkId == 0 && isBlindForLinks && _byTarget.TryGetValue(Key(row), out Queue<uint>? same) && same.TryDequeue(out uint link)) row = row with { LinkId = link };
            if (row.LinkId != 0) _byId.Remove(row.LinkId);
            return row;
        }

        private static (string, string, uint, string) Key(Attachment a) => (a.Kind, a.Type, a.ProgId, System.Text.Encoding.Latin1.GetString(a.Target));
    }
}

/// <summary>enum bpf_prog_type, <c>&lt;linux/bpf.h&gt;</c>: those that are attached in other ways than links.</summary>
internal static class ProgType
{
    public const uint Kprobe = 2;
    public const uint SchedCls = 3;
    public const uint Tracepoint = 5;
    public const uint Xdp = 6;
    public const uint PerfEvent = 7;
    public const uint CgroupSkb = 8;
    public const uint CgroupSock = 9;
    public const uint SockOps = 13;
    public const uint SkSkb = 14;
    public const uint CgroupDevice = 15;
    public const uint SkMsg = 16;
    public const uint CgroupSockAddr = 18;
    public const uint FlowDissector = 22;
    public const uint CgroupSysctl = 23;
    public const uint CgroupSockopt = 25;
    public const uint StructOps = 27;
    public const uint Ext = 28;
    public const uint Lsm = 29;
    public const uint SkLookup = 30;
}
