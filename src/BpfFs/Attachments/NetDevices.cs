using System.Runtime.InteropServices;
using BpfFs.View;
using Iterators;
using static BpfFs.Attachments.Netlink;
using static Tmds.Linux.LibC;

namespace BpfFs.Attachments;

/// <summary>
/// What network namespaces and their devices run: of all namespaces by a BPF program that walks the kernel's structures; where that is missing, of our own by rtnetlink(7) and
/// BPF_PROG_QUERY, which do not tell which of it are links'.
/// </summary>
internal static class NetDevices
{
    private const int IfInfoSize = 16; // struct ifinfomsg: family, pad, type (2), index (4), flags (4), change (4)
    private const ushort IFLA_IFNAME = 3;
    private const ushort IFLA_XDP = 43;
    private const int MostPrograms = 64; // of one device and attach type: BPF_MPROG_MAX
    private static readonly (ushort Attribute, uint Mode)[] s_xdp = [(6, 0), (5, 1), (7, 2)]; // IFLA_XDP_SKB_PROG_ID, DRV, HW; enum bpf_xdp_mode
    private static readonly (uint AttachType, net_what What, uint Mode)[] s_ofDevice =
    [
        (46, net_what.NET_TCX_INGRESS, 0), (47, net_what.NET_TCX_EGRESS, 0), (54, net_what.NET_NETKIT, 1), (55, net_what.NET_NETKIT, 0), // enum bpf_attach_type
    ];

    private static readonly (uint AttachType, net_what What)[] s_ofNamespace = [(17, net_what.NET_FLOW_DISSECTOR), (36, net_what.NET_SK_LOOKUP)];

    /// <summary>Whether it is not known which attachments are links'.</summary>
    public static bool IsBlindForLinks(ViewContext context) => !context.Iterators.Attach.HasNets;

    /// <summary>Programs of one device and kind come in the order in which they run. 0 or an errno.</summary>
    public static int Read(ViewContext context, List<net_record> to) => IsBlindForLinks(context) ? ReadOwn(to) : context.Iterators.Attach.ReadNets(to);

    private static int ReadOwn(List<net_record> to)
    {
        using Netlink? netlink = TryOpen(out int errno);
        if (netlink is null) return errno;
        Span<byte> request = stackalloc byte[IfInfoSize];
        request.Clear();
        List<net_record> devices = [];
        errno = netlink.Dump(RTM_GETLINK, request, message => TakeDevice(message, devices, to));
        if (errno != 0) return errno;
        Span<uint> ids = stackalloc uint[MostPrograms];
        foreach (net_record device in devices)
        {
            foreach ((uint attachType, net_what what, uint mode) in s_ofDevice)
            {
                // EINVAL: the kernel has no such attach type, or the device is none of netkit's
                if (ProgQuery.QueryDevice(device.ifindex, attachType, ids, out int count) == 0) Add(ids[..count], device with { what = what, mode = mode }, to);
            }
        }
        using Fd ns = Open("/proc/self/ns/net\0"u8);
        foreach ((uint attachType, net_what what) in s_ofNamespace)
        {
            if (ProgQuery.Query(ns, attachType, ids, out int count, out _) == 0) Add(ids[..count], new net_record { netns = NetNamespaces.Own, what = what }, to);
        }
        return 0;
    }

    private static void TakeDevice(ReadOnlySpan<byte> message, List<net_record> devices, List<net_record> to)
    {
        if (message.Length < IfInfoSize) return;
        ReadOnlySpan<byte> attributes = message[IfInfoSize..];
        var device = new net_record { netns = NetNamespaces.Own, ifindex = MemoryMarshal.Read<uint>(message[4..]), what = net_what.NET_TC };
        ReadOnlySpan<byte> name = Netlink.Text(attributes, IFLA_IFNAME);
        name[..Math.Min(name.Length, 15)].CopyTo(device.name);
        devices.Add(device);
        to.Add(device);
        ReadOnlySpan<byte> xdp = Netlink.Attribute(attributes, IFLA_XDP);
        foreach ((ushort attribute, uint mode) in s_xdp)
        {
            if (Netlink.Number(xdp, attribute) is not 0 and uint id) to.Add(device with { what = net_what.NET_XDP, mode = mode, prog_id = id });
        }
    }

    private static void Add(ReadOnlySpan<uint> ids, net_record record, List<net_record> to)
    {
        foreach (uint id in ids) to.Add(record with { prog_id = id });
    }

    private static unsafe Fd Open(ReadOnlySpan<byte> path)
    {
        fixed (byte* p = path)
        {
            int fd = open(p, O_RDONLY | O_CLOEXEC, default);
            return new Fd(fd < 0 ? -errno : fd);
        }
    }
}
