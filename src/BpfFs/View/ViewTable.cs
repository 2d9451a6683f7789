using BpfFs.Attachments;
using BpfFs.KernelTables;
using BpfFs.Metrics;
using BpfFs.Net;
using BpfFs.Objects;
using BpfFs.Objects.Code;
using BpfFs.Tasks;
using BpfFs.UserFiles;
using Iterators;

namespace BpfFs.View;

/// <summary>
/// Every path of the view. A new file is one row here and, if its shape is new, one renderer. Directories stand before what is in them.
/// </summary>
internal static class ViewTable
{
    /// <summary>The rows that this kernel may have the programs for.</summary>
    public static Tree Build(IteratorSet iterators) => Build(iterators, [], out _)!;

    /// <summary>The same, of the parts that are wanted. A part is a name in the root, whatever follows its first dot: <c>progs</c> is progs.debug, too.</summary>
    /// <param name="iterators">Those that this kernel has.</param>
    /// <param name="subset">Empty: all parts.</param>
    /// <param name="unknown">The first that is no part; the result is then null.</param>
    public static Tree? Build(IteratorSet iterators, IReadOnlyCollection<string> subset, out string? unknown)
    {
        Row[] rows = [.. Rows(iterators)];
        unknown = subset.FirstOrDefault(part => !rows.Any(row => IsIn(row, part)));
        if (unknown is not null) return null;
        return new Tree(subset.Count == 0 ? rows : rows.Where(row => row.Path is "" or "README" or "status" || subset.Any(part => IsIn(row, part))));
    }

    /// <summary>The parts there are.</summary>
    public static IEnumerable<string> Parts(IteratorSet iterators) => Rows(iterators).Select(PartOf).Where(part => part.Length > 0).Distinct();

    private static bool IsIn(Row row, string part) => part.Length > 0 && (PartOf(row) == part || RootNameOf(row) == part);

    private static string PartOf(Row row) => RootNameOf(row).Split('.')[0];

    private static string RootNameOf(Row row) => row.Path.Split('/')[0];

