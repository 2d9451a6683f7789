using BpfFs.Objects;
using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Metrics;

/// <summary>
/// <c>metrics/bpf.prom</c>: everything that is a number, as Prometheus' text format 0.0.4, which node_exporter's textfile collector reads. Of each kind only the
/// first objects by id, so that whoever loads many programs does not fill the database of who watches.
/// </summary>
internal sealed class MetricsFile : IDisposable
{
    public const int DefaultLimit = 1000;

    private static readonly Pool<MetricsFile> s_pool = new(() => new MetricsFile(), 2);

    private readonly Families<Prog> _progs = new("prog", Prog.Fields);
    private readonly Families<Map> _maps = new("map", Map.Fields);
    private readonly Families<Link> _links = new("link", Link.Fields, AppendTarget);
    private readonly Family _objects = new("bpf_objects", MetricType.Gauge, "objects that are there, also those that are left out below");
    private readonly Family _leftOut = new("bpffs_view_left_out_objects", MetricType.Gauge, "objects that have no samples here, because there are more of them than the limit");
    private readonly ViewFamilies _view = new();

    /// <summary>The names of all metrics, with their types.</summary>
    public static IEnumerable<(string Name, MetricType Type)> Names()
    {
        using var file = new MetricsFile();
        return [.. file._progs.Names, .. file._maps.Names, .. file._links.Names, .. file.Own.Select(family => (family.Name, family.Type))];
    }

    private IEnumerable<Family> Own => [_objects, _leftOut, .. _view.All];

    public static int Render(ViewContext context, ulong key, TextBuffer to)
    {
        MetricsFile file = s_pool.Rent();
        int errno = file.Collect(context);
        if (errno == 0)
        {
            file.MoveTo(to);
            s_pool.Return(file);
        }
        else
        {
            file.Dispose(); // with what was collected
        }
        return errno;
    }

    /// <summary>Appends what was added.</summary>
    public void MoveTo(TextBuffer to)
    {
        _objects.MoveTo(to);
        _progs.MoveTo(to);
        _maps.MoveTo(to);
        _links.MoveTo(to);
        _leftOut.MoveTo(to);
        _view.MoveTo(to);
    }

    public void Dispose()
    {
        _progs.Dispose();
        _maps.Dispose();
        _links.Dispose();
        _objects.Dispose();
        _leftOut.Dispose();
        _view.Dispose();
    }

    private int Collect(ViewContext context)
    {
        int errno = AddProgs(context);
        if (errno == 0) errno = AddMaps(context);
        if (errno == 0 && context.Iterators.Links is not null) errno = AddLinks(context);
        if (errno == 0) _view.Add(context);
        return errno;
    }

    private int AddProgs(ViewContext context)
    {
        using var walk = new RecordWalk<prog_record>(context, context.Iterators.Progs!);
        int count = 0;
        while (walk.MoveNext())
        {
            if (++count <= context.MetricsLimit) _progs.Add(new Prog { Record = ref walk.Current, Functions = context.Iterators.One });
        }
        Counted("{kind=\"prog\""u8, count, context.MetricsLimit);
        return walk.Errno;
    }

    private int AddMaps(ViewContext context)
    {
        using var walk = new RecordWalk<map_record>(context, context.Iterators.Maps!);
        int count = 0;
        while (walk.MoveNext())
        {
            if (++count > context.MetricsLimit) continue;
            int errno = Maps.ReadFdInfo(walk.Current.id, out MapFdInfo fdInfo);
            if (errno == ENOENT) count--; // gone since
            else if (errno != 0) return errno;
            else _maps.Add(new Map { Record = ref walk.Current, FdInfo = ref fdInfo });
        }
        Counted("{kind=\"map\""u8, count, context.MetricsLimit);
        return walk.Errno;
    }

    private int AddLinks(ViewContext context)
    {
        using var walk = new RecordWalk<link_record>(context, context.Iterators.Links!);
        int count = 0;
        while (walk.MoveNext())
        {
            if (++count > context.MetricsLimit) continue;
            int errno = Links.Read(context, walk.Current.id, out Link link);
            if (errno == ENOENT) count--;
            else _links.Add(errno == 0 ? link : new Link(walk.Current) { Error = errno });
        }
        Counted("{kind=\"link\""u8, count, context.MetricsLimit);
        return walk.Errno;
    }

    private void Counted(ReadOnlySpan<byte> kind, int count, int limit)
    {
        _objects.Add(count, kind);
        _leftOut.Add(Math.Max(count - limit, 0), kind);
    }

    private static void AppendTarget(in Link link, TextBuffer to)
    {
        Label.Begin("target"u8, to);
        int start = to.Length;
        LinkTarget.Append(link, to);
        to.WrittenSpan[(start + 1)..].CopyTo(to.WrittenSpan[start..]); // without the separating space
        to.Truncate(to.Length - 1);
        to.QuoteFrom(start);
        to.Append((byte)'"');
    }
}
