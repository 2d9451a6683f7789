using BpfFs.Objects;
using BpfFs.Rendering;
using Iterators;

namespace BpfFs.Net;

/// <summary><c>net/unix</c>.</summary>
internal static class UnixFields
{
    private static readonly SockFields<unix_record> s_sock = new((in e) => ref e.Record.sock);

    public static readonly Field<NetEntry<unix_record>>[] All =
    [
        new("type", "type of socket", (in r, in to) => NetWords.Write(to, NetWords.Types, r.Record.type), (in r) => Knows(r.Record, unix_known_flags.UNIX_HAS_TYPE)) { Width = 9 },
        new("state", "state of the socket", (in r, in to) => NetWords.Write(to, NetWords.UnixStates, r.Record.state), (in r) => Knows(r.Record, unix_known_flags.UNIX_HAS_STATE)) { Width = 13 },
        new("flags", "0x10000: it listens", (in r, in to) => to.Flags(r.Record.flags), (in r) => Knows(r.Record, unix_known_flags.UNIX_HAS_STATE)) { Width = 7 },
        .. s_sock.Queues("bytes of memory that hold what was received and not read; of a listener, connections to accept", "bytes of memory that hold what was sent and not read"),
        .. s_sock.Identity,
        new("peer_inode", "inode of the socket it is connected to", (in r, in to) => to.Number(r.Record.peer_inode), (in r) => r.Record.peer_inode != 0) { Width = 10, IsNumber = true },
        .. s_sock.Attached,
        new("path", "path or, after @, abstract name it is bound to", WritePath, (in r) => r.Record.path_len != 0),
    ];

    private static bool Knows(in unix_record r, unix_known_flags what) => ((unix_known_flags)r.known & what) != 0;

    /// <summary>As unix_seq_show(): a path ends before its NUL; an abstract name begins with one, and every NUL of it is @.</summary>
    private static void WritePath(in NetEntry<unix_record> entry, in ValueWriter to)
    {
        ReadOnlySpan<byte> all = entry.Record.path;
        ReadOnlySpan<byte> path = all[..(int)Math.Min(entry.Record.path_len, (uint)all.Length)];
        if (path[0] != 0 && path[^1] == 0) path = path[..^1];
        Span<byte> text = stackalloc byte[path.Length];
        path.Replace(text, (byte)0, (byte)'@');
        to.Text(text);
    }
}

/// <summary><c>net/netlink</c>.</summary>
internal static class NetlinkFields
{
    private static readonly SockFields<netlink_record> s_sock = new((in e) => ref e.Record.sock);

    public static readonly Field<NetEntry<netlink_record>>[] All =
    [
        new("protocol", "netlink protocol", (in r, in to) => NetWords.Write(to, NetWords.NetlinkProtocols, r.Record.protocol), (in r) => Knows(r.Record, netlink_known_flags.NETLINK_HAS_PROTOCOL)) { Width = 14 },
        new("portid", "its address; 0: the kernel's end", (in r, in to) => to.Number(r.Record.portid), (in r) => Knows(r.Record, netlink_known_flags.NETLINK_HAS_PORTID)) { Width = 10, IsNumber = true },
        new("groups", "multicast groups 1 to 64 that it is member of, a bit each", (in r, in to) => to.Flags(r.Record.groups), (in r) => Knows(r.Record, netlink_known_flags.NETLINK_HAS_GROUPS)) { Width = 10 },
        .. s_sock.Queues("bytes of memory that hold what was received and not read", "bytes of memory that hold what is being sent"),
        new("dump", "1: a dump is running", (in r, in to) => to.Number(r.Record.dump), (in r) => Knows(r.Record, netlink_known_flags.NETLINK_HAS_DUMP)) { Width = 4, IsNumber = true },
        .. s_sock.Identity.Where(field => field.Name != "uid"),
        s_sock.Drops,
        .. s_sock.Attached,
    ];

    private static bool Knows(in netlink_record r, netlink_known_flags what) => ((netlink_known_flags)r.known & what) != 0;
}