    private static IEnumerable<Row> Rows(IteratorSet has) =>
    [
        new DirectoryRow(""),
        new FileRow("README", Tier.Public, Readme.Render),
        new FileRow("status", Tier.Public, Status.Render),

        new FileRow("progs.debug", Tier.Public, ProgTable.Debug),
        new FileRow("maps.debug", Tier.Public, Maps.Debug),
        new FileRow("links.debug", Tier.Public, Links.Debug),
        new FileRow("progs.json", Tier.Public, Progs.AllJson),
        new FileRow("maps.json", Tier.Public, Maps.AllJson),
        new FileRow("progs.stats.json", Tier.Group, Progs.AllStatsJson),
        new FileRow("maps.stats.json", Tier.Group, Maps.AllStatsJson),
        new FileRow("links.json", Tier.Public, Links.AllJson),
        new FileRow("attachments", Tier.Public, AttachmentFiles.Text) { MayWait = true }, // rtnetlink
        new FileRow("attachments.json", Tier.Public, AttachmentFiles.Json) { MayWait = true },
        new FileRow("graph.dot", Tier.Public, Graph.Render),
        .. If(has.Holders, new FileRow("graph.holders.dot", Tier.Processes, Graph.RenderWithHolders)),

        new DirectoryRow("metrics"),
        new FileRow("metrics/bpf.prom", Tier.Group, MetricsFile.Render) { IsOfNow = true },

        new DirectoryRow("progs", new ObjectIds(Progs.Kind)),
        .. Group(Progs.Kind, "by-name", GroupBy.Name),
        .. Group(Progs.Kind, "by-type", GroupBy.Type),
        .. Group(Progs.Kind, "by-tag", GroupBy.Tag),
        new DirectoryRow("progs/<id>") { Subject = Progs.Kind },
        .. FieldFiles.Rows<Prog>(Progs.Kind, Prog.Fields, Progs.Read),
        new FileRow("progs/<id>/memory", Tier.Public, ProgMemory.Render) { Subject = Progs.Kind },
        new FileRow("progs/<id>/stats", Tier.Group, Progs.Stats) { Subject = Progs.Kind, CountsRuns = true },
        new FileRow("progs/<id>/attached", Tier.Public, AttachmentFiles.OfProg) { Subject = Progs.Kind, MayWait = true },
        new FileRow("progs/<id>/links", Tier.Public, Relations.LinksOf) { Subject = Progs.Kind },
        new FileRow("progs/<id>/extended_by", Tier.Public, Relations.ExtendedBy) { Subject = Progs.Kind },
        new StreamRow("progs/<id>/tail_calls", Tier.Public, new TailCalls()) { Subject = Progs.Kind },
        .. If(has.Holders, new FileRow("progs/<id>/pids", Tier.Processes, Holders.OfProg) { Subject = Progs.Kind }),
        .. If(has.Pinned, new FileRow("progs/<id>/pinned", Tier.Group, PinPaths.Of(Progs.Kind, pin_what.PIN_PROG)) { Subject = Progs.Kind }),
        new FileRow("progs/<id>/kfuncs", Tier.Public, Kfuncs.Render) { Subject = Progs.Kind, Lasts = true, IsThere = () => has.Code.HasNames },
        new FileRow("progs/<id>/xlated", Tier.Private, CodeFiles.Xlated) { Subject = Progs.Kind, Lasts = true, Exists = CodeFiles.HasXlated },
        new FileRow("progs/<id>/jited", Tier.Private, CodeFiles.Jited) { Subject = Progs.Kind, Lasts = true, Exists = CodeFiles.HasJited, IsThere = () => has.Code.HasMachineCode },
        new FileRow("progs/<id>/source", Tier.Private, CodeFiles.Source) { Subject = Progs.Kind, Lasts = true, Exists = CodeFiles.HasSource },
        new SymlinkRow("progs/<id>/btf", Btfs.LinkFromProg) { Subject = Progs.Kind },
        new DirectoryRow("progs/<id>/maps", new UsedMaps()) { Subject = Progs.Kind },
        new SymlinkRow("progs/<id>/maps/<map>", To("../../../maps/"u8)) { Subject = Maps.Kind },

        new DirectoryRow("maps", new ObjectIds(Maps.Kind)),
        .. Group(Maps.Kind, "by-name", GroupBy.Name),
        .. Group(Maps.Kind, "by-type", GroupBy.Type),
        new DirectoryRow("maps/<id>") { Subject = Maps.Kind },
        .. FieldFiles.Rows<Map>(Maps.Kind, Map.Fields, Maps.Read),
        new FileRow("maps/<id>/progs", Tier.Public, Maps.UsedBy) { Subject = Maps.Kind },
        .. If(has.Holders, new FileRow("maps/<id>/pids", Tier.Processes, Holders.OfMap) { Subject = Maps.Kind }),
        .. If(has.Pinned, new FileRow("maps/<id>/pinned", Tier.Group, PinPaths.Of(Maps.Kind, pin_what.PIN_MAP)) { Subject = Maps.Kind }),
        new SymlinkRow("maps/<id>/btf", Btfs.LinkFromMap) { Subject = Maps.Kind },
        new StreamRow("maps/<id>/entries", Tier.Private, new Elements(asBpftool: false)) { Subject = Maps.Kind },
        new StreamRow("maps/<id>/entries.json", Tier.Private, new Elements(asBpftool: true)) { Subject = Maps.Kind },

        .. LinkRows(has),

        new FileRow("btf.json", Tier.Public, Btfs.AllJson),
        new DirectoryRow("btf", new ObjectIds(Btfs.Kind)),
        new DirectoryRow("btf/<id>") { Subject = Btfs.Kind },
        .. FieldFiles.Rows<BtfObject>(Btfs.Kind, BtfObject.Fields, Btfs.Read),
        new FileRow("btf/<id>/progs", Tier.Public, Btfs.ProgsOf) { Subject = Btfs.Kind },
        new FileRow("btf/<id>/maps", Tier.Public, Btfs.MapsOf) { Subject = Btfs.Kind },
        .. If(has.Holders, new FileRow("btf/<id>/pids", Tier.Processes, Holders.OfBtf) { Subject = Btfs.Kind }),
        new StreamRow("btf/<id>/c", Tier.Public, new BtfDeclarations()) { Subject = Btfs.Kind, IsShared = true },

        .. TaskRows.Rows(has),
        .. KernelTableRows.Rows(has),
        .. UserRows.Rows(),
        .. NetRows(has.Net),

        .. If(has.Holders, new DirectoryRow("pids", new HolderPids(), Tier.Processes)),
        .. If(has.Holders, new FileRow("pids/<pid>", Tier.Processes, Holders.OfProcess)),
    ];

