using System.Runtime.InteropServices;
using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Attachment;
using static BpfFs.Attachments.Netlink;
using static Tmds.Linux.LibC;

namespace BpfFs.Attachments;

/// <summary>
/// tc filters (cls_bpf), in all network namespaces that can be entered: by rtnetlink, as their lists are deep in modules. Only devices with a
/// queueing discipline that can have filters are asked.
/// </summary>
internal static class TcAttachments
{
    private const ushort TCA_KIND = 1;
    private const ushort TCA_OPTIONS = 2;
    private const ushort TCA_BPF_NAME = 7;
    private const ushort TCA_BPF_ID = 11;
    private const int TcMsgSize = 20; // struct tcmsg: family, pad (3), ifindex (4), handle (4), parent (4), info (4)
    private const uint IngressHandle = 0xFFFF0000; // TC_H_CLSACT and TC_H_INGRESS
    private const uint ClsactIngress = 0xFFFFFFF2; // its TC_H_MIN_INGRESS
    private const uint ClsactEgress = 0xFFFFFFF3;
    private const uint Root = 0xFFFFFFFF; // TC_H_ROOT
    private const int StackSize = 256 * 1024;

    public static int Collect(ViewContext context, List<Attachment> to)
    {
        List<net_record> records = [];
        int errno = NetDevices.Read(context, records);
        if (errno != 0) return errno;
        var namespaces = records.Where(r => r.what == net_what.NET_TC).GroupBy(r => r.netns).ToList();
        IGrouping<uint, net_record>? own = namespaces.Find(n => n.Key == NetNamespaces.Own);
        if (own is not null) errno = CollectNamespace(own, to);
        if (namespaces.Count > (own is null ? 0 : 1))
        {
            // A thread that has left its namespace is no use for anything else: it does not come back.
            int failed = 0;
            var thread = new Thread(() => failed = CollectOthers(namespaces, to), StackSize);
            thread.Start();
            thread.Join();
            if (errno == 0) errno = failed;
        }
        return errno;
    }

    /// <summary>The last errno: one namespace that cannot be entered does not hide the others.</summary>
    private static int CollectOthers(List<IGrouping<uint, net_record>> namespaces, List<Attachment> to)
    {
        int failed = 0;
        foreach (IGrouping<uint, net_record> devices in namespaces)
        {
            if (devices.Key == NetNamespaces.Own) continue;
            int errno = NetNamespaces.Enter(devices.Key, devices.First().ns_id);
            if (errno == 0) errno = CollectNamespace(devices, to);
            if (errno != 0 && errno != ESTALE) failed = errno; // ESTALE: the namespace is gone
        }
        return failed;
    }

    private static int CollectNamespace(IEnumerable<net_record> devices, List<Attachment> to)
    {
        using Netlink? netlink = TryOpen(out int errno);
        if (netlink is null) return errno;
        List<(int Ifindex, uint Handle, uint Parent)> qdiscs = [];
        errno = Dump(netlink, RTM_GETQDISC, 0, 0, message =>
            qdiscs.Add((MemoryMarshal.Read<int>(message[4..]), MemoryMarshal.Read<uint>(message[8..]), MemoryMarshal.Read<uint>(message[12..]))));
        foreach (net_record device in devices)
        {
            if (errno != 0) break;
            List<uint> parents = [];
            foreach ((int ifindex, uint handle, uint parent) in qdiscs)
            {
                if (ifindex != device.ifindex) continue;
                if (handle == IngressHandle) parents.AddRange([ClsactIngress, ClsactEgress, IngressHandle]);
                else if (handle != 0) parents.Add(handle);
                else if (parent == Root) parents.Add(0); // the device's default
            }
            if (parents.Exists(p => p is not (ClsactIngress or ClsactEgress or IngressHandle)))
                errno = Dump(netlink, RTM_GETTCLASS, (int)device.ifindex, 0, message => parents.Add(MemoryMarshal.Read<uint>(message[8..])));
            if (errno == 0) errno = CollectFilters(netlink, device, parents, to);
        }
        return errno;
    }

    private static int CollectFilters(Netlink netlink, net_record device, List<uint> parents, List<Attachment> to)
    {
        HashSet<(uint, uint, uint)> seen = [];
        foreach (uint parent in parents)
        {
            int errno = Dump(netlink, RTM_GETTFILTER, (int)device.ifindex, parent, message =>
            {
                ReadOnlySpan<byte> attributes = message[TcMsgSize..];
                if (!Netlink.Text(attributes, TCA_KIND).SequenceEqual("bpf"u8)) return;
                ReadOnlySpan<byte> options = Attribute(attributes, TCA_OPTIONS);
                uint id = Number(options, TCA_BPF_ID);
                uint handle = MemoryMarshal.Read<uint>(message[8..]), at = MemoryMarshal.Read<uint>(message[12..]);
                uint preference = MemoryMarshal.Read<uint>(message[16..]) >> 16; // info: priority, protocol
                if (id == 0 || !seen.Add((at, handle, preference))) return;
                string type = parent is ClsactIngress or IngressHandle ? "tc_ingress" : parent == ClsactEgress ? "tc_egress" : "tc";
                byte[] where = Utf8(type == "tc" ? $"parent {at >> 16:x}:{at & 0xFFFF:x} pref {preference} handle 0x{handle:x}" : $"pref {preference} handle 0x{handle:x}");
                ReadOnlySpan<byte> name = Netlink.Text(options, TCA_BPF_NAME);
                to.Add(new Attachment("device", device.name.Text.ToArray(), type, id, 0)
                {
                    Detail = name.IsEmpty ? where : [.. where, (byte)' ', .. name],
                    Ifindex = device.ifindex,
                    Netns = device.netns,
                });
            });
            if (errno != 0) return errno;
        }
        return 0;
    }

    /// <summary>What there is nothing of is no error: the device is gone, or its discipline has no such thing.</summary>
    private static int Dump(Netlink netlink, ushort what, int ifindex, uint parent, Visitor visit)
    {
        Span<byte> tcmsg = stackalloc byte[TcMsgSize];
        tcmsg.Clear();
        MemoryMarshal.Write(tcmsg[4..], ifindex);
        MemoryMarshal.Write(tcmsg[12..], parent);
        int errno = netlink.Dump(what, tcmsg, message =>
        {
            if (message.Length >= TcMsgSize) visit(message);
        });
        return errno == EOPNOTSUPP || errno == EINVAL || errno == ENOENT || errno == ENODEV ? 0 : errno;
    }
}
