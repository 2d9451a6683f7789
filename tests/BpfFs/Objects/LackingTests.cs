using System.Text.Json;
using BpfFs.KernelTables;
using BpfFs.Net;
using BpfFs.Objects;
using BpfFs.Tests.View;
using Iterators;

namespace BpfFs.Tests.Objects;

/// <summary>On a kernel that has none of the members that are read, what they would tell is absent: a record that only says which object it is has no other field, and no 0 stands for it.</summary>
public sealed class LackingTests
{
    private static readonly NetNames s_names = new(Fakes.Context());

    [Fact]
    public void Programs()
    {
        prog_record record = new() { id = 1, type = 2 };
        Assert.Equal(["id", "type"], Keys(Samples.Json(record, [])));
    }

    [Fact]
    public void Maps()
    {
        map_record record = new() { id = 1, type = 2, numa_node = -1 };
        Assert.Equal(["id", "type", "bytes_memlock"], Keys(Samples.Json(record, Samples.LeastFdInfo()))); // that is fdinfo's
    }

    [Fact]
    public void Links()
    {
        for (uint type = 0; type < 40; type++)
        {
            Link link = new(new link_record { id = 1, type = type, perf_kind = type == LinkType.PerfEvent ? perf_link_kind.PERF_LINK_EVENT : 0 }) { Error = 1 };
            string[] expected = type == LinkType.PerfEvent ? ["id", "type", "perf_event_type", "error"] : ["id", "type", "error"];
            Assert.Equal(expected, Json(Link.Fields, link));
        }
    }

    [Fact]
    public void Sockets_and_routes()
    {
        Assert.Equal([], Entry(TcpFields.V4, new tcp_record { flags = (uint)tcp_sock_flags.TCP_SOCK_FULL, timer = 1, min_rtt = uint.MaxValue }).Except(["uid"]));
        Assert.Equal([], Entry(UdpFields.V6, default).Except(["uid"]));
        Assert.Equal([], Entry(UnixFields.All, default).Except(["uid"]));
        Assert.Equal([], Entry(NetlinkFields.All, default));
        Assert.Equal(["source", "source_len"], Entry(RouteFields.All, default)); // any, where the kernel looks at none
        Assert.Equal(["inode", "pid", "fd"], Entry(OwnerFields.All, default));
    }

    [Fact]
    public void Processes() => Assert.Equal(["pid"], Json(BpfFs.Tasks.TaskStatus.Fields, default(task_record)));

    [Fact]
    public void Tables_of_the_kernel()
    {
        Assert.Equal([], Json(KmemCaches.Table.Fields, default(kmem_cache_record)).Except(["name"]));
        Assert.Equal([], Json(Dmabufs.Table.Fields, default(dmabuf_record)));
        cgroup_row_record cgroup = default;
        Assert.Equal(["id", "level", "path"], Json(Cgroup.Table.Fields, new Cgroup { Record = ref cgroup }));
    }

    [Fact]
    public void Sockets_in_maps()
    {
        using Text.Holder text = new();
        SocketText.Append(new map_socket_record { family = 2, cookie = 5 }, text.Buffer);
        Assert.Equal("""{"cookie":5}""", Text.Of(text.Buffer));
    }

    private static string[] Entry<T>(Field<NetEntry<T>>[] fields, T record)
        where T : unmanaged => Json(fields, new NetEntry<T>(in record, s_names));

    private static string[] Json<T>(Field<T>[] fields, in T value)
        where T : allows ref struct
    {
        using Text.Holder text = new();
        Utf8JsonWriter json = text.Buffer.StartJson();
        FieldFiles.WriteJson(fields, value, json);
        json.Flush();
        return Keys(Text.Of(text.Buffer));
    }

    private static string[] Keys(string json) => [.. Text.AssertJson(System.Text.Encoding.UTF8.GetBytes(json)).EnumerateObject().Select(p => p.Name)];
}