    private static IEnumerable<Row> LinkRows(IteratorSet has) =>
    [
        new DirectoryRow("links", new ObjectIds(Links.Kind)),
        .. Group(Links.Kind, "by-type", GroupBy.Type),
        new DirectoryRow("links/<id>") { Subject = Links.Kind },
        .. FieldFiles.Rows<Link>(Links.Kind, Link.Fields, Links.Read),
        new FileRow("links/<id>/target", Tier.Public, Links.Target) { Subject = Links.Kind },
        .. If(has.Holders, new FileRow("links/<id>/pids", Tier.Processes, Holders.OfLink) { Subject = Links.Kind }),
        .. If(has.Pinned, new FileRow("links/<id>/pinned", Tier.Group, PinPaths.Of(Links.Kind, pin_what.PIN_LINK)) { Subject = Links.Kind }),
        new SymlinkRow("links/<id>/prog", Links.ProgLink) { Subject = Links.Kind },
    ];

    /// <summary>Sockets and routes of the reader's network namespace.</summary>
    private static IEnumerable<Row> NetRows(NetIterators has) =>
    [
        new DirectoryRow("net") { IsThere = () => has.MayHaveAny },
        .. NetFiles(has, NetTable.Tcp, Tier.Public, TcpFields.V4),
        .. NetFiles(has, NetTable.Tcp6, Tier.Public, TcpFields.V6),
        .. NetFiles(has, NetTable.Udp, Tier.Public, UdpFields.V4),
        .. NetFiles(has, NetTable.Udp6, Tier.Public, UdpFields.V6),
        .. NetFiles(has, NetTable.Quic, Tier.Public, UdpFields.Quic, QuicEvidence.IsListed),
        .. NetFiles(has, NetTable.Unix, Tier.Public, UnixFields.All),
        .. NetFiles(has, NetTable.Netlink, Tier.Public, NetlinkFields.All),
        .. NetFiles(has, NetTable.Ipv6Route, Tier.Public, RouteFields.All),
        .. NetFiles(has, NetTable.Owners, Tier.Processes, OwnerFields.All, OwnerFields.IsOfReader),
    ];

    private static Row[] NetFiles<T>(NetIterators has, NetTable table, Tier tier, Field<NetEntry<T>>[] fields, IsListed<T>? isListed = null)
        where T : unmanaged =>
    [
        new StreamRow($"net/{table.Name}", tier, new NetFile<T>(table, fields, asJson: false, isListed)) { ByAsker = NetNode.KeyOfAsker, MayWait = true, IsThere = () => has.Has(table) },
        new StreamRow($"net/{table.Name}.json", tier, new NetFile<T>(table, fields, asJson: true, isListed)) { ByAsker = NetNode.KeyOfAsker, MayWait = true, IsThere = () => has.Has(table) },
    ];

    /// <summary>A directory of the values, in each a symlink per object: names, types and tags are not unique.</summary>
    private static Row[] Group(ObjectKind kind, string name, GroupBy by) =>
    [
        new DirectoryRow($"{kind.Plural}/{name}", new Groups(kind, by)),
        new DirectoryRow($"{kind.Plural}/{name}/<value>", new GroupMembers(kind, by)),
        new SymlinkRow($"{kind.Plural}/{name}/<value>/<id>", To("../../"u8)) { Subject = kind },
    ];

    private static Row[] If(object? iterator, Row row) => iterator is null ? [] : [row];

    /// <summary>A symlink to a directory named by the object's id.</summary>
    private static Render To(ReadOnlySpan<byte> directory)
    {
        byte[] prefix = directory.ToArray();
        return (_, key, to) =>
        {
            to.Append(prefix);
            to.Append(key);
            return 0;
        };
    }
}