/// <summary><c>net/ipv6_route</c>.</summary>
internal static class RouteFields
{
    public static readonly Field<NetEntry<route6_record>>[] All =
    [
        new("destination", "where it leads", (in r, in to) => to.Address(r.Record.destination), Knows(route6_known_flags.ROUTE6_HAS_DESTINATION)) { Width = 25 },
        Number("destination_len", "bits of destination that count", 15, (in r) => r.destination_len, route6_known_flags.ROUTE6_HAS_DESTINATION),
        new("source", "for packets from there", (in r, in to) => to.Address(r.Record.source)) { Width = 25 },
        Number("source_len", "bits of source that count", 10, (in r) => r.source_len),
        new("gateway", "next router; ::, there is none", (in r, in to) => to.Address(r.Record.gateway), Knows(route6_known_flags.ROUTE6_HAS_GATEWAY)) { Width = 25 },
        Number("metric", "the least is taken", 10, (in r) => r.metric, route6_known_flags.ROUTE6_HAS_METRIC),
        Number("refcnt", "references of the kernel", 6, (in r) => r.refcnt, route6_known_flags.ROUTE6_HAS_REFCNT),
        new("flags", "RTF_* of <linux/route.h> and <linux/ipv6_route.h>", (in r, in to) => to.Flags(r.Record.flags), Knows(route6_known_flags.ROUTE6_HAS_FLAGS)) { Width = 10 },
        new("dev", "the device", (in r, in to) => to.Text(r.Record.dev.Text), (in r) => !r.Record.dev.Text.IsEmpty) { Width = 8 },
        Number("table", "routing table: 254 main, 255 local", 10, (in r) => r.table, route6_known_flags.ROUTE6_HAS_TABLE),
        new("protocol", "who made it, as `ip route` says", (in r, in to) => WriteProtocol(r.Record.protocol, to), Knows(route6_known_flags.ROUTE6_HAS_PROTOCOL)) { Width = 8 },
        new("type", "type of route", (in r, in to) => NetWords.Write(to, NetWords.RouteTypes, r.Record.type), Knows(route6_known_flags.ROUTE6_HAS_TYPE)) { Width = 11 },
        new("nexthop_id", "id of its nexthop object", (in r, in to) => to.Number(r.Record.nexthop_id), (in r) => r.Record.nexthop_id != 0) { Width = 10, IsNumber = true },
    ];

    private delegate uint NumberOf(in route6_record record);

    private static Field<NetEntry<route6_record>> Number(string name, string meaning, int width, NumberOf value, route6_known_flags known = 0) =>
        new(name, meaning, (in r, in to) => to.Number(value(r.Record)), known == 0 ? null : Knows(known)) { Width = width, IsNumber = true };

    private static Field<NetEntry<route6_record>>.Predicate Knows(route6_known_flags what) => (in r) => ((route6_known_flags)r.Record.known & what) != 0;

    /// <summary>Numbers from 8 on are spread out.</summary>
    private static void WriteProtocol(uint protocol, in ValueWriter to)
    {
        byte[][] names = NetWords.RouteProtocols;
        if (protocol < 5 || (protocol >= 8 && protocol < names.Length)) to.Text(names[protocol]);
        else to.Number(protocol);
    }
}

/// <summary><c>net/pids</c>: who has which socket open.</summary>
internal static class OwnerFields
{
    public static readonly Field<NetEntry<sock_owner_record>>[] All =
    [
        new("inode", "inode of the socket", (in r, in to) => to.Number(r.Record.inode)) { Width = 8, IsNumber = true },
        new("pid", "process, in the initial pid namespace", (in r, in to) => to.Number(r.Record.pid)) { Width = 7, IsNumber = true },
        new("fd", "its descriptor of the socket", (in r, in to) => to.Number(r.Record.fd)) { Width = 6, IsNumber = true },
        new("protocol", "kind of socket", (in r, in to) => NetWords.WriteProtocol(to, r.Record.family, r.Record.type, r.Record.protocol), (in r) => ((sock_owner_known_flags)r.Record.known & sock_owner_known_flags.SOCK_OWNER_HAS_PROTOCOL) != 0) { Width = 8 },
        new("mark", "SO_MARK; absent: 0", (in r, in to) => to.Flags(r.Record.mark), (in r) => r.Record.mark != 0) { Width = 10 },
        new("comm", "name of the process's first thread", (in r, in to) => to.Text(r.Record.comm.Text), (in r) => !r.Record.comm.Text.IsEmpty),
    ];

    public static bool IsOfReader(in sock_owner_record r, uint netns) => r.netns_ino == netns;
}
