using BpfFs.Rendering;
using BpfFs.View;
using Iterators;
using static Tmds.Linux.LibC;

namespace BpfFs.Objects;

/// <summary>What programs have to do with each other and with links.</summary>
internal static class Relations
{
    /// <summary><c>progs/&lt;id&gt;/links</c>: the ids of its links.</summary>
    public static int LinksOf(ViewContext context, ulong key, TextBuffer to) => ForLinks(context, key, to, static (in r, id, to) =>
    {
        if (r.prog_id != id) return;
        to.Append((ulong)r.id);
        to.Append((byte)'\n');
    });

    /// <summary><c>progs/&lt;id&gt;/extended_by</c>: <c>id name function</c>, a line per program that is attached to a function of this one.</summary>
    public static int ExtendedBy(ViewContext context, ulong key, TextBuffer to) => ForLinks(context, key, to, static (in r, id, to) =>
    {
        if (r.target_prog_id != id) return;
        AppendProg(r.prog_id, r.prog_name.Text, to);
        to.Append((byte)' ');
        to.AppendText(r.target_func.Text);
        to.Append((byte)'\n');
    });

    /// <summary><c>id name</c>.</summary>
    public static void AppendProg(uint id, ReadOnlySpan<byte> name, TextBuffer to)
    {
        to.Append((ulong)id);
        to.Append((byte)' ');
        to.AppendText(name);
    }

    /// <summary><c>id name</c>, a line; nothing if it is gone.</summary>
    public static void AppendProgLine(ViewContext context, uint id, TextBuffer to)
    {
        int errno = Progs.Read(context, id, out Prog prog);
        if (errno == 0)
        {
            AppendProg(id, prog.Record.name.Text, to);
            to.Append((byte)'\n');
        }
        else if (errno != ENOENT)
        {
            FailedObject.AppendLine(id, errno, to);
        }
    }

    private delegate void ForLink(in link_record r, ulong prog, TextBuffer to);

    private static int ForLinks(ViewContext context, ulong prog, TextBuffer to, ForLink append)
    {
        int errno = Progs.Kind.Stat(context, (uint)prog, out _);
        if (errno != 0) return errno;
        using var walk = new RecordWalk<link_record>(context, context.Iterators.Links!);
        while (walk.MoveNext()) append(walk.Current, prog, to);
        return walk.Errno;
    }
}

/// <summary>
/// <c>progs/&lt;id&gt;/tail_calls</c>: <c>map index -> prog name</c>, a line per program in a prog_array that this program uses. Absent if it uses none. A stream,
/// because such an array may have any number of places, each of which is asked for.
/// </summary>
internal sealed class TailCalls : StreamSource
{
    public override int Open(ViewContext context, ulong key, out LineProducer? producer)
    {
        producer = null;
        int errno = FindArrays(context, (uint)key, out List<(uint Id, uint Places)> arrays);
        if (errno == 0) producer = new Lines(context, arrays);
        return errno;
    }

    public override int Exists(ViewContext context, ulong key) => FindArrays(context, (uint)key, out _);

    private static int FindArrays(ViewContext context, uint prog, out List<(uint Id, uint Places)> arrays)
    {
        arrays = [];
        int errno = Progs.Read(context, prog, out Prog read);
        if (errno != 0) return errno;
        foreach (uint id in read.MapIds)
        {
            if (context.Iterators.One.ReadMap(id, out one_map_record map) == 0 && map.map.type == MapType.ProgArray) arrays.Add((id, map.map.max_entries));
        }
        return arrays.Count > 0 ? 0 : ENOENT;
    }

    private sealed class Lines(ViewContext context, List<(uint Id, uint Places)> arrays) : LineProducer
    {
        private const uint Piece = 4096; // places asked for at a time
        private const int LongestLine = 10 + 10 + 10 + 8 + (4 * 128); // three numbers; a name may be all escapes
        private int _array;
        private uint _next;

        public override long Ceiling => arrays.Sum(a => (long)a.Places) * LongestLine;

        public override int Restart()
        {
            _array = 0;
            _next = 0;
            return 0;
        }

        public override int Produce(TextBuffer to, out bool ended)
        {
            if (_array < arrays.Count)
            {
                (uint id, uint places) = arrays[_array];
                uint end = (uint)Math.Min(places, (ulong)_next + Piece);
                using Fd map = OneObject.OpenMap(id);
                for (; map.Errno == 0 && _next < end; _next++)
                {
                    if (ProgArray.Lookup(map, _next, out uint prog) == 0) AppendLine(id, prog, to);
                }
                if (map.Errno != 0 || end == places)
                {
                    _array++;
                    _next = 0;
                }
            }
            ended = _array >= arrays.Count;
            return 0;
        }

        public override void Dispose() { }

        private void AppendLine(uint map, uint prog, TextBuffer to)
        {
            if (Progs.Read(context, prog, out Prog read) != 0) return; // gone since
            to.Append((ulong)map);
            to.Append((byte)' ');
            to.Append((ulong)_next);
            to.Append(" -> "u8);
            Relations.AppendProg(prog, read.Record.name.Text, to);
            to.Append((byte)'\n');
        }
    }
}
