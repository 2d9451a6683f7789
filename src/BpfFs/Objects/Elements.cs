using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>
/// <c>maps/&lt;id&gt;/entries</c>: a line per element, <c>key TAB value</c>. With BTF both are JSON, a per-CPU map's value an array; without, bytes in hex, the
/// values of CPUs separated by <c> | </c>. A socket is a JSON object. Where elements cannot be read, one line starting with # says why. Or, as bpftool:
/// <c>entries.json</c>, what `bpftool -j map dump` prints.
/// </summary>
internal sealed class Elements(bool asBpftool) : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        int errno = Maps.Read(context, (uint)key, out Map map);
        if (errno != 0) return errno;
        if (!asBpftool && SocketElements.IteratorOf(context, map.Record.type) is { } iterator) return SocketElements.Open(context, iterator, (uint)key, out producer);
        if (!CanRead(map.Record))
        {
            if (asBpftool) return ENOENT;
            producer = new NoticeLine(WhyNot(context, map.Record.type));
            return 0;
        }
        errno = ElementReader.Open(context.Iterators, (uint)key, out ElementReader? reader);
        if (errno != 0) return errno;
        errno = ElementFormat.Of(context, reader!, asBpftool, out ElementFormat? format);
        if (errno == 0) producer = asBpftool ? new ElementJson(reader!, format!) : new ElementLines(reader!, format!);
        else reader!.Dispose();
        return errno;
    }

    public override int Exists(ViewContext context, ulong key)
    {
        int errno = Maps.Read(context, (uint)key, out Map map);
        return errno != 0 ? errno : asBpftool && !CanRead(map.Record) ? ENOENT : 0;
    }

    /// <summary>bpftool prints nothing of keys alone.</summary>
    private bool CanRead(in map_record map) => MapElements.CanLookUp(map.type) && (asBpftool ? MapElements.GivesValues(map) : MapElements.GivesKeys(map));

    private static string WhyNot(ViewContext context, uint type) => type switch
    {
        MapType.Ringbuf or MapType.UserRingbuf => "reading a ring buffer consumes it; ring_consumer_pos and ring_producer_pos tell its fill",
        MapType.BloomFilter => "a bloom filter can be asked for a value, but does not keep the values",
        MapType.Sockmap => $"bpf(2) gives out cookies of sockets only where values have 8 bytes, and iter/sockmap is missing ({Cause(context, Target.Sockmap)})",
        MapType.ReuseportSockarray => "socket cookies are given out only by maps whose values have 8 bytes",
        MapType.StackTrace => "stack traces are kernel addresses, which are not shown here",
        MapType.Xskmap => "AF_XDP sockets cannot be read back",
        MapType.PerfEventArray => "perf events cannot be read back",
        MapType.CgroupArray => "cgroups cannot be read back",
        MapType.SkStorage => $"values belong to sockets, and iter/bpf_sk_storage_map is missing ({Cause(context, Target.SkStorageMap)})",
        MapType.InodeStorage => "values belong to inodes, and are read by a file descriptor of one",
        MapType.TaskStorage => "values belong to tasks, and are read by a pidfd of one",
        MapType.CgrpStorage => "values belong to cgroups, and are read by a file descriptor of one",
        MapType.Arena => "an arena is memory without elements",
        _ => "a map of this type has no keys to look its elements up by",
    };

    private static string Cause(ViewContext context, Target target) => $"{context.Iterators.Programs.FirstOrDefault(p => p.Row.Target == target)?.Refusal}";
}
