using System.Globalization;
using System.Runtime.InteropServices;
using static BpfFs.Attachments.Netlink;

namespace BpfFs.Attachments;

/// <summary>What is attached to network devices without a link: XDP and tc, in the server's network namespace.</summary>
internal static class DeviceAttachments
{
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_XDP = 43;
    private const ushort IFLA_XDP_PROG_ID = 4;
    private const ushort TCA_KIND = 1;
    private const ushort TCA_OPTIONS = 2;
    private const ushort TCA_BPF_NAME = 7;
    private const ushort TCA_BPF_ID = 11;
    private const int IfInfoSize = 16; // struct ifinfomsg: family, pad, type (2), index (4), flags (4), change (4)
    private const int TcMsgSize = 20; // struct tcmsg: family, pad (3), ifindex (4), handle (4), parent (4), info (4)
    private static readonly (ushort Attribute, string Mode)[] s_xdpModes = [(5, "driver"), (6, "generic"), (7, "offload")]; // IFLA_XDP_{DRV,SKB,HW}_PROG_ID

    /// <summary>Where filters hang: the classes of clsact and the plain ingress qdisc.</summary>
    private static readonly (uint Parent, string Name)[] s_parents = [(0xFFFFFFF2, "tc_ingress"), (0xFFFFFFF3, "tc_egress"), (0xFFFF0000, "tc_ingress"), (0, "tc")];

    public static int Collect(List<Attachment> to)
    {
        using Netlink? netlink = TryOpen(out int errno);
        if (netlink is null) return errno;
        List<(int Index, byte[] Name)> devices = [];
        Span<byte> ifinfo = stackalloc byte[IfInfoSize];
        ifinfo.Clear();
        errno = netlink.Dump(RTM_GETLINK, ifinfo, message =>
        {
            if (message.Length < IfInfoSize) return;
            byte[] name = Text(message[IfInfoSize..], IFLA_IFNAME).ToArray();
            devices.Add((MemoryMarshal.Read<int>(message[4..]), name));
            AddXdp(name, Attribute(message[IfInfoSize..], IFLA_XDP), to);
        });
        foreach ((int index, byte[] name) in devices)
        {
            if (errno != 0) break;
            errno = CollectFilters(netlink, index, name, to);
        }
        return errno;
    }

    private static void AddXdp(byte[] device, ReadOnlySpan<byte> xdp, List<Attachment> to)
    {
        bool found = false;
        foreach ((ushort attribute, string mode) in s_xdpModes)
        {
            uint id = Number(xdp, attribute);
            if (id != 0) found |= Add(device, "xdp", mode, id, to);
        }
        if (!found && Number(xdp, IFLA_XDP_PROG_ID) is not 0 and uint only) Add(device, "xdp", "", only, to);
    }

    private static int CollectFilters(Netlink netlink, int index, byte[] device, List<Attachment> to)
    {
        Span<byte> tcmsg = stackalloc byte[TcMsgSize];
        HashSet<(uint, uint, uint)> seen = [];
        foreach ((uint parent, string type) in s_parents)
        {
            tcmsg.Clear();
            MemoryMarshal.Write(tcmsg[4..], index);
            MemoryMarshal.Write(tcmsg[12..], parent);
            int errno = netlink.Dump(RTM_GETTFILTER, tcmsg, message =>
            {
                if (message.Length < TcMsgSize || !Text(message[TcMsgSize..], TCA_KIND).SequenceEqual("bpf"u8)) return;
                ReadOnlySpan<byte> options = Attribute(message[TcMsgSize..], TCA_OPTIONS);
                uint id = Number(options, TCA_BPF_ID);
                uint handle = MemoryMarshal.Read<uint>(message[8..]);
                uint preference = MemoryMarshal.Read<uint>(message[16..]) >> 16; // info: priority, protocol
                if (id == 0 || !seen.Add((MemoryMarshal.Read<uint>(message[12..]), handle, preference))) return;
                string name = System.Text.Encoding.UTF8.GetString(Text(options, TCA_BPF_NAME));
                Add(device, type, string.Create(CultureInfo.InvariantCulture, $"pref {preference} handle 0x{handle:x} {name}").TrimEnd(), id, to);
            });
            // A kernel without traffic control, or a device without qdiscs, has no filters.
            if (errno != 0 && errno != Tmds.Linux.LibC.EOPNOTSUPP && errno != Tmds.Linux.LibC.EINVAL && errno != Tmds.Linux.LibC.ENOENT) return errno;
        }
        return 0;
    }

    /// <summary>A program that a link has attached there already stands in the list.</summary>
    private static bool Add(byte[] device, string type, string detail, uint prog, List<Attachment> to)
    {
        bool isLinked = to.Exists(a => a.LinkId != 0 && a.ProgId == prog && a.Kind == "device" && a.Type == type && a.Target.AsSpan().SequenceEqual(device));
        if (!isLinked) to.Add(new Attachment("device", device, type, detail, prog, 0));
        return true;
    }
}
